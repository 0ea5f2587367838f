/* Reads commit messages: Conventional Commits 1.0.0, as people write them. */
#pragma once

#include "git/git.h"

/* The level that a change asks of the next version; the largest wins. */
enum arc_bump { ARC_BUMP_NONE, ARC_BUMP_PATCH, ARC_BUMP_MINOR, ARC_BUMP_MAJOR };

/* Owns nothing; `why` is static. */
struct arc_conventional {
    enum arc_bump bump;
    const char *why; /* "a feature" */
    int64_t pull;    /* its pull request's number; 0: none */
};

void arc_conventional_parse(const struct arc_git_commit *commit, struct arc_conventional *out);

/* "none", "patch", "minor", "major". */
const char *arc_bump_name(enum arc_bump bump);
