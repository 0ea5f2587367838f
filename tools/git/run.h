/* Running git itself in an open repository. */
#pragma once

#include "git/git.h"
#include "git/token.h"
#include "os/process.h"

/* Runs git with `words` (NULL-terminated) in the repository, which it is told (GIT_DIR) instead of
 * looking for one: it finds no other, whatever lies in the tree. Without hooks, prompts and locks;
 * `token` (may be NULL) is what the remote gets, `input` (may be NULL) what git reads on stdin. 0
 * when it ran, whatever its exit status; the result is the caller's to free. ARC_ENOTFOUND without
 * git, ARC_EWORLD after `seconds`, ARC_ELIMIT for more than 64 MiB of output. */
int arc_git_run(const struct arc_git *git, const struct arc_env *env,
                const struct arc_git_token *token, const char *const *words,
                const struct arc_buf *input, unsigned seconds, struct arc_process_result *result,
                struct arc_error *err);

/* What git said was wrong: its first "fatal:" line, advice may follow it; else all lines but
 * advice, the remote's among them, as one. Borrowed from the result, which then holds no more than
 * that. */
const char *arc_git_complaint(struct arc_process_result *result);
