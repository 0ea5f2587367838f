/* The workflow's token for git, which actions/checkout leaves out where it is told so
 * (persist-credentials: false): as a header that git sends to GITHUB_SERVER_URL alone, told to git
 * by its environment (git-config(1), GIT_CONFIG_COUNT and http.<url>.extraHeader). */
#pragma once

#include "arcci/arena.h"
#include "arcci/env.h"

#define ARC_GIT_TOKEN_VARS 5

/* NAME=value strings for git's environment; the last holds the token. Owned. */
struct arc_git_token {
    struct arc_arena memory;
    const char *vars[ARC_GIT_TOKEN_VARS + 1]; /* ends with NULL */
};

/* Makes the strings; there are none when the environment has no token or no server, or the server is
 * spoken to over http and is not this machine. They come behind the caller's own GIT_CONFIG_ ones;
 * its GIT_CONFIG_COUNT must go. ARC_ENOMEM. */
int arc_git_token_make(const struct arc_env *env, struct arc_git_token *out, struct arc_error *err);
void arc_git_token_free(struct arc_git_token *token);
