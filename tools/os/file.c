#define _GNU_SOURCE /* O_PATH, syscall() */
#include "os/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static enum arc_file_kind kind_of_mode(mode_t mode)
{
    if (S_ISREG(mode))
        return ARC_FILE_REGULAR;
    return S_ISDIR(mode) ? ARC_FILE_DIRECTORY : ARC_FILE_OTHER;
}

enum arc_file_kind arc_file_kind(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? kind_of_mode(st.st_mode) : ARC_FILE_NONE;
}

bool arc_file_is_folder(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool arc_file_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

char *arc_file_join(const char *root, const char *path)
{
    if (!root || !*root || *path == '/')
        return strdup(path);
    struct arc_buf text = {0};
    arc_buf_printf(&text, "%s/%s", root, path);
    return arc_buf_steal(&text);
}

const char *arc_file_below(const char *top, const char *path)
{
    char part[PATH_MAX];

    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return NULL;

    for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        if (arc_file_same(top, part))
            return path + (slash - part) + strspn(path + (slash - part), "/");
        *slash = '/';
    }

    return NULL;
}

static int cannot_read(const char *name, int number, struct arc_error *err)
{
    bool missing = number == ENOENT || number == ENOTDIR || number == ENAMETOOLONG;
    if (number == ENOMEM)
        return arc_error_nomem(err);
    return arc_error_set(err, missing ? ARC_ENOTFOUND : ARC_EWORLD, "cannot read %s: %s", name,
                         strerror(number));
}

static int read_all(int fd, const char *name, size_t max, struct arc_buf *out,
                    struct arc_error *err)
{
    char chunk[16384];
    size_t total = 0;

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cannot_read(name, errno, err);
        if (got == 0)
            return arc_buf_check(out, name, err);
        total += (size_t)got;
        if (total > max)
            return arc_error_set(err, ARC_ELIMIT, "%s is longer than the limit of %zu bytes", name,
                                 max);
        arc_buf_add(out, chunk, (size_t)got);
    }
}

/* Accepts a descriptor, opened without blocking, if it is readable; otherwise closes it. */
static int check_open(int fd, const char *name, bool pipes, struct arc_error *err)
{
    struct stat st;
    int rc = ARC_OK;

    if (fd < 0)
        return cannot_read(name, errno, err);

    /* Whether it is an anonymous pipe from a program, not a named one. */
    struct statfs file_system;
    bool pipe = pipes && fstatfs(fd, &file_system) == 0 && file_system.f_type == PIPEFS_MAGIC;
    if (fstat(fd, &st) != 0 || (pipe && fcntl(fd, F_SETFL, 0) != 0))
        rc = cannot_read(name, errno, err);
    else if (!S_ISREG(st.st_mode) && !pipe)
        rc = arc_error_set(err, ARC_EINPUT, "%s is not a regular file", name);

    if (rc)
        close(fd);

    return rc;
}

static int read_open(int fd, const char *name, bool pipes, size_t max, struct arc_buf *out,
                     struct arc_error *err)
{
    ARC_TRY(check_open(fd, name, pipes, err));
    int rc = read_all(fd, name, max, out, err);
    close(fd);
    return rc;
}

static int open_without_waiting(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

int arc_file_open(const char *path, const char *name, int *out, struct arc_error *err)
{
    *out = open_without_waiting(path);
    return check_open(*out, name, false, err);
}

int arc_file_read(const char *path, const char *name, size_t max, struct arc_buf *out,
                  struct arc_error *err)
{
    return read_open(open_without_waiting(path), arc_or(name, path), false, max, out, err);
}

/* Replaces the last component of `full` with its target if it is a link, else moves it to the front
 * of `tail`, since it does not exist. Both have room for PATH_MAX. */
static bool step_back(char *full, char *tail)
{
    char to[PATH_MAX], text[PATH_MAX];
    char *slash = strrchr(full, '/');

    if (!slash || slash == full || strcmp(slash, "/..") == 0)
        return false;

    ssize_t len = readlink(full, to, sizeof to);
    int keep = (int)(slash + 1 - full), made;
    if (len >= 0)
        made = snprintf(text, sizeof text, "%.*s%.*s", *to == '/' ? 0 : keep, full, (int)len, to);
    else
        made = snprintf(text, sizeof text, "%s%s", slash[1] ? slash : "", tail);
    if (made >= (int)sizeof text)
        return false;

    memcpy(len >= 0 ? full : tail, text, (size_t)made + 1);
    if (len < 0)
        *slash = '\0';

    return true;
}

char *arc_file_follow(const char *root, const char *path)
{
    char full[PATH_MAX], top[PATH_MAX], real[PATH_MAX], tail[PATH_MAX] = "", found[PATH_MAX];

    if (snprintf(full, sizeof full, "%s/%s", arc_or(root, "."), path) >= (int)sizeof full ||
        !realpath(arc_or(root, "."), top))
        return NULL;

    for (unsigned steps = 0; !realpath(full, real); steps++)
        if (errno != ENOENT || steps == PATH_MAX || !step_back(full, tail))
            return NULL;

    if (snprintf(found, sizeof found, "%s%s", real, tail) >= (int)sizeof found)
        return NULL;
    const char *below = arc_path_below(top, found);
    below = below && !*below ? "." : below;

    return below && strcmp(below, path) != 0 ? strdup(below) : NULL;
}

int arc_file_read_given(const char *path, size_t max, struct arc_buf *out, struct arc_error *err)
{
    return read_open(open_without_waiting(path), path, true, max, out, err);
}

/* ---- below a folder ------------------------------------------------------------------------ */

/* Without openat2() (Linux before 5.6, some sandboxes): resolves the path first. */
static int open_checked(const char *root, const char *path, int flags, unsigned mode)
{
    char full[PATH_MAX], top[PATH_MAX], real[PATH_MAX];

    if (!*path) { /* it would open the folder itself */
        errno = ENOENT;
        return -1;
    }

    if (snprintf(full, sizeof full, "%s/%s", root, path) >= (int)sizeof full) {
        errno = ENAMETOOLONG;
        return -1;
    }

    if (!realpath(root, top))
        return -1;
    if (!realpath(full, real))
        return errno == ENOENT && flags & O_CREAT ? open(full, flags | O_NOFOLLOW, mode) : -1;

    size_t len = strlen(top);
    if (len > 1 && (strncmp(real, top, len) != 0 || (real[len] && real[len] != '/'))) {
        errno = EXDEV;
        return -1;
    }

    return open(real, flags | O_NOFOLLOW, mode);
}

/* Allocates nothing, so that a file never seems missing when memory runs out. */
int arc_file_open_in(const char *root, const char *path, int flags, unsigned mode)
{
    root = arc_text_or(root, ".");
    const char *below = *path == '/' ? arc_file_below(root, path) : NULL;
    path = below && *below ? below : path;
    flags |= O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK);
    struct open_how how = {.flags = (unsigned)flags,
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return -1;
    bool elsewhere = *path == '/' || arc_path_goes_up(path);
    int fd = elsewhere ? openat(top, path, flags, mode)
                       : (int)syscall(SYS_openat2, top, path, &how, sizeof how);
    int number = errno;
    close(top);
    if (fd < 0 && !elsewhere && (number == ENOSYS || number == EPERM))
        return open_checked(root, path, flags, mode);
    errno = number;

    return fd;
}

enum arc_file_kind arc_file_kind_in(const char *root, const char *path)
{
    struct stat st;
    int fd = arc_file_open_in(root, path, O_PATH, 0);

    if (fd < 0)
        return errno == EXDEV ? ARC_FILE_OTHER : ARC_FILE_NONE;
    bool known = fstat(fd, &st) == 0;
    close(fd);

    return known ? kind_of_mode(st.st_mode) : ARC_FILE_NONE;
}

int arc_file_read_in(const char *root, const char *path, size_t max, struct arc_buf *out,
                     struct arc_error *err)
{
    int fd = arc_file_open_in(root, path, O_RDONLY, 0);
    if (fd < 0 && errno == EXDEV)
        return arc_error_set(
            err, ARC_EINPUT,
            "%s is a symbolic link that leads out of the repository: it is not followed", path);
    return read_open(fd, path, false, max, out, err);
}

int arc_file_read_stdin(size_t max, struct arc_buf *out, struct arc_error *err)
{
    return read_all(STDIN_FILENO, "stdin", max, out, err);
}

bool arc_file_write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t done = write(fd, text, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        text += done;
        len -= (size_t)done;
    }

    return true;
}

static int cannot_write(const char *path, int number, struct arc_error *err)
{
    return arc_error_set(err, ARC_EWORLD, "cannot write %s: %s", path, strerror(number));
}

/* Writes to devices and pipes directly: replacing /dev/null would remove it. */
static int write_through(const char *path, const char *text, size_t len, struct arc_error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    bool written = fd >= 0 && arc_file_write_all(fd, text, len);
    int number = errno;
    if (fd >= 0)
        close(fd);
    return written ? ARC_OK : cannot_write(path, number, err);
}

int arc_file_write(const char *path, const char *text, size_t len, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf temporary = {0};
    int there = arc_file_open_in(NULL, path, O_PATH, 0);

    if (there >= 0)
        close(there);
    else if (errno == EXDEV)
        return arc_error_set(err, ARC_EINPUT,
                             "%s leads out of this directory through a symbolic link: it is not "
                             "followed",
                             path);
    if (arc_file_kind(path) == ARC_FILE_OTHER)
        return write_through(path, text, len, err);
    arc_buf_printf(&temporary, "%s.XXXXXX", path);
    ARC_TRY(arc_buf_check(&temporary, path, err));
    mode_t mask = umask(0);
    umask(mask);
    int fd = mkstemp(temporary.data);
    bool written = fd >= 0 && fchmod(fd, 0666 & ~mask) == 0 && arc_file_write_all(fd, text, len);
    if (fd >= 0)
        written = close(fd) == 0 && written;
    if (written && rename(temporary.data, path) == 0)
        return ARC_OK;
    int rc = cannot_write(path, errno, err);
    if (fd >= 0)
        unlink(temporary.data);

    return rc;
}

static int visible(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && arc_utf8_valid(name, strlen(name));
}

int arc_file_by_byte(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int arc_file_list(const char *path, json_t **out, struct arc_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, visible, arc_file_by_byte);

    if (count < 0)
        return cannot_read(path, errno, err);
    *out = json_array();
    for (int i = 0; i < count; i++) {
        arc_json_push(out, json_string(entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);

    return arc_error_unless(*out, err);
}
