/* Compares the files of changed submodules, on request. */
#pragma once

#include "arcci/arena.h"
#include "git/diff.h"

/* Initialize with {0}; free its memory. */
struct arc_inner {
    struct arc_arena memory;
    struct arc_inner_one *list; /* grows with submodules of submodules */
    size_t count;
    /* Called for one that cannot be compared, with its path and the reason. */
    int (*unseen)(void *context, const char *path, const char *why);
};

/* Adds a submodule with its commits on both sides (empty: not one there). ARC_ELIMIT beyond
 * 1,000. */
int arc_inner_add(struct arc_inner *inner, const char *path, const struct arc_oid *from,
                  const struct arc_oid *to, struct arc_error *err);

/* Compares each of them and calls diff->each for differences, with paths from the outermost
 * repository. Calls inner->unseen, with the context of `diff`, for one that is not checked out or
 * lacks commits. */
int arc_inner_compare(struct arc_inner *inner, const struct arc_git *git,
                      const struct arc_git_diff *diff, bool untracked, struct arc_error *err);
