/* What only the remote `origin` can tell: commits, trees and tags that a clone lacks. Nothing of it
 * is written into the clone (git/scratch.h); it counts as the clone's own until arc_git_free(). git
 * runs without hooks and never asks for a password; a remote on GITHUB_SERVER_URL that refuses gets
 * the workflow's token (git/token.h). */
#pragma once

#include "git/git.h"

/* Allows the functions below, and those that read trees and blobs, to fetch, at first up to `depth`
 * generations of commits; 0 forbids it, which is how a repository is opened. */
void arc_git_allow_fetching(const struct arc_git *git, unsigned depth);

/* Fetches a branch, a tag, another ref ("refs/…") or a commit, and with it some of its history and
 * of that of the commits in `also`; *out is the commit. ARC_ENOTFOUND when the remote has no such
 * thing or there is no remote or no git; ARC_EWORLD when it cannot be reached. */
int arc_git_fetch(const struct arc_git *git, const char *name, const struct arc_oid *also,
                  size_t also_count, struct arc_oid *out, struct arc_error *err);

/* Fetches commits with all their trees, without files and without history. Errors as
 * arc_git_fetch(). */
int arc_git_fetch_trees(const struct arc_git *git, const struct arc_oid *commits, size_t count,
                        struct arc_error *err);

/* As arc_git_merge_base(), which looks at what is here, but where history is cut it is fetched
 * until no commit that is missing could change the answer. ARC_ENOTFOUND when that fails, or when
 * nothing may be fetched. */
int arc_git_find_merge_base(const struct arc_git *git, const struct arc_oid *a,
                            const struct arc_oid *b, struct arc_oid *out, struct arc_error *err);

/* The ancestor of a commit that git's "~3" or "^2~1" lead to, fetching as
 * arc_git_find_merge_base(). ARC_ENOTFOUND when there is none; ARC_EINPUT for other steps. */
int arc_git_find_ancestor(const struct arc_git *git, const struct arc_oid *from, const char *steps,
                          struct arc_oid *out, struct arc_error *err);

/* Whether each of the commits is `head` or an ancestor of it, fetching as
 * arc_git_find_merge_base(). */
int arc_git_find_ancestors(const struct arc_git *git, const struct arc_oid *head,
                           const struct arc_oid *commits, size_t count, bool *are,
                           struct arc_error *err);

/* The names of all tags: the local ones; a clone, which may lack some whatever its depth, asks the
 * remote `origin`, once. New reference. ARC_ENOTFOUND or ARC_EWORLD when it cannot be asked. */
int arc_git_all_tags(const struct arc_git *git, const struct arc_env *env, json_t **out,
                     struct arc_error *err);

/* The commit that a tag leads to on the remote `origin`, which is asked now; in a repository
 * without one, here. ARC_ENOTFOUND when there is no such tag, ARC_EWORLD when the remote cannot be
 * asked. */
int arc_git_ask_tag(const struct arc_git *git, const struct arc_env *env, const char *name,
                    struct arc_oid *out, struct arc_error *err);

/* The commit of a tag that arc_git_all_tags() named; it need not be here. */
int arc_git_tag_commit(const struct arc_git *git, const char *name, struct arc_oid *out,
                       struct arc_error *err);
