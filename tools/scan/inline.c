/* Finds comments that make Trivy silently skip checks ("trivy:ignore:ID"). Like Trivy, follows no
 * links and reads every file, whatever its name, size and depth. */
#define _GNU_SOURCE /* memmem */
#include "base/text.h"
#include "os/file.h"
#include "scan/judged.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
    struct arc_arena *memory;
    char **folders; /* those found so far; the caller tracks which were read */
    size_t folder_count;
    const char *first; /* names of files with one; NULL: none */
    size_t files;
};

/* Records a file with such a comment. What is unreadable here is unreadable for Trivy too. */
static int search_file(struct search *search, const char *path, struct arc_error *err)
{
    static const char *const marks[] = {"trivy:ignore:", "tfsec:ignore:"};
    const size_t len = strlen(marks[0]);
    char chunk[65536];
    size_t kept = 0;
    bool has = false;
    int fd, rc = arc_file_open(path, path, &fd, NULL);

    if (rc)
        return arc_error_memory(rc, err);

    for (ssize_t got; !has && (got = read(fd, chunk + kept, sizeof chunk - kept)) > 0;) {
        size_t all = kept + (size_t)got;
        for (size_t i = 0; i < ARC_COUNT(marks); i++)
            has = has || memmem(chunk, all, marks[i], len);
        kept = all < len ? all : len - 1; /* a comment may start at the end */
        memmove(chunk, chunk + all - kept, kept);
    }

    close(fd);
    if (has && (!search->files++ || strcmp(path, search->first) < 0))
        search->first = arc_arena_text(search->memory, path);

    return arc_arena_check(search->memory, err);
}

static int add_folder(struct search *search, const char *path, struct arc_error *err)
{
    ARC_APPEND(search->memory, search->folders, search->folder_count, err,
               arc_arena_text(search->memory, path));
    return arc_arena_check(search->memory, err);
}

/* Records a folder's subfolders and the comments in its files. */
static int search_folder(struct search *search, const char *folder, struct arc_error *err)
{
    DIR *open = opendir(folder);
    const struct dirent *entry;
    int rc = ARC_OK;

    if (!open)
        return errno == ENOMEM ? arc_error_nomem(err) : ARC_OK;

    while (!rc && (entry = readdir(open))) {
        struct stat info;
        if (ARC_AMONG(entry->d_name, ".", ".."))
            continue;
        ARC_AUTO_FREE char *path = arc_file_join(folder, entry->d_name);
        bool there = path && lstat(path, &info) == 0;
        if (!path)
            rc = arc_error_nomem(err);
        else if (there && S_ISREG(info.st_mode))
            rc = search_file(search, path, err);
        else if (there && S_ISDIR(info.st_mode) && strcmp(entry->d_name, ".git") != 0)
            rc = add_folder(search, path, err);
    }

    closedir(open);

    return rc;
}

int scan_find_inline(struct scan_judged *judged, const char *target, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct search search = {.memory = &memory};
    enum arc_file_kind kind = arc_file_kind(target);

    if (!(judged->options->run->scanners & ARC_SCANNER_MISCONFIG))
        return ARC_OK;

    if (kind == ARC_FILE_DIRECTORY)
        ARC_TRY(add_folder(&search, target, err));
    else
        ARC_TRY(search_file(&search, target, err));
    for (size_t i = 0; i < search.folder_count; i++)
        ARC_TRY(search_folder(&search, search.folders[i], err));
    if (!search.files)
        return ARC_OK;

    const char *name = search.first, *verb = search.files == 1 ? "tells" : "tell";
    if (kind == ARC_FILE_DIRECTORY) {
        name += strlen(target);
        name += strspn(name, "/");
    }

    return scan_miss(judged, SCAN_GAP_INLINE, err,
                     "%zu file%s of the tree %s Trivy in a comment which checks to skip, and its "
                     "report does not list them: %s",
                     search.files, arc_plural(search.files), verb, name);
}
