/* Which two states of the repository `changes` compares, and why. docs/changes.md has the rules for
 * each event, docs/parity.md the differences from paths-filter. */
#pragma once

#include "arcci/changes.h"
#include "arcci/project.h"
#include "git/git.h"

struct arc_base_request {
    struct arc_project *project;
    const struct arc_git *git;
    const struct arc_event *event;
    const char *base; /* branch, tag, commit, "HEAD" for uncommitted changes; NULL: the event's */
    const char *ref;  /* the same for the head; NULL: the event's */
    unsigned fetch_depth; /* commits to fetch at first in a shallow clone; 0: never fetch */
    bool api;             /* may ask the API for a pull request's files */
    bool token;       /* the API decides what a pull request contains, and may find a merge base */
    bool is_recorded; /* the event is not this checkout's: ignore what is checked out */
    bool base_on_pulls; /* `base` applies to pull requests too */
};

/* Strings and documents are owned. */
struct arc_base {
    enum arc_base_kind kind;
    struct arc_oid base; /* empty for ARC_BASE_EVERYTHING and ARC_BASE_PULL_REQUEST */
    struct arc_oid head; /* empty for ARC_BASE_WORKTREE and ARC_BASE_PULL_REQUEST */
    char *base_reason;   /* "merge base with main" */
    char *head_reason;   /* "GITHUB_SHA" */
    json_t *warnings;    /* array of strings */
};

/* Chooses by the event; only the head if each service has its own base. ARC_ENOTFOUND if a commit
 * is not available; ARC_EINPUT if the inputs or the event are not enough. */
int arc_base_choose(const struct arc_base_request *request, bool head_alone, struct arc_base *out,
                    struct arc_error *err);
void arc_base_free(struct arc_base *base);

/* The branch in `name`, as a part of it: `main` for main, heads/main, refs/heads/main and, if the
 * remote is called origin, origin/main and refs/remotes/origin/main. NULL if it cannot be a branch:
 * a tag (tags/x, refs/tags/x), another ref, HEAD, a full commit. */
const char *arc_base_branch_name(const struct arc_git *git, const char *name);

/* The commit of a name: the remote-tracking branch, else the local branch, else a tag, else
 * anything that arc_git_resolve() accepts. HEAD is what is checked out. ARC_ENOTFOUND. */
int arc_base_resolve(const struct arc_git *git, const char *name, struct arc_oid *out,
                     struct arc_error *err);

/* As arc_base_resolve(), fetching what is missing in a workflow or a shallow clone. A name that
 * may be a branch or tag of the remote is looked up there before it is tried as an abbreviated
 * commit. */
int arc_base_find(const struct arc_base_request *request, const char *name, struct arc_oid *out,
                  struct arc_error *err);

/* The same for a branch or tag to compare with, in its current state at the remote. A CI's clone
 * may have an old state, which would hide a revert of a newer change. */
int arc_base_find_latest(const struct arc_base_request *request, const char *name,
                         struct arc_oid *out, struct arc_error *err);

/* Allows fetching again, as far as the request does, after a choice that was tried without the
 * network. Returns whether it is allowed. */
bool arc_base_may_fetch(const struct arc_base_request *request);

/* The merge base; empty if there is none. In a shallow clone asks the API if there is a token, else
 * fetches as much history as needed. ARC_ENOTFOUND if that fails. */
int arc_base_merge_base(const struct arc_base_request *request, const struct arc_oid *a,
                        const struct arc_oid *b, struct arc_oid *out, struct arc_error *err);

/* Whether each of the commits is `head` or an ancestor, fetching as needed. */
int arc_base_ancestors(const struct arc_base_request *request, const struct arc_oid *head,
                       const struct arc_oid *commits, size_t count, bool *are,
                       struct arc_error *err);

/* The first parent of a commit, fetched if need be; empty for a root commit. */
int arc_base_parent(const struct arc_base_request *request, const struct arc_oid *commit,
                    struct arc_oid *out, struct arc_error *err);

/* The tag before `tag`: for a release, as arc_version() says; else the highest version below its own
 * in its family ("tools/v", "v", ""), whether Semantic Versions, shorter ones (v1.2, release-18) or
 * dates (v2024.02.10); for a stable version, skipping prereleases. *out is owned by the caller; NULL
 * if there is none. *is_first: there cannot be one, since the tag is a version; numbers in a name
 * ("jan-2024") have no order. ARC_EINPUT if the tag contains no version; as arc_project_load_tags()
 * if the tags are unknown. */
int arc_base_previous_tag(const struct arc_base_request *request, const char *tag, char **out,
                          bool *is_first, struct arc_error *err);

/* ---- what GitHub's API knows of commits that the clone lacks (api.c) ------------------------- */

/* Fills the event with the commits of the pull request that was commented on (event->on_pull).
 * Errors as in struct arc_transport. */
int arc_changes_api_comment(const struct arc_env *env, struct arc_event *event,
                            struct arc_error *err);

/* Calls `each` for every file that the API lists for the event's pull request. A rename is an added
 * file with its old name, and a deleted one. A non-zero return value ends the list and is returned.
 * Fails closed, calling nothing: ARC_ELIMIT if the list may be incomplete; ARC_EWORLD, ARC_EFAILED
 * and ARC_ENOTFOUND as in struct arc_transport. */
int arc_changes_api(const struct arc_env *env, const struct arc_event *event,
                    int (*each)(void *context, const struct arc_changed_file *file), void *context,
                    struct arc_error *err);

/* The merge base of two commits, in one request however long their histories. Errors as in struct
 * arc_transport, after a short timeout, since git can answer too. */
int arc_changes_api_merge_base(const struct arc_env *env, const struct arc_event *event,
                               const struct arc_oid *a, const struct arc_oid *b,
                               struct arc_oid *out, struct arc_error *err);
