/* Reads the facts of struct arc_repository. */
#pragma once

#include "arcci/project.h"
#include "arcci/version.h"
#include "config/file_value.h"
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

/* ARC_EINPUT if a sparse checkout leaves out a service that a glob of the configuration matches:
 * its changes would not count, and it would not be built. */
int arc_project_check_sparse(const struct arc_git *git, const struct arc_config *config,
                             struct arc_error *err);

/* Whether the work tree lacks files that git tracks because the checkout is sparse. */
bool arc_project_is_sparse(const struct arc_git *git);

/* Reads the value at a place in a commit (NULL: the work tree) of an open project. *out, owned by
 * the caller, is NULL if there is no such file or value, or it is in Git LFS. ARC_EWORLD if the
 * clone lacks the file and cannot fetch it. */
int arc_project_value_at(struct arc_project *project, const struct arc_file_place *place,
                         const struct arc_oid *commit, char **out, struct arc_error *err);

/* ARC_EINPUT if the group's predecessor is no tag of the repository, whose tags are known. */
int arc_project_check_predecessor(const struct arc_project *project, const struct arc_group *group,
                                  struct arc_error *err);

/* What a tag's version is decided by: the tags and releases that are known so far, and the group
 * (or NULL). Borrows from the project. */
struct arc_version_options arc_project_version_options(const struct arc_project *project,
                                                       const struct arc_group *group);
