/* Reads the facts of struct arc_repository. */
#pragma once

#include "arcci/repository.h"
#include "git/git.h"

/* Reads only `source`, from the environment or the remote. */
int arc_repository_read_source(const struct arc_git *git, struct arc_repository *out,
                               struct arc_error *err);

/* Reads everything except the tags. The commit is that of `tag` (may be NULL) if it exists, else
 * HEAD. The source is GITHUB_SERVER_URL/GITHUB_REPOSITORY, else the remote `origin`. ARC_EINPUT in
 * a bare repository, ARC_ENOTFOUND without a commit. The caller frees *out, even after an error. */
int arc_repository_read(const struct arc_git *git, const char *tag, struct arc_repository *out,
                        struct arc_error *err);

/* The commit that is checked out, in hexadecimal digits; "" without one. */
void arc_repository_head(const struct arc_git *git, char commit[65]);

/* Whether a commit is `of`, or merges it into its base, as what a pull request's job checks out
 * does. */
bool arc_commit_is_of(const struct arc_git *git, const char *commit, const char *of);

/* Reads which tags have a published release, and which were withdrawn, if GITHUB_REPOSITORY and a
 * token are set; else published_unknown says why that is unknown. Fails only when out of memory. */
int arc_repository_read_published(const struct arc_env *env, struct arc_repository *out,
                                  struct arc_error *err);

void arc_repository_free(struct arc_repository *repository);
