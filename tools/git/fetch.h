/* Fetches what a clone lacks from its remote: commits, trees and tags. Nothing is written into the
 * clone (git/scratch.h), but objects count as its own until arc_git_free(). git runs without hooks
 * and never prompts; if a remote on GITHUB_SERVER_URL refuses, it gets the workflow's token
 * (git/run.h). */
#pragma once

#include "git/git.h"

/* Allows the functions below, and those that read trees and blobs, to fetch, at first up to `depth`
 * generations of commits; 0, the default, forbids it. */
void arc_git_allow_fetching(const struct arc_git *git, unsigned depth);

/* Fetches a branch, a tag, another ref ("refs/…") or a commit, with some of its history and that of
 * the commits in `also`; *out is the commit. ARC_ENOTFOUND if the remote does not have it, or
 * without a remote or git; ARC_EWORLD if the remote cannot be reached. */
int arc_git_fetch(const struct arc_git *git, const char *name, const struct arc_oid *also,
                  size_t also_count, struct arc_oid *out, struct arc_error *err);

/* Fetches commits with all their trees, without files and without history. Errors as
 * arc_git_fetch(). */
int arc_git_fetch_trees(const struct arc_git *git, const struct arc_oid *commits, size_t count,
                        struct arc_error *err);

/* As arc_git_merge_base(), but in a shallow clone fetches history until no missing commit could
 * change the answer. ARC_ENOTFOUND if that fails or fetching is not allowed. */
int arc_git_find_merge_base(const struct arc_git *git, const struct arc_oid *a,
                            const struct arc_oid *b, struct arc_oid *out, struct arc_error *err);

/* The ancestor of a commit by git's steps "~3" or "^2~1", fetching as arc_git_find_merge_base().
 * ARC_ENOTFOUND if there is none; ARC_EINPUT for other steps. */
int arc_git_find_ancestor(const struct arc_git *git, const struct arc_oid *from, const char *steps,
                          struct arc_oid *out, struct arc_error *err);

/* Whether each of the commits is `head` or an ancestor of it, fetching as
 * arc_git_find_merge_base(). */
int arc_git_find_ancestors(const struct arc_git *git, const struct arc_oid *head,
                           const struct arc_oid *commits, size_t count, bool *are,
                           struct arc_error *err);

/* Whether a CI system runs this: its clones may lack tags, at any depth. */
bool arc_git_in_ci(const struct arc_git *git);

/* The names of all tags: the local ones and, for a clone, which may lack some at any depth, those
 * of the remote, requested once. A new reference. ARC_ENOTFOUND or ARC_EWORLD if the remote does
 * not answer. */
int arc_git_all_tags(const struct arc_git *git, json_t **out, struct arc_error *err);

/* The commit of a tag at the remote, requested now; without a remote, the local tag's.
 * ARC_ENOTFOUND if there is no such tag, ARC_EWORLD if the remote does not answer. */
int arc_git_ask_tag(const struct arc_git *git, const char *name, struct arc_oid *out,
                    struct arc_error *err);

/* The commit of a tag from arc_git_all_tags(); the clone may lack it. */
int arc_git_tag_commit(const struct arc_git *git, const char *name, struct arc_oid *out,
                       struct arc_error *err);

/* Fetches the object of an annotated tag of the remote, whose tags it asks for once, like
 * arc_git_all_tags(). ARC_ENOTFOUND or ARC_EWORLD. */
int arc_git_fetch_tag(const struct arc_git *git, const char *name, struct arc_oid *out,
                      struct arc_error *err);
