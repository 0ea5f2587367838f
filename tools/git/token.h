/* The workflow's token for git, needed if actions/checkout did not store it (persist-credentials:
 * false): a header for GITHUB_SERVER_URL only, passed in git's environment (git-config(1),
 * GIT_CONFIG_COUNT and http.<url>.extraHeader). */
#pragma once

#include "arcci/arena.h"
#include "arcci/env.h"

#define ARC_GIT_TOKEN_VARS 5

/* NAME=value strings for git's environment; the last one contains the token. Owned. */
struct arc_git_token {
    struct arc_arena memory;
    const char *vars[ARC_GIT_TOKEN_VARS + 1]; /* NULL-terminated */
};

/* Makes the strings: none without a token or a server in the environment, or if the server uses
 * http and is not this machine. They follow the caller's own GIT_CONFIG_ variables and replace its
 * GIT_CONFIG_COUNT. ARC_ENOMEM. */
int arc_git_token_make(const struct arc_env *env, struct arc_git_token *out, struct arc_error *err);
void arc_git_token_free(struct arc_git_token *token);
