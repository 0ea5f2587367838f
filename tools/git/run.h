/* Runs git in an open repository. */
#pragma once

#include "git/git.h"
#include "os/process.h"

/* How long git may take for its work. */
#define ARC_GIT_SECONDS 600

/* Runs git with `words` (NULL-terminated) in the repository, set by GIT_DIR so that git does not
 * search for one in the tree. Without hooks, prompts and locks. Returns 0 if git ran, whatever its
 * exit status; the caller frees the result. ARC_ENOTFOUND without git, ARC_EWORLD after `seconds`,
 * ARC_ELIMIT for more than 64 MiB of output. */
int arc_git_run(const struct arc_git *git, const char *const *words, unsigned seconds,
                struct arc_process_result *result, struct arc_error *err);

/* The same for a command that asks the remote; `input` (may be NULL) is its stdin. Runs with the
 * machine's credentials and, if the remote on GITHUB_SERVER_URL refuses, with the workflow's token,
 * which is needed if actions/checkout did not store it (persist-credentials: false). */
int arc_git_run_remote(const struct arc_git *git, const char *const *words,
                       const struct arc_buf *input, unsigned seconds,
                       struct arc_process_result *result, struct arc_error *err);

/* git's error: all lines without advice, up to the first "fatal:", joined. Borrowed from the
 * result, whose output it overwrites. */
const char *arc_git_complaint(struct arc_process_result *result);
