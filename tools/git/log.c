/* Commits: one, the common ancestor of two, a range; and a file of one. */
#include "base/auto.h"
#include "git/git.h"
#include "git/history.h"
#include "git/lib.h"
#include "git/run.h"
#include "git/scratch.h"
#include <string.h>

#define LOG_MAX     1000
#define LOG_SECONDS 600

static int lookup(const struct arc_git *git, const struct arc_oid *oid, git_commit **out,
                  struct arc_error *err)
{
    git_oid id;
    ARC_TRY(arc_git_oid_in(oid, &id, err));
    int rc = git_commit_lookup(out, git->repo, &id);
    if (rc == GIT_ENOTFOUND)
        return arc_error_set(
            err, ARC_ENOTFOUND, "commit %s is not in this clone%s", oid->hex,
            arc_git_is_shallow(git) ? " (its history is cut; fetch-depth: 0 gets all of it)" : "");
    return rc < 0 ? arc_git_failed(err, rc, oid->hex) : ARC_OK;
}

static int fill(git_commit *commit, struct arc_git_commit *out, struct arc_error *err)
{
    const git_signature *author = git_commit_author(commit);
    const char *subject = git_commit_summary(commit);
    const char *body = git_commit_body(commit);

    *out = (struct arc_git_commit){.parents = git_commit_parentcount(commit),
                                   .time = git_commit_time(commit),
                                   .author = strdup(author && author->name ? author->name : ""),
                                   .email = strdup(author && author->email ? author->email : ""),
                                   .subject = strdup(subject ? subject : ""),
                                   .body = strdup(body ? body : "")};
    arc_git_oid_out(git_commit_id(commit), &out->oid);
    arc_git_oid_out(git_commit_tree_id(commit), &out->tree);
    if (out->parents)
        arc_git_oid_out(git_commit_parent_id(commit, 0), &out->parent);
    if (out->parents > 1)
        arc_git_oid_out(git_commit_parent_id(commit, 1), &out->merged);

    return out->author && out->email && out->subject && out->body ? ARC_OK : arc_error_nomem(err);
}

int arc_git_commit(const struct arc_git *git, const struct arc_oid *oid, struct arc_git_commit *out,
                   struct arc_error *err)
{
    git_commit *commit = NULL;
    *out = (struct arc_git_commit){0};
    ARC_TRY(lookup(git, oid, &commit, err));
    int rc = fill(commit, out, err);
    git_commit_free(commit);
    if (rc)
        arc_git_commit_free(out);
    return rc;
}

void arc_git_commit_free(struct arc_git_commit *commit)
{
    free(commit->author);
    free(commit->email);
    free(commit->subject);
    free(commit->body);
    *commit = (struct arc_git_commit){0};
}

/* The object at a path of a commit; all zeros when there is none. An object that a partial clone
 * lacks is an error, not an absent path. */
static int entry_at(git_tree *tree, const char *path, git_oid *out)
{
    git_tree_entry *entry = NULL;

    memset(out, 0, sizeof *out);
    if (!tree)
        return 0;
    int rc = git_tree_entry_bypath(&entry, tree, path);
    const git_error *problem = rc == GIT_ENOTFOUND ? git_error_last() : NULL;
    if (rc == 0)
        git_oid_cpy(out, git_tree_entry_id(entry));
    git_tree_entry_free(entry);

    return problem && problem->klass != GIT_ERROR_ODB ? 0 : rc;
}

/* Whether one of the paths differs (1) or none (0); a negative libgit2 code on failure. */
static int differs(git_tree *a, git_tree *b, const char *const *paths)
{
    for (; *paths; paths++) {
        git_oid in_a, in_b;
        ARC_TRY(entry_at(a, *paths, &in_a));
        ARC_TRY(entry_at(b, *paths, &in_b));
        if (!git_oid_equal(&in_a, &in_b))
            return 1;
    }
    return 0;
}

/* As differs(), for a tree and that of parent number `i`. A parent beyond a shallow boundary counts
 * as an empty tree. */
static int differs_from_parent(git_commit *commit, git_tree *tree, unsigned i,
                               const char *const *paths)
{
    git_commit *parent = NULL;
    git_tree *parent_tree = NULL;
    int rc = 0;

    if (i < git_commit_parentcount(commit) && git_commit_parent(&parent, commit, i) == 0)
        rc = git_commit_tree(&parent_tree, parent);
    if (!rc)
        rc = differs(tree, parent_tree, paths);
    git_tree_free(parent_tree);
    git_commit_free(parent);

    return rc;
}

/* As differs(), for a commit and all its parents: a merge that took a path over unchanged from one
 * of them tells nothing about it (git's TREESAME). */
static int touches(git_commit *commit, const char *const *paths)
{
    git_tree *tree = NULL;
    unsigned parents = git_commit_parentcount(commit);
    int rc = git_commit_tree(&tree, commit);

    if (!rc)
        rc = 1;
    for (unsigned i = 0; rc == 1 && (i < parents || i == 0); i++)
        rc = differs_from_parent(commit, tree, i, paths);
    git_tree_free(tree);
    return rc;
}

/* Where the commits of a range come from: libgit2, or a list where history is cut. */
struct source {
    git_revwalk *walk;
    git_oid *list;
    size_t at, count;
};

static void source_free(struct source *source)
{
    git_revwalk_free(source->walk);
    free(source->list);
}

static int start_walk(const struct arc_git *git, const git_oid *from, const git_oid *to,
                      struct source *out)
{
    ARC_TRY(git_revwalk_new(&out->walk, git->repo));
    ARC_TRY(git_revwalk_sorting(out->walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME));
    ARC_TRY(git_revwalk_push(out->walk, to));
    return from ? git_revwalk_hide(out->walk, from) : 0;
}

static int start(const struct arc_git *git, const struct arc_git_log_range *range,
                 struct source *out, struct arc_error *err)
{
    git_oid to, from;

    ARC_TRY(arc_git_oid_in(range->to, &to, err));
    if (range->from)
        ARC_TRY(arc_git_oid_in(range->from, &from, err));

    if (arc_git_is_shallow(git)) {
        ARC_AUTO(arc_history) struct arc_history *history = NULL;
        ARC_TRY(arc_history_new(git, &history, err));
        return arc_history_range(history, range->from ? &from : NULL, &to, &out->list, &out->count,
                                 err);
    }

    int rc = start_walk(git, range->from ? &from : NULL, &to, out);
    return rc < 0 ? arc_git_failed(err, rc, "walking the history") : ARC_OK;
}

static int next(struct source *source, git_oid *out)
{
    if (source->walk)
        return git_revwalk_next(out, source->walk);
    if (source->at == source->count)
        return GIT_ITEROVER;
    *out = source->list[source->at++];
    return 0;
}

static int give(git_commit *commit, int (*each)(void *, const struct arc_git_commit *),
                void *context, struct arc_error *err)
{
    struct arc_git_commit out;
    int rc = fill(commit, &out, err);
    if (!rc)
        rc = each(context, &out);
    arc_git_commit_free(&out);
    return rc;
}

int arc_git_log(const struct arc_git *git, const struct arc_git_log_range *range,
                int (*each)(void *context, const struct arc_git_commit *commit), void *context,
                bool *more, struct arc_error *err)
{
    ARC_AUTO(source) struct source source = {0};
    git_oid id;
    size_t given = 0, max = range->max ? range->max : LOG_MAX;
    int rc = start(git, range, &source, err), step = 0;

    if (more)
        *more = false;

    while (!rc && (step = next(&source, &id)) == 0) {
        git_commit *commit = NULL;
        step = git_commit_lookup(&commit, git->repo, &id);
        if (step < 0)
            break;
        int touched = range->paths ? touches(commit, range->paths) : 1;
        if (touched < 0)
            step = touched;
        else if (touched) {
            bool full = given++ == max;
            if (full && more)
                *more = true;
            rc = full ? ARC_OK : give(commit, each, context, err);
            step = full ? GIT_ITEROVER : 0;
        }
        git_commit_free(commit);
        if (step)
            break;
    }

    if (!rc && step < 0 && step != GIT_ITEROVER)
        rc = arc_git_failed(err, step, "walking the history");
    return rc;
}

/* The entry of a path of a commit, which the caller frees: a libgit2 code. */
static int find_entry(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                      git_tree_entry **out)
{
    git_commit *found = NULL;
    git_tree *tree = NULL;
    git_oid id;
    int rc = git_oid_fromstr(&id, commit->hex);

    if (!rc)
        rc = git_commit_lookup(&found, git->repo, &id);
    if (!rc)
        rc = git_commit_tree(&tree, found);
    if (!rc)
        rc = git_tree_entry_bypath(out, tree, path);
    git_tree_free(tree);
    git_commit_free(found);

    return rc;
}

int arc_git_entry(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                  struct arc_oid *out, struct arc_error *err)
{
    git_tree_entry *entry = NULL;
    int rc = find_entry(git, commit, path, &entry);
    if (!rc)
        arc_git_oid_out(git_tree_entry_id(entry), out);
    git_tree_entry_free(entry);
    return rc < 0 ? arc_git_failed(err, rc, path) : ARC_OK;
}

static int add_blob(git_object *object, const char *path, uint64_t size, size_t max,
                    struct arc_buf *out, struct arc_error *err)
{
    if (size > max)
        return arc_error_set(err, ARC_ELIMIT, "%s: %ju bytes; at most %zu are read", path,
                             (uintmax_t)size, max);
    arc_buf_add(out, git_blob_rawcontent((git_blob *)object), (size_t)size);
    return arc_buf_check(out, path, err);
}

/* The size of an object, by its header: a gigabyte of zeros is a megabyte in a pack. */
static int read_size(const struct arc_git *git, const git_oid *id, uint64_t *out)
{
    git_odb *odb = NULL;
    git_object_t type;
    size_t size = 0;
    int rc = git_repository_odb(&odb, git->repo);

    if (!rc)
        rc = git_odb_read_header(&size, &type, odb, id);
    git_odb_free(odb);
    *out = size;
    return rc;
}

/* The file at a path of a commit, unpacked where it is no larger than `max`: a libgit2 code. */
static int open_blob(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                     size_t max, git_oid *blob, uint64_t *size, git_object **out)
{
    git_tree_entry *entry = NULL;
    int rc = find_entry(git, commit, path, &entry);

    if (!rc && git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
        rc = GIT_ENOTFOUND;
    if (!rc) {
        *blob = *git_tree_entry_id(entry);
        rc = read_size(git, blob, size);
    }

    if (!rc && *size <= max)
        rc = git_tree_entry_to_object(out, git->repo, entry);
    git_tree_entry_free(entry);

    return rc;
}

/* Whether an object is missing from the clone, in contrast to a path from a tree. */
static bool lacks_object(int rc)
{
    const git_error *problem = rc == GIT_ENOTFOUND ? git_error_last() : NULL;
    return problem && problem->klass == GIT_ERROR_ODB;
}

/* A blob, or without one the trees of the commit. */
static int fetch_missing(const struct arc_git *git, const struct arc_oid *commit,
                         const git_oid *blob, struct arc_error *err)
{
    struct arc_oid name = *commit;
    bool trees = git_oid_is_zero(blob);
    if (!trees)
        arc_git_oid_out(blob, &name);
    int rc = arc_git_fetch_commits(git, ARC_GIT_TREES, trees ? "--depth=1" : NULL, &name, 1, err);
    return rc == ARC_ENOTFOUND ? ARC_EWORLD : rc; /* that is not to say that there is no file */
}

int arc_git_blob(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                 size_t max, struct arc_buf *out, struct arc_error *err)
{
    git_object *object = NULL;
    git_oid blob = {{0}};
    uint64_t size = 0;
    int step = open_blob(git, commit, path, max, &blob, &size, &object);

    /* The trees first, then what they name. */
    for (int left = 2; left && lacks_object(step) && git->scratch->allowed; left--) {
        ARC_TRY(fetch_missing(git, commit, &blob, err));
        step = open_blob(git, commit, path, max, &blob, &size, &object);
    }

    int rc;
    if (step == GIT_ENOTFOUND && lacks_object(step))
        rc = arc_error_set(err, ARC_EWORLD, "the file '%s' of commit %.12s is not in this clone",
                           path, commit->hex);
    else if (step == GIT_ENOTFOUND)
        rc = arc_error_set(err, ARC_ENOTFOUND, "there is no file '%s' in commit %.12s", path,
                           commit->hex);
    else
        rc = step < 0 ? arc_git_failed(err, step, path)
                      : add_blob(object, path, size, max, out, err);

    git_object_free(object);

    return rc;
}

int arc_git_nearest_tag(const struct arc_git *git, const struct arc_env *env,
                        const struct arc_oid *commit, const char *except, char **out,
                        struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_AUTO(arc_buf) struct arc_buf family = {.max = 4096};
    const char *slash = strrchr(except, '/');

    arc_buf_printf(&family, "%.*s/*", slash ? (int)(slash - except) : 1, slash ? except : "*");
    ARC_TRY(arc_buf_check(&family, "the name of a tag", err));
    const char *const words[] = {"describe",  "--tags",    "--abbrev=0",
                                 "--exclude", except,      slash ? "--match" : "--exclude",
                                 family.data, commit->hex, NULL};
    *out = NULL;
    ARC_TRY(arc_git_run(git, env, NULL, words, LOG_SECONDS, &result, err));
    const char *text = arc_buf_text(&result.output);
    size_t len = strcspn(text, "\n");
    if (result.status || !len) /* it says so where there is no tag, too */
        return ARC_OK;
    *out = strndup(text, len);
    return *out ? ARC_OK : arc_error_nomem(err);
}

int arc_git_tag_message(const struct arc_git *git, const char *tag, struct arc_buf *out,
                        struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = 1024};
    git_object *object = NULL;

    arc_buf_printf(&name, "refs/tags/%s", tag);
    ARC_TRY(arc_buf_check(&name, "tag", err));
    if (git_revparse_single(&object, git->repo, arc_buf_text(&name)) < 0)
        return ARC_OK;
    const char *message =
        git_object_type(object) == GIT_OBJECT_TAG ? git_tag_message((git_tag *)object) : NULL;
    const char *signature = message ? strstr(message, "-----BEGIN ") : NULL;
    if (message)
        arc_buf_add(out, message, signature ? (size_t)(signature - message) : strlen(message));
    git_object_free(object);

    return arc_buf_check(out, "the tag's message", err);
}
