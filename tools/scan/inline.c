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
    const char *chart; /* one of Helm's charts; NULL: none */
};

/* A comment is a word without spaces, "trivy:ignore:ID", and other pairs may precede the id:
 * "trivy:exp:2030-01-01:ignore:ID". Looks through a part of a file for one, except in its last bytes,
 * too few for the end of one. *marked: whether the part starts within a word that has a mark. */
#define END "ignore:"
static bool has_comment(const char *at, const char *end, bool *marked)
{
    while ((size_t)(end - at) > strlen(END)) {
        const char *trivy = at, *tfsec = at;
        if (!*marked) {
            trivy = memmem(at, (size_t)(end - at), "trivy:", 6);
            tfsec = memmem(at, (size_t)(end - at), "tfsec:", 6);
            at = !trivy || (tfsec && tfsec < trivy) ? tfsec : trivy;
            *marked = at;
            if (!at)
                return false;
        } else if (*at == ' ' || *at == '\n') {
            *marked = false;
        } else if (*at == ':' && memcmp(at + 1, END, strlen(END)) == 0) {
            return true;
        }
        at++;
    }

    return false;
}

/* Records a file with such a comment. What is unreadable here is unreadable for Trivy too. */
static int search_file(struct search *search, const char *path, struct arc_error *err)
{
    char chunk[65536];
    size_t kept = 0;
    bool has = false, marked = false;
    int fd, rc = arc_file_open(path, path, &fd, NULL);

    if (rc)
        return arc_error_memory(rc, err);

    for (ssize_t got; !has && (got = read(fd, chunk + kept, sizeof chunk - kept)) > 0;) {
        size_t all = kept + (size_t)got;
        has = has_comment(chunk, chunk + all, &marked);
        kept = ARC_MIN(all, strlen(END)); /* a comment may go on behind the end */
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
        bool chart = there && S_ISREG(info.st_mode) && strcmp(entry->d_name, "Chart.yaml") == 0;
        if (chart && (!search->chart || strcmp(path, search->chart) < 0))
            search->chart = arc_arena_text(search->memory, path);
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

/* A file's name below the folder that was scanned. */
static const char *name_in(const char *target, enum arc_file_kind kind, const char *path)
{
    const char *name = kind == ARC_FILE_DIRECTORY ? path + strlen(target) : path;
    return name + strspn(name, kind == ARC_FILE_DIRECTORY ? "/" : "");
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
    if (search.chart) /* they may put a comment together from parts */
        ARC_TRY(scan_miss(judged, SCAN_GAP_INLINE, err,
                          "what a Helm chart's templates write may tell Trivy in a comment which "
                          "checks to skip, and its report does not list them: %s",
                          name_in(target, kind, search.chart)));
    if (!search.files)
        return ARC_OK;

    const char *verb = search.files == 1 ? "tells" : "tell";
    return scan_miss(judged, SCAN_GAP_INLINE, err,
                     "%zu file%s of the tree %s Trivy in a comment which checks to skip, and its "
                     "report does not list them: %s",
                     search.files, arc_plural(search.files), verb,
                     name_in(target, kind, search.first));
}
