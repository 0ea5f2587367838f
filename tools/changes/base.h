/* Which two states of the repository `changes` compares, and why. The rules, event by event, are in
 * docs/changes.md; where they differ from paths-filter, docs/parity.md says so. */
#pragma once

#include "arcci/changes.h"
#include "arcci/project.h"
#include "git/git.h"

struct arc_base_request {
    struct arc_project *project;
    const struct arc_env *env;
    const struct arc_git *git;
    const struct arc_event *event;
    const char *base; /* branch, tag, commit, "HEAD" for uncommitted changes; NULL: the event's */
    const char *ref;  /* the same for the head; NULL: the event's */
    unsigned fetch_depth; /* commits to fetch at first when history is cut; 0: never fetch */
    bool api;             /* the API may be asked for a pull request's files */
    bool token;         /* there is a token: a pull request is what the API says it is, and the API
                             may be asked for a merge base */
    bool is_recorded;   /* the event is not this checkout's: what is checked out tells nothing */
    bool base_on_pulls; /* `base` counts on a pull request, too */
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

/* Chooses by the event; the head alone where each service has a base of its own. ARC_ENOTFOUND
 * when a commit it needs is not available; ARC_EINPUT when the inputs or the event do not say
 * enough. */
int arc_base_choose(const struct arc_base_request *request, bool head_alone, struct arc_base *out,
                    struct arc_error *err);
void arc_base_free(struct arc_base *base);

/* The name of the branch that `name` means, a part of it: `main` for main, heads/main,
 * refs/heads/main, and where the remote is called origin, origin/main and
 * refs/remotes/origin/main. NULL when it can be no branch: a tag
 * (tags/x, refs/tags/x), another ref, HEAD, a full commit. */
const char *arc_base_branch_name(const struct arc_git *git, const char *name);

/* The commit of a name: a branch as the origin has it, else as the clone has it, else a tag; else
 * anything arc_git_resolve() knows. HEAD is what is checked out. ARC_ENOTFOUND. */
int arc_base_resolve(const struct arc_git *git, const char *name, struct arc_oid *out,
                     struct arc_error *err);

/* As arc_base_resolve(), fetching what is not here: in a workflow, or where history is cut. A name
 * that a branch or a tag of the origin may have is looked for there before it is taken for the
 * beginning of a commit's. */
int arc_base_find(const struct arc_base_request *request, const char *name, struct arc_oid *out,
                  struct arc_error *err);

/* The same of a branch or tag to compare with, as the origin has it now. The clone of a CI may have
 * it as it was before: then what undoes a newer change would not differ from it. */
int arc_base_find_latest(const struct arc_base_request *request, const char *name,
                         struct arc_oid *out, struct arc_error *err);

/* Lets what is read from now on fetch what it lacks, as far as the request allows it: a choice that
 * was tried without the network has forbidden it. Whether it may. */
bool arc_base_may_fetch(const struct arc_base_request *request);

/* The merge base; empty when there is none. Where history is cut the API is asked for it if there
 * is a token, else as much is fetched as tells. ARC_ENOTFOUND when that fails. */
int arc_base_merge_base(const struct arc_base_request *request, const struct arc_oid *a,
                        const struct arc_oid *b, struct arc_oid *out, struct arc_error *err);

/* Whether each of the commits is `head` or before it, fetching what that takes. */
int arc_base_ancestors(const struct arc_base_request *request, const struct arc_oid *head,
                       const struct arc_oid *commits, size_t count, bool *are,
                       struct arc_error *err);

/* The first parent of a commit, fetched if need be; empty for a root commit. */
int arc_base_parent(const struct arc_base_request *request, const struct arc_oid *commit,
                    struct arc_oid *out, struct arc_error *err);

/* The tag before `tag` of the same family ("messaging/v", "v", ""), by the order of versions, be
 * they Semantic Versions, shorter (v1.2, release-18) or dates (v2024.02.10): the highest one below
 * its own; a stable one skips prereleases. *out is owned, NULL if there is none; *is_first: then
 * there was none, as for a Semantic Version, while numbers that are part of a name ("jan-2024")
 * order nothing; ARC_EINPUT if the tag holds no version; as arc_project_load_tags() when the tags
 * are not known. */
int arc_base_previous_tag(const struct arc_base_request *request, const char *tag, char **out,
                          bool *is_first, struct arc_error *err);
