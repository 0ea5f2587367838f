/* What the API tells of commits that a clone lacks. */
#pragma once

#include "arcci/changes.h"
#include "arcci/event.h"
#include "git/git.h"

/* Whether there is a token to ask with: INPUT_TOKEN, GITHUB_TOKEN or GH_TOKEN. */
bool arc_changes_api_possible(const struct arc_env *env);

/* Asks which commits the pull request has that a comment is on (event->on_pull), and fills the
 * event with them. Errors as struct arc_transport has them. */
int arc_changes_api_comment(const struct arc_env *env, struct arc_event *event,
                            struct arc_error *err);

/* Who hears of the files; `status` is one of enum arc_status. A rename is told as an added file
 * with its old name, and that as a deleted one. Non-zero ends it and is returned. */
struct arc_api_files {
    int (*each)(void *context, const char *path, size_t len, unsigned status, const char *previous);
    void *context;
};

/* Matches every file that the API lists for the event's pull request. A rename is one file added
 * and one deleted. Fails closed: ARC_ELIMIT when the list may not be whole; ARC_EWORLD,
 * ARC_EFAILED and ARC_ENOTFOUND as struct arc_transport has them. Nothing is matched then. */
int arc_changes_api(const struct arc_env *env, const struct arc_event *event,
                    const struct arc_api_files *to, struct arc_error *err);

/* The merge base of two commits, in one request, whatever their histories weigh. Errors as struct
 * arc_transport has them, soon: git can be asked as well. */
int arc_changes_api_merge_base(const struct arc_env *env, const struct arc_event *event,
                               const struct arc_oid *a, const struct arc_oid *b,
                               struct arc_oid *out, struct arc_error *err);
