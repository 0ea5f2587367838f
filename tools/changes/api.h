/* Asks GitHub's API about commits that the clone lacks. */
#pragma once

#include "arcci/changes.h"
#include "arcci/event.h"
#include "git/git.h"

/* Fills the event with the commits of the pull request that was commented on (event->on_pull).
 * Errors as in struct arc_transport. */
int arc_changes_api_comment(const struct arc_env *env, struct arc_event *event,
                            struct arc_error *err);

/* Calls `each` for every file that the API lists for the event's pull request. A rename is an added
 * file with its old name, and a deleted one. A non-zero return value ends the list and is returned. Fails closed, calling nothing: ARC_ELIMIT if the list may be
 * incomplete; ARC_EWORLD, ARC_EFAILED and ARC_ENOTFOUND as in struct arc_transport. */
int arc_changes_api(const struct arc_env *env, const struct arc_event *event,
                    int (*each)(void *context, const struct arc_changed_file *file), void *context,
                    struct arc_error *err);

/* The merge base of two commits, in one request however long their histories. Errors as in struct
 * arc_transport, after a short timeout, since git can answer too. */
int arc_changes_api_merge_base(const struct arc_env *env, const struct arc_event *event,
                               const struct arc_oid *a, const struct arc_oid *b,
                               struct arc_oid *out, struct arc_error *err);
