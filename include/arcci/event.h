/* What happened: the event of a GitHub Actions run, or a run by hand. */
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

/* The event as far as change detection needs it. Strings are NULL where the event does not say.
 * Commits are 40 lower-case hexadecimal digits: anything else in their place is an error,
 * since it would be taken for a revision. */
struct arc_event {
    struct arc_arena memory;    /* holds the strings */
    const char *name;           /* "push", "pull_request", …; "local" outside of GitHub Actions */
    const char *ref;            /* GITHUB_REF: "refs/heads/main" */
    const char *sha;            /* what the event is about: `after` of a branch's push, else
                                 GITHUB_SHA */
    const char *before;         /* push, pull request that was pushed to: the commit the ref was at;
                                 forty zeros for a new ref */
    const char *base_sha;       /* pull request, merge group: the commit it is to be merged into */
    const char *base_ref;       /* pull request (of a workflow_run, too, where that has one alone),
                                 merge group: the branch it is to be merged into */
    const char *head_sha;       /* pull request, merge group, workflow_run: its newest commit */
    const char *head_branch;    /* workflow_run: the branch of this repository it ran for */
    const char *marked_tag;     /* release: its tag, if it is marked as a prerelease */
    const char *default_branch; /* repository.default_branch */
    const char *repository;     /* "owner/name" */
    json_int_t number;          /* pull request number, or 0 */
    json_int_t changed_files;   /* files of the pull request, or -1 when it does not say */
    bool on_pull;               /* issue_comment on a pull request; `number` is that one's */
    bool is_public;             /* repository.private is false */
    bool deleted;               /* push: the ref was deleted */
    bool forward; /* push: not a forced one, as the event says; `before` is an ancestor */
};

/* Reads GITHUB_EVENT_NAME, GITHUB_EVENT_PATH, GITHUB_REF, GITHUB_SHA and GITHUB_REPOSITORY. Without
 * GITHUB_EVENT_NAME it is a run by hand. ARC_EINPUT (with the file's line and column) for an event
 * file that is no JSON object or has a wrong type or no commit where a commit belongs; ARC_EWORLD
 * for one that cannot be read. */
int arc_event_load(const struct arc_env *env, struct arc_event *out, struct arc_error *err);
/* Takes base, head, number and files of the object's member `pull_request`. Errors as
 * arc_event_load() has them. */
int arc_event_read_pull(struct arc_event *event, const json_t *root, struct arc_error *err);
void arc_event_free(struct arc_event *event);

/* Whether it is one of pull_request, pull_request_target, pull_request_review and
 * pull_request_review_comment, which carry a pull request. */
bool arc_event_is_pull_request(const struct arc_event *event);

/* Whether `text` is 40 hexadecimal digits; whether they are all zero (git's "no commit"). NULL is
 * neither. */
bool arc_event_is_sha(const char *text);
bool arc_event_is_null_sha(const char *text);

/* The branch that a run of this commit is about; NULL for none. A workflow_run or a comment has the
 * default branch as its ref, whatever it is about, and a run by hand may have checked out something
 * else. */
const char *arc_event_branch(const struct arc_event *event, const char *revision);

ARC_API_END

#endif
