/* Submodules that changed, looked into on request. */
#pragma once

#include "arcci/arena.h"
#include "git/diff.h"

/* Initialise with {0}. */
struct arc_inner {
    struct arc_arena memory;
    struct arc_inner_one *list; /* grows while submodules of submodules are met */
    size_t count;
    /* Hears of one that cannot be looked into, by its path, and why. */
    int (*unseen)(void *context, const char *path, const char *why);
};

/* Notes a submodule and its commits on both sides (empty: it is none there). ARC_ELIMIT beyond
 * 1,000. */
int arc_inner_add(struct arc_inner *inner, const char *path, const struct arc_oid *from,
                  const struct arc_oid *to, struct arc_error *err);

/* Compares each of them and gives what differs to diff->each, by its path from the outermost
 * repository. Of one that is not checked out, or whose commits are not available, inner->unseen
 * hears, with the context of `diff`. */
int arc_inner_compare(struct arc_inner *inner, const struct arc_env *env, const struct arc_git *git,
                      const struct arc_git_diff *diff, bool untracked, struct arc_error *err);
void arc_inner_free(struct arc_inner *inner);
