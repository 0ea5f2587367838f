/* Reads the facts of struct arc_repository. */
#pragma once

#include "arcci/repository.h"
#include "git/git.h"

/* Reads `source` alone, of the environment or the remote. */
int arc_repository_read_source(const struct arc_git *git, const struct arc_env *env,
                               struct arc_repository *out, struct arc_error *err);

/* Reads all but the tags. The commit is the tag's, if `tag` (may be NULL) exists, else HEAD. The
 * source is GITHUB_SERVER_URL/GITHUB_REPOSITORY, else the remote `origin`. ARC_EINPUT in a bare
 * repository, ARC_ENOTFOUND without a commit. On an error the caller still frees *out. */
int arc_repository_read(const struct arc_git *git, const struct arc_env *env, const char *tag,
                        struct arc_repository *out, struct arc_error *err);

/* Reads which tags have a published release, and whose was withdrawn, where GITHUB_REPOSITORY and a
 * token say whom to ask; published_unknown says why they are not known. Fails only for want of
 * memory. */
int arc_repository_read_published(const struct arc_env *env, struct arc_repository *out,
                                  struct arc_error *err);

void arc_repository_free(struct arc_repository *repository);
