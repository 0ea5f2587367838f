/* The event of a GitHub Actions run, or a run by hand. */
#ifndef ARCCI_EVENT_H
#define ARCCI_EVENT_H

#include "arcci/api.h"
#include "arcci/arena.h"
#include "arcci/env.h"
#include "arcci/error.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* Largest event file that is read. GitHub caps webhook payloads at 25 MB
 * (GitHub docs, "Webhook events and payloads"). */
#define ARC_EVENT_MAX ((size_t)26 << 20)

/* The part of an event that change detection needs. Strings that the event lacks are NULL. Commits
 * are 40 lower-case hexadecimal digits; anything else is an error, since git would read it as a
 * revision. */
struct arc_event {
    struct arc_arena memory;    /* holds the strings */
    const char *name;           /* "push", "pull_request", …; "local" outside GitHub Actions */
    const char *ref;            /* GITHUB_REF: "refs/heads/main" */
    const char *sha;            /* `after` of a push to a branch, else GITHUB_SHA */
    const char *before;         /* push, or push to a pull request: the ref's commit before it;
                                   forty zeros for a new ref */
    const char *base_sha;       /* pull request, merge group: the commit to merge into */
    const char *base_ref;       /* pull request (also the only one of a workflow_run), merge group:
                                   the branch to merge into */
    const char *head_sha;       /* pull request, merge group, what ran: its newest commit */
    const char *head_branch;    /* what ran: the branch of this repository that it ran for */
    const char *marked_tag;     /* release: its tag, if it is marked as a prerelease */
    const char *default_branch; /* repository.default_branch */
    const char *repository;     /* "owner/name" */
    json_int_t number;          /* pull request number, or 0 */
    json_int_t changed_files;   /* number of changed files of the pull request, or -1 if unknown */
    bool retargeted;            /* pull request: it has just got another base branch */
    bool on_pull;               /* issue_comment on pull request `number` */
    bool is_public;             /* repository.private is false */
    bool deleted;               /* push: the ref was deleted */
    bool unreleased;            /* release: it was deleted, or is a draft again */
    bool forward; /* push: the event says it is not forced, so `before` is an ancestor */
};

/* Reads GITHUB_EVENT_NAME, GITHUB_EVENT_PATH, GITHUB_REF, GITHUB_SHA and GITHUB_REPOSITORY. Without
 * GITHUB_EVENT_NAME it is a run by hand. ARC_EINPUT (with the file's line and column) for an event
 * file that is not a JSON object, or has a member of a wrong type or an invalid commit; ARC_ENOTFOUND
 * for one that does not exist, ARC_EWORLD for one that cannot be read. */
int arc_event_load(const struct arc_env *env, struct arc_event *out, struct arc_error *err);
/* Reads base, head, number and changed_files from the member `pull_request` of `root`. Errors as
 * arc_event_load(). */
int arc_event_read_pull(struct arc_event *event, const json_t *root, struct arc_error *err);
void arc_event_free(struct arc_event *event);

/* Whether the event carries a pull request: pull_request, pull_request_target, pull_request_review
 * or pull_request_review_comment. */
bool arc_event_is_pull_request(const struct arc_event *event);

/* Whether it follows what ran for another commit, head_sha: workflow_run, check_suite, check_run. */
bool arc_event_is_of_run(const struct arc_event *event);

/* Whether the tree that is checked out may be one that nobody has accepted yet: that of a pull
 * request, also in a merge queue or after a comment on one, or of what ran for another commit.
 * *base: the commit whose settings count then, the pull request's or the queue's base or
 * GITHUB_SHA; NULL if the event lacks it. */
bool arc_event_is_guest(const struct arc_event *event, const char **base);

/* Whether `text` is 40 hexadecimal digits; whether they are all zero (git's "no commit"). NULL is
 * neither. */
bool arc_event_is_sha(const char *text);
bool arc_event_is_null_sha(const char *text);

/* Returns the branch that a run of this commit is about, or NULL. Not always event->ref: that is
 * the default branch for every workflow_run and comment, and a run by hand may have checked out
 * something else. */
const char *arc_event_branch(const struct arc_event *event, const char *revision);

ARC_API_END

#endif
