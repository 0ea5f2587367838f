/* What is left to git itself: fetching, and questions about a history that is cut, where libgit2
 * stumbles over the commits that are missing. git runs without hooks and never asks for a password;
 * a remote on GITHUB_SERVER_URL that refuses gets the workflow's token (git/token.h). */
#ifndef ARC_GIT_FETCH_H
#define ARC_GIT_FETCH_H

#include "git/git.h"

/* Fetches a branch (into refs/remotes/origin/NAME), a tag (into refs/tags/NAME) or a commit of the
 * remote `origin`, `depth` commits deep (0: all of it), commits and trees without file contents.
 * ARC_ENOTFOUND when the remote has no such thing or there is no remote or no git; ARC_EWORLD when
 * it cannot be reached. */
int arc_git_fetch(const struct arc_git *git, const struct arc_env *env, const char *name,
                  unsigned depth, struct arc_error *err);

/* Gets `commits` more commits behind each point where the history of two commits is cut (`b` may be
 * NULL). *more tells whether it still is cut and the remote gave something. Errors as
 * arc_git_fetch(). */
int arc_git_deepen(const struct arc_git *git, const struct arc_env *env, const struct arc_oid *a,
                   const struct arc_oid *b, unsigned commits, bool *more, struct arc_error *err);

/* As arc_git_merge_base() in a shallow clone. */
int arc_git_merge_base_shallow(const struct arc_git *git, const struct arc_env *env,
                               const struct arc_oid *a, const struct arc_oid *b,
                               struct arc_oid *out, struct arc_error *err);

/* The names of all tags: the local ones; a clone, which may lack some whatever its depth, asks the
 * remote `origin`. New reference. ARC_ENOTFOUND or ARC_EWORLD when it cannot be asked. */
int arc_git_all_tags(const struct arc_git *git, const struct arc_env *env, json_t **out,
                     struct arc_error *err);

#endif
