#include "changes/inner.h"
#include "base/auto.h"
#include "git/run.h"
#include "os/file.h"
#include <limits.h>

#define INNER_MAX 1000

struct arc_inner_one {
    const char *path;
    struct arc_oid from, to;
    bool worktree; /* compare its work tree instead of `to` */
};

/* The walk of one submodule. */
struct inner_walk {
    struct arc_inner *inner;
    const struct arc_git_diff *outer;
    struct arc_buf path; /* its path, with a slash at its end, and what is in it */
    size_t own;          /* the length of its path */
    bool deleted;        /* it was deleted, so all its files are */
    bool worktree, untracked;
    struct arc_error *err;
};

int arc_inner_add(struct arc_inner *inner, const char *path, const struct arc_oid *from,
                  const struct arc_oid *to, struct arc_error *err)
{
    if (inner->count == INNER_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %d submodules changed", INNER_MAX);
    ARC_APPEND(&inner->memory, inner->list, inner->count, err,
               (struct arc_inner_one){arc_arena_text(&inner->memory, path), *from,
                                      to ? *to : (struct arc_oid){{0}}, !to});
    return arc_arena_check(&inner->memory, err);
}

static int join(struct inner_walk *walk, const char *path)
{
    walk->path.len = walk->own;
    arc_buf_puts(&walk->path, path);
    return arc_buf_check(&walk->path, "a path", walk->err);
}

static int on_path(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct inner_walk *walk = context;
    (void)len;
    ARC_TRY(join(walk, path));
    return walk->outer->each(walk->outer->context, walk->path.data, walk->path.len,
                             walk->deleted ? ARC_GIT_DELETED : status);
}

static int on_submodule(void *context, const char *path, const struct arc_oid *from,
                        const struct arc_oid *to)
{
    struct inner_walk *walk = context;
    /* The files of a deleted one are listed as added. */
    const struct arc_oid *old = walk->deleted ? to : from;
    const struct arc_oid *new = walk->deleted ? from : to;
    ARC_TRY(join(walk, path));
    return arc_inner_add(walk->inner, walk->path.data, old, walk->worktree ? NULL : new, walk->err);
}

static int need_commit(const struct arc_git *git, const struct arc_oid *commit,
                       struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    if (!*commit->hex || arc_git_has(git, commit))
        return ARC_OK;
    const char *depth = arc_git_is_shallow(git) ? "--depth=1" : "--no-auto-maintenance";
    const char *const words[] = {"fetch", "--quiet",   "--no-tags", "--no-recurse-submodules",
                                 depth,   git->remote, commit->hex, NULL};
    ARC_TRY(arc_git_run_remote(git, words, NULL, ARC_GIT_SECONDS, &result, err));
    return result.status ? arc_error_set(err, ARC_ENOTFOUND, "%s", arc_git_complaint(&result))
                         : ARC_OK;
}

static int compare_one(struct inner_walk *walk, const struct arc_git *git,
                       const struct arc_inner_one *one, struct arc_error *err)
{
    static const struct arc_oid empty = {ARC_GIT_EMPTY_TREE};
    ARC_AUTO(arc_git) struct arc_git own = {0};
    ARC_AUTO_FREE char *directory = arc_file_join(git->worktree, one->path);
    char resolved[PATH_MAX];

    /* Its own repository: without a checkout, the search would find the outer one. */
    ARC_TRY_ALLOC(directory, err);
    bool there = git->worktree && realpath(directory, resolved);
    if (there)
        ARC_TRY(arc_git_open(git->env, directory, &own, err));
    if (!there || !own.worktree || strcmp(own.worktree, resolved) != 0)
        return arc_error_set(err, ARC_ENOTFOUND, "it is not checked out");

    ARC_TRY(need_commit(&own, &one->from, err));
    ARC_TRY(need_commit(&own, &one->to, err));
    walk->worktree = one->worktree;
    walk->deleted = !one->worktree && !*one->to.hex;
    struct arc_git_diff diff = {.to = &one->to,
                                .each = on_path,
                                .submodule = on_submodule,
                                .context = walk,
                                .inside = true};
    if (walk->deleted)
        diff.to = &one->from;
    else if (*one->from.hex)
        diff.from = &one->from;
    else if (one->worktree) /* it is new: all its files are */
        diff.from = &empty;
    if (walk->worktree)
        return arc_git_diff_worktree(&own, &diff, walk->untracked, err);
    return arc_git_diff(&own, &diff, err);
}

int arc_inner_compare(struct arc_inner *inner, const struct arc_git *git,
                      const struct arc_git_diff *diff, bool untracked, struct arc_error *err)
{
    for (size_t i = 0; i < inner->count; i++) {
        ARC_AUTO(arc_error) struct arc_error why = {0};
        struct inner_walk walk = {.inner = inner,
                                  .outer = diff,
                                  .err = err,
                                  .untracked = untracked,
                                  .path = {.max = (size_t)1 << 20}};
        const struct arc_inner_one one = inner->list[i]; /* the list may be reallocated */
        arc_buf_printf(&walk.path, "%s/", one.path);
        walk.own = walk.path.len;
        int rc = compare_one(&walk, git, &one, &why);
        arc_buf_free(&walk.path);
        if (rc == ARC_ENOTFOUND || rc == ARC_EWORLD)
            rc = inner->unseen(diff->context, one.path, arc_error_text(&why));
        else if (rc && why.code)
            rc = arc_error_set(err, rc, "%s", arc_error_text(&why));
        if (rc)
            return rc;
    }

    return ARC_OK;
}
