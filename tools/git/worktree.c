/* The work tree and the index: what is not committed, what is tracked. */
#include "base/text.h"
#include "git/diff.h"
#include "git/lib.h"
#include "git/run.h"
#include "os/file.h"
#include <sys/stat.h>
#include <unistd.h>

/* Overrides settings that would change the list or run a program. */
#define DIFF                                                                                       \
    "diff", "--no-ext-diff", "--no-renames", "--no-relative", "--raw", "--no-abbrev", "-z",        \
        "-O/dev/null"
#define OTHERS "ls-files", "--others", "--exclude-standard", "-z"

/* Runs git with these options and paths (may be NULL). */
static int run_listing(const struct arc_git *git, const char *const *options,
                       const char *const *paths, struct arc_process_result *result,
                       struct arc_error *err)
{
    size_t count = arc_texts_count(options), path_count = arc_texts_count(paths);
    ARC_AUTO_FREE const char **words = calloc(count + path_count + 1, sizeof *words);
    ARC_TRY_ALLOC(words, err);
    memcpy(words, options, count * sizeof *words);
    if (paths)
        memcpy(words + count, paths, path_count * sizeof *words);

    ARC_TRY(arc_git_run(git, words, ARC_GIT_SECONDS, result, err));
    if (result->status)
        return arc_error_set(err, ARC_EWORLD, "git: %s", arc_git_complaint(result));

    return ARC_OK;
}

/* Runs git and passes on its NUL-terminated list: pairs of a `git diff --raw` entry and a path or,
 * with `added`, just paths. */
static int list(const struct arc_git *git, const char *const *options, const char *const *paths,
                const struct arc_git_diff *diff, bool added, struct arc_error *err)
{
    static const char letters[] = "ADMTU"; /* as in the enum */
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_TRY(run_listing(git, options, paths, &result, err));
    const char *at = arc_buf_text(&result.output), *end = at + result.output.len;

    while (at < end) {
        const char *raw = at, *path = added ? at : at + strlen(at) + 1;
        if (path >= end || (!added && (*raw != ':' || path - raw < 32)))
            return arc_error_set(err, ARC_EWORLD, "git diff: a line that is not understood");
        const char *letter = memchr(letters, added ? 'A' : path[-2], sizeof letters - 1);
        enum arc_git_status status =
            letter ? (enum arc_git_status)(letter - letters) : ARC_GIT_MODIFIED;
        size_t len = strlen(path);
        at = path + len + 1;

        /* Of an untracked repository, a submodule to be, only the folder is listed. */
        bool repository = added && diff->submodule && arc_text_ends(path, "/");
        if (repository)
            result.output.data[path + --len - result.output.data] = '\0';
        ARC_TRY(diff->each(diff->context, path, len, status));

        /* The commits of a submodule: ":160000 160000 OLD NEW M". */
        bool was = !added && strncmp(raw + 1, "160000", 6) == 0;
        bool is = repository || (!added && strncmp(raw + 8, "160000", 6) == 0);
        struct arc_oid from = {{0}}, to = {{0}};
        if (diff->submodule && (was || is)) {
            if (!added && sscanf(raw + 15, "%40s %40s", from.hex, to.hex) != 2)
                return ARC_EWORLD;
            if (!was)
                *from.hex = '\0';
            ARC_TRY(diff->submodule(diff->context, path, &from, &to));
        }
    }

    return ARC_OK;
}

int arc_git_diff_worktree(const struct arc_git *git, const struct arc_git_diff *diff,
                          bool untracked, struct arc_error *err)
{
    const char *inside =
        untracked && diff->inside ? "--ignore-submodules=none" : "--ignore-submodules=untracked";
    const char *from = diff->from ? diff->from->hex : "HEAD";
    const char *const changed[] = {DIFF, inside, from, "--", NULL};
    /* What is no longer tracked but still there is deleted, not new too. */
    char removed[sizeof "--with-tree=" + sizeof diff->from->hex];
    const char *const others[] = {OTHERS, removed, "--", NULL};

    if (!git->worktree)
        return arc_error_set(
            err, ARC_ENOTFOUND,
            "base HEAD asks for uncommitted changes, but '%s' is a bare repository", git->gitdir);

    ARC_TRY(list(git, changed, NULL, diff, false, err));
    snprintf(removed, sizeof removed, "--with-tree=%s", from);

    return untracked ? list(git, others, NULL, diff, true, err) : ARC_OK;
}

/* The callback for the files of a list, and their state. */
struct hearer {
    int (*each)(void *context, const char *path, enum arc_git_standing standing);
    void *context;
    enum arc_git_standing standing; /* of added ones */
};

static int hear(void *context, const char *path, size_t len, enum arc_git_status status)
{
    const struct hearer *hearer = context;
    (void)len;
    if (status == ARC_GIT_ADDED)
        return hearer->each(hearer->context, path, hearer->standing);
    return hearer->each(hearer->context, path,
                        status == ARC_GIT_DELETED ? ARC_GIT_MISSING : ARC_GIT_CHANGED);
}

/* Whether the file contains Git LFS's pointer (126 to 1,024 bytes) to what was not fetched, and Git
 * LFS is what puts its content in place. */
static bool is_pointer(const struct arc_git *git, const char *place, const char *path)
{
    static const char lfs[] = "\0lfs"; /* at the end of "PATH\0filter\0lfs\0" */
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 1024};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    const char *filter = NULL;
    struct stat status;

    if (stat(place, &status) || status.st_size < 126 || status.st_size > 1024 ||
        arc_file_read(place, NULL, text.max, &text, NULL) ||
        !ARC_STARTS(arc_buf_text(&text), ARC_GIT_LFS))
        return false;

    if (git_attr_get(&filter, git->repo, GIT_ATTR_CHECK_FILE_THEN_INDEX, path, "filter") == 0)
        return filter && strcmp(filter, "lfs") == 0;

    /* it does not read every form of the index: see arc_git_tracked() */
    return !arc_git_run(git, ARC_WORDS("check-attr", "-z", "filter", "--", path), ARC_GIT_SECONDS,
                        &result, NULL) &&
           result.output.len > sizeof lfs &&
           !memcmp(result.output.data + result.output.len - sizeof lfs, lfs, sizeof lfs);
}

/* Reports what `git diff` does not check: files marked as unchanged, files outside a sparse
 * checkout, missing submodules, and Git LFS's pointers. `git ls-files -s -v` prints "H 100644 OID
 * 0\tPATH"; a lower-case letter means marked as unchanged, S means skipped. */
static int list_hidden(const struct arc_git *git, const char *const *paths,
                       const struct hearer *hearer, struct arc_error *err)
{
    static const char *const options[] = {
        "--literal-pathspecs", "ls-files", "-s", "-v", "-z", "--", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};

    ARC_TRY(run_listing(git, options, paths, &result, err));
    const char *at = arc_buf_text(&result.output), *end = at + result.output.len;
    for (; at < end; at += strlen(at) + 1) {
        const char *path = strchr(at, '\t');
        bool submodule = ARC_STARTS(at + 2, "160000");
        if (!path)
            continue;

        ARC_AUTO_FREE char *place = arc_file_join(git->worktree, path + 1);
        ARC_AUTO_FREE char *inside = arc_file_join(place, ".git");
        ARC_TRY_ALLOC(place && inside, err);
        if (ARC_STARTS(at, "H 100") && is_pointer(git, place, path + 1))
            ARC_TRY(hearer->each(hearer->context, path + 1, ARC_GIT_LFS_POINTER));
        if (strchr("HM", *at) && !submodule) /* M: a conflict, which is a change */
            continue;
        bool there = access(submodule ? inside : place, F_OK) == 0;
        if (submodule && there)
            continue;
        enum arc_git_standing standing = there ? ARC_GIT_HIDDEN : ARC_GIT_MISSING;
        ARC_TRY(
            hearer->each(hearer->context, path + 1, submodule ? ARC_GIT_NO_SUBMODULE : standing));
    }

    return ARC_OK;
}

int arc_git_compare_worktree(const struct arc_git *git, const struct arc_oid *commit,
                             const char *const *paths,
                             int (*each)(void *context, const char *path,
                                         enum arc_git_standing standing),
                             void *context, struct arc_error *err)
{
    const char *const changed[] = {"--literal-pathspecs", DIFF, "--ignore-submodules=untracked",
                                   commit->hex,           "--", NULL};
    static const char *const others[] = {"--literal-pathspecs", OTHERS, "--", NULL};
    static const char *const ignored[] = {"--literal-pathspecs", OTHERS, "--ignored", "--", NULL};
    struct hearer hearer = {each, context, ARC_GIT_NEW};
    const struct arc_git_diff diff = {.each = hear, .context = &hearer};

    if (!git->worktree)
        return arc_error_set(err, ARC_ENOTFOUND, "'%s' is a bare repository", git->gitdir);
    if (!*paths) /* git would read it as all paths */
        return ARC_OK;
    ARC_TRY(list(git, changed, paths, &diff, false, err));
    ARC_TRY(list_hidden(git, paths, &hearer, err));
    ARC_TRY(list(git, others, paths, &diff, true, err));
    hearer.standing = ARC_GIT_IS_IGNORED;

    return list(git, ignored, paths, &diff, true, err);
}

/* The files that a sparse checkout leaves out (`left_out`), or all regular ones: "S 100644 OID
 * 0\tPATH". */
static int list_index(const struct arc_git *git, bool left_out,
                      int (*each)(void *context, const char *path), void *context,
                      struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};

    ARC_TRY(run_listing(git, ARC_WORDS("ls-files", "-s", "-t", "-z"), NULL, &result, err));
    const char *at = arc_buf_text(&result.output), *end = at + result.output.len;
    for (; at < end; at += strlen(at) + 1) {
        const char *path = strchr(at, '\t');
        if (path && (left_out ? *at == 'S' : ARC_STARTS(at + 2, "100")))
            ARC_TRY(each(context, path + 1));
    }

    return ARC_OK;
}

int arc_git_sparse(const struct arc_git *git, int (*each)(void *context, const char *path),
                   void *context, struct arc_error *err)
{
    if (!git->worktree || arc_file_kind_in(git->gitdir, "info/sparse-checkout") == ARC_FILE_NONE)
        return ARC_OK;
    return list_index(git, true, each, context, err);
}

int arc_git_tracked(const struct arc_git *git, int (*each)(void *context, const char *path),
                    void *context, struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_index) git_index *index = NULL;

    /* libgit2 does not read an index that is split, sparse or without a checksum
     * (feature.manyFiles). */
    if (git_repository_index(&index, git->repo) < 0)
        return list_index(git, false, each, context, err);

    for (size_t i = 0; i < git_index_entrycount(index); i++) {
        const git_index_entry *entry = git_index_get_byindex(index, i);
        if ((entry->mode & 0170000) == 0100000)
            ARC_TRY(each(context, entry->path));
    }

    return ARC_OK;
}
