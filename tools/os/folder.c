#include "os/folder.h"
#include "base/text.h"
#include "os/file.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 100000
#define LEVELS_MAX  64

struct walk {
    struct arc_hash *hash;
    size_t entries;
    unsigned level;
};

static int hash_folder(struct walk *walk, const char *path, const char *below,
                       struct arc_error *err);

/* An entry's header: kind, path below the root, length of what follows, so that different folders
 * never give the same bytes. */
static int heading(struct walk *walk, char kind, const char *below, const char *detail,
                   struct arc_error *err)
{
    ARC_TRY(arc_hash_add(walk->hash, &kind, 1, err));
    ARC_TRY(arc_hash_add(walk->hash, below, strlen(below) + 1, err));
    return arc_hash_add(walk->hash, detail, strlen(detail) + 1, err);
}

static int not_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Skips .git, which changes with every fetch, if the build context is the whole work tree. */
static int not_git(const struct dirent *entry)
{
    return not_dots(entry) && strcmp(entry->d_name, ".git") != 0;
}

static int hash_child(struct walk *walk, const char *path, const char *below, const char *name,
                      struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf child = {.max = 8192}, relative = {.max = 8192};
    struct stat info;

    arc_buf_printf(&child, "%s/%s", path, name);
    arc_buf_printf(&relative, "%s%s%s", below, *below ? "/" : "", name);
    ARC_TRY(arc_buf_check(&child, "path", err));
    ARC_TRY(arc_buf_check(&relative, "path", err));

    const char *full = arc_buf_text(&child), *inside = arc_buf_text(&relative);
    if (++walk->entries > ENTRIES_MAX)
        return arc_error_set(err, ARC_ELIMIT, "%s: more than %d files", full, ENTRIES_MAX);
    if (lstat(full, &info) != 0)
        return arc_error_set(err, ARC_EWORLD, "%s: %s", full, strerror(errno));
    if (S_ISREG(info.st_mode)) {
        char digits[ARC_SHA256_HEX];
        ARC_TRY(arc_sha256_file(full, digits, NULL, err));
        return heading(walk, info.st_mode & S_IXUSR ? 'x' : 'f', inside, digits, err);
    }
    if (S_ISLNK(info.st_mode)) {
        char target[4096];
        ssize_t len = readlink(full, target, sizeof target - 1);
        if (len < 0)
            return arc_error_set(err, ARC_EWORLD, "%s: %s", full, strerror(errno));
        target[len] = '\0';
        return heading(walk, 'l', inside, target, err);
    }
    if (S_ISDIR(info.st_mode))
        return hash_folder(walk, full, inside, err);

    return ARC_OK; /* sockets and devices are not part of build contexts */
}

static int hash_folder(struct walk *walk, const char *path, const char *below,
                       struct arc_error *err)
{
    struct dirent **entries = NULL;

    if (++walk->level > LEVELS_MAX)
        return arc_error_set(err, ARC_ELIMIT, "%s: more than %d levels", path, LEVELS_MAX);
    int count = scandir(path, &entries, *below ? not_dots : not_git, arc_file_by_byte);
    if (count < 0 && errno == ENOMEM)
        return arc_error_nomem(err);
    if (count < 0)
        return arc_error_set(err, errno == ENOENT ? ARC_ENOTFOUND : ARC_EWORLD, "%s: %s", path,
                             strerror(errno));

    int rc = heading(walk, 'd', below, "", err);
    for (int i = 0; i < count; i++) {
        if (!rc)
            rc = hash_child(walk, path, below, entries[i]->d_name, err);
        free(entries[i]);
    }

    free(entries);
    walk->level--;

    return rc;
}

int arc_folder_hash(const char *path, char out[ARC_SHA256_HEX], struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_hash) struct arc_hash *hash = NULL;
    ARC_TRY(arc_hash_new(&hash, err));
    struct walk walk = {.hash = hash};
    ARC_TRY(hash_folder(&walk, path, "", err));
    return arc_hash_hex(hash, out, err);
}

int arc_folder_make(const char *path, struct arc_error *err)
{
    for (const char *end = path; *end;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        ARC_AUTO_FREE char *part = strndup(path, (size_t)(end - path));
        ARC_TRY_ALLOC(part, err);
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return arc_error_set(err, ARC_EWORLD, "cannot make the folder %s: %s", path,
                                 strerror(errno));
    }

    return ARC_OK;
}

int arc_folder_temporary(const struct arc_env *env, char **out, struct arc_error *err)
{
    const char *place = arc_env_nonempty(env, "TMPDIR");
    ARC_AUTO_FREE char *path = NULL;

    place = arc_or(place, "/tmp");
    ARC_TRY(arc_text_print(&path, err, "%s/arc-ci-XXXXXX", place));

    if (!mkdtemp(path))
        return arc_error_set(
            err, ARC_EWORLD,
            "cannot make a temporary folder in %s: %s; set TMPDIR to a folder that %s", place,
            strerror(errno), errno == ENOENT ? "exists" : "can be written");
    *out = arc_steal(&path);

    return ARC_OK;
}

/* Allocates nothing except in opendir(): folders must be removed even when out of memory. */
void arc_folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char child[4096];

    while (folder && (entry = readdir(folder))) {
        int len = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        if (!not_dots(entry) || len < 0 || (size_t)len >= sizeof child)
            continue;
        if (unlink(child) != 0 && arc_file_is_folder(child)) /* links are not followed */
            arc_folder_remove(child);
    }

    if (folder)
        closedir(folder);
    rmdir(path);
}
