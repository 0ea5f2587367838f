/* Comments of the tree by which Trivy leaves checks out without a word ("trivy:ignore:ID"). */
#include "base/auto.h"
#include "os/file.h"
#include "scan/run.h"
#include <string.h>

/* What is looked into: Trivy reads settings of no more either. */
#define FILE_MAX  ((size_t)1 << 20)
#define DEPTH_MAX 64

struct search {
    const char *root;
    struct arc_buf first; /* the first file that has one */
    size_t files;
};

static int search_folder(struct search *search, const char *folder, unsigned depth,
                         struct arc_error *err);

static int search_entry(struct search *search, const char *path, unsigned depth,
                        struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = FILE_MAX};
    enum arc_file_kind kind = arc_file_kind_in(search->root, path);

    if (kind == ARC_FILE_DIRECTORY && depth < DEPTH_MAX)
        return search_folder(search, path, depth + 1, err);
    if (kind != ARC_FILE_REGULAR)
        return ARC_OK;
    int rc = arc_file_read_in(search->root, path, FILE_MAX, &text, NULL);
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    const char *all = arc_buf_text(&text);
    if (rc || (!strstr(all, "trivy:ignore:") && !strstr(all, "tfsec:ignore:")))
        return ARC_OK;
    if (!search->files++)
        arc_buf_puts(&search->first, path);

    return arc_buf_check(&search->first, "a path", err);
}

static int search_folder(struct search *search, const char *folder, unsigned depth,
                         struct arc_error *err)
{
    ARC_AUTO_FREE char *full = arc_file_join(search->root, folder);
    ARC_AUTO_JSON json_t *names = NULL;
    size_t i;
    json_t *name;
    int rc = full ? arc_file_list(full, &names, NULL) : ARC_ENOMEM;

    if (rc)
        return rc == ARC_ENOMEM ? arc_error_nomem(err) : ARC_OK;

    json_array_foreach (names, i, name) {
        const char *text = json_string_value(name);
        bool top = strcmp(folder, ".") == 0;
        ARC_AUTO_FREE char *path = arc_file_join(top ? NULL : folder, text);
        if (!path)
            return arc_error_nomem(err);
        if (strcmp(text, ".git") != 0)
            ARC_TRY(search_entry(search, path, depth, err));
    }

    return ARC_OK;
}

static void search_free(struct search *search)
{
    arc_buf_free(&search->first);
}

int scan_find_inline(struct scan_judged *judged, const char *folder, struct arc_error *err)
{
    ARC_AUTO(search) struct search search = {.root = folder};

    if (!(judged->options->run->scanners & ARC_SCANNER_MISCONFIG) ||
        arc_file_kind(folder) != ARC_FILE_DIRECTORY)
        return ARC_OK;

    ARC_TRY(search_folder(&search, ".", 0, err));
    if (!search.files)
        return ARC_OK;

    return scan_miss(judged, SCAN_GAP_INLINE, err,
                     "%zu file%s of the tree tell%s Trivy in a comment which checks to leave out, "
                     "and it does not say which: %s",
                     search.files, search.files == 1 ? "" : "s", search.files == 1 ? "s" : "",
                     arc_buf_text(&search.first));
}
