/* Reads a file of a commit, following the commit's own symbolic links. */
#include "base/path.h"
#include "git/fetch.h"
#include "git/scratch.h"
#include <limits.h>

#define LINKS_MAX 40 /* as Linux does */
#define FETCHES   5  /* trees, then links, then the file */

/* ---- objects: libgit2 codes ----------------------------------------------------------------- */

/* Reads a blob if it is no larger than `max`. */
static int read_blob(const struct arc_git *git, const git_oid *blob, size_t max, size_t *size,
                     git_blob **out)
{
    ARC_AUTO_HANDLE(git_odb) git_odb *odb = NULL;
    git_object_t type;

    /* Check the size in its header first: a gigabyte of zeros is a megabyte in a pack. */
    ARC_TRY(git_repository_odb(&odb, git->repo));
    ARC_TRY(git_odb_read_header(size, &type, odb, blob));
    if (*size > max)
        return 0;

    return git_blob_lookup(out, git->repo, blob);
}

static bool is_link(const git_tree_entry *entry)
{
    return git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK;
}

/* Resolves a path whose first `len` bytes name the link: *out is owned by the caller. GIT_ENOTFOUND
 * if it leaves the repository. */
static int follow_link(const struct arc_git *git, const git_oid *link, const char *path, size_t len,
                       char **out)
{
    ARC_AUTO(arc_buf) struct arc_buf whole = {.max = PATH_MAX}, folder = {.max = PATH_MAX};
    ARC_AUTO_HANDLE(git_blob) git_blob *target = NULL;
    size_t size = 0, parent = len;

    ARC_TRY(read_blob(git, link, PATH_MAX - 1, &size, &target));
    if (!target)
        return GIT_ENOTFOUND;
    while (parent && path[parent - 1] != '/')
        parent--;
    arc_buf_add(&folder, path, parent);
    arc_buf_add(&whole, git_blob_rawcontent(target), size);
    arc_buf_puts(&whole, path + len);
    if (whole.failed || folder.failed ||
        arc_path_resolve(arc_buf_text(&folder), arc_buf_text(&whole), out, NULL) || !*out)
        return GIT_ENOTFOUND;

    return 0;
}

/* The entry of a path, or of the first link on the way, which its first *len bytes name. */
static int descend(const struct arc_git *git, const git_commit *commit, char *path, size_t *len,
                   git_tree_entry **out)
{
    ARC_AUTO_HANDLE(git_tree) git_tree *tree = NULL;
    ARC_TRY(git_commit_tree(&tree, commit));

    for (size_t start = 0;; start = *len + 1) {
        *len = start + strcspn(path + start, "/");
        const char end = path[*len];
        path[*len] = '\0';
        const git_tree_entry *entry = git_tree_entry_byname(tree, path + start);
        path[*len] = end;
        if (!entry)
            return GIT_ENOTFOUND;
        if (!end || is_link(entry))
            return git_tree_entry_dup(out, entry);
        if (git_tree_entry_type(entry) != GIT_OBJECT_TREE)
            return GIT_ENOTFOUND;

        git_oid id = *git_tree_entry_id(entry);
        git_tree_free(arc_steal(&tree));
        ARC_TRY(git_tree_lookup(&tree, git->repo, &id));
    }
}

/* The entry of a path of a commit; the caller frees it. `blob` is the last link or file on the way;
 * zero: none. */
static int find_entry(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                      git_oid *blob, git_tree_entry **out)
{
    ARC_AUTO_HANDLE(git_commit) git_commit *found = NULL;
    git_oid id;
    size_t len;

    git_error_clear(); /* lacks_object() checks the last one */
    if (strlen(path) >= PATH_MAX)
        return GIT_ENOTFOUND;

    ARC_AUTO_FREE char *now = strdup(path);
    if (!now)
        return GIT_ERROR;
    ARC_TRY(git_oid_fromstr(&id, commit->hex));
    ARC_TRY(git_commit_lookup(&found, git->repo, &id));

    for (unsigned links = 0;; links++) {
        char *next = NULL;
        ARC_TRY(descend(git, found, now, &len, out));

        if (git_tree_entry_type(*out) == GIT_OBJECT_BLOB)
            *blob = *git_tree_entry_id(*out);
        if (!is_link(*out))
            return 0;

        git_tree_entry_free(*out);
        *out = NULL;
        if (links == LINKS_MAX)
            return GIT_ENOTFOUND;
        ARC_TRY(follow_link(git, blob, now, len, &next));
        free(now);
        now = next;
    }
}

/* ---- asking --------------------------------------------------------------------------------- */

/* Whether an object is missing from the clone, as opposed to a path from a tree. */
static bool lacks_object(int rc)
{
    const git_error *problem = rc == GIT_ENOTFOUND ? git_error_last() : NULL;
    return problem && problem->klass == GIT_ERROR_ODB;
}

/* As find_entry(), fetching what the clone lacks if that is allowed; a file is read, too, if it is
 * no larger than `max` (`file` may be NULL). */
static int locate(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                  git_tree_entry **out, size_t max, size_t *size, git_blob **file,
                  struct arc_error *err)
{
    git_oid blob = {{0}};
    int step;

    for (int left = FETCHES;; left--) {
        step = *out ? 0 : find_entry(git, commit, path, &blob, out);
        if (!step && file && git_tree_entry_type(*out) == GIT_OBJECT_BLOB)
            step = read_blob(git, &blob, max, size, file);
        if (!left || !lacks_object(step) || !git->scratch->allowed)
            break;

        /* Fetches what is missing: the blob, if one was found, else the trees of the commit. */
        struct arc_oid name = *commit;
        bool trees = git_oid_is_zero(&blob);
        if (!trees)
            arc_git_oid_out(&blob, &name);
        int rc = trees ? arc_git_fetch_trees(git, &name, 1, err)
                       : arc_git_fetch_commits(git, ARC_GIT_BLOBS, NULL, &name, 1, err);
        if (rc) /* this does not mean that there is no file */
            return rc == ARC_ENOTFOUND ? ARC_EWORLD : rc;
    }

    if (lacks_object(step))
        return arc_error_set(err, ARC_EWORLD, "the file '%s' of commit %.12s is not in this clone",
                             path, commit->hex);
    if (step == GIT_ENOTFOUND)
        return arc_error_set(err, ARC_ENOTFOUND, "there is no file '%s' in commit %.12s", path,
                             commit->hex);
    return arc_git_check(err, step, path);
}

int arc_git_entry(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                  struct arc_oid *out)
{
    ARC_AUTO_HANDLE(git_tree_entry) git_tree_entry *entry = NULL;

    ARC_TRY(locate(git, commit, path, &entry, 0, NULL, NULL, NULL));
    arc_git_oid_out(git_tree_entry_id(entry), out);

    return ARC_OK;
}

int arc_git_blob(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                 size_t max, struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_tree_entry) git_tree_entry *entry = NULL;
    ARC_AUTO_HANDLE(git_blob) git_blob *file = NULL;
    size_t size = 0;

    ARC_TRY(locate(git, commit, path, &entry, max, &size, &file, err));
    if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
        return arc_error_set(err, ARC_ENOTFOUND, "'%s' is not a file in commit %.12s", path,
                             commit->hex);
    if (size > max)
        return arc_error_set(err, ARC_ELIMIT, "%s: %zu bytes; at most %zu are read", path, size,
                             max);

    arc_buf_add(out, git_blob_rawcontent(file), size);

    return arc_buf_check(out, path, err);
}
