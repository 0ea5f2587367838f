/* Commits that were picked (`git cherry-pick`) from one branch to another, in either direction. */
#pragma once

#include "git/git.h"

/* The commits of a branch "there". Initialize with {0}: none. */
struct arc_picks {
    json_t *there; /* marks of its commits: true, or the mark of the commit there that reverts it */
    json_t *taken; /* what is reverted there (hash or "#12"): the revert's mark */
    json_t *met;   /* marks in `there` that were found here, too */
    struct arc_error *err; /* while they are listed */
};

/* Lists the commits that `there` has and `here` lacks. */
int arc_picks_list(const struct arc_git *git, const struct arc_oid *there,
                   const struct arc_oid *here, struct arc_picks *out, struct arc_error *err);

/* Whether `there` has a commit of `here`, too. One that is reverted only there counts as new, so
 * call this for the newest first. */
int arc_picks_find(struct arc_picks *picks, const struct arc_git_commit *commit, bool *is_there,
                   struct arc_error *err);

void arc_picks_free(struct arc_picks *picks);
