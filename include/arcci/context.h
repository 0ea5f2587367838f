/* What a run is about: the repository, its configuration, one release group, and a version. */
#ifndef ARCCI_CONTEXT_H
#define ARCCI_CONTEXT_H

#include "arcci/config.h"
#include "arcci/repository.h"
#include <jansson.h>

/* What the caller asks for; any of it may be NULL. */
struct arc_context_options {
    const char *tag;    /* release tag; NULL: GITHUB_REF where that is a tag, else none */
    const char *group;  /* group's name; NULL: the tag's, else the only one there is */
    const char *config; /* configuration file; NULL: .github/arc-ci.yaml */
};

/* Owned, but for `group`, which points into `config`. */
struct arc_context {
    struct arc_repository repository;
    struct arc_config config;
    const struct arc_group *group;
    json_t *version; /* version.json; NULL without a tag */
};

/* Reads all of it. ARC_EINPUT when the tag belongs to no group, or the group is not clear. */
int arc_context_load(const struct arc_env *env, const struct arc_context_options *options,
                     struct arc_context *out, struct arc_error *err);
void arc_context_free(struct arc_context *context);

/* version.json of a tag (NULL: GITHUB_REF) as seen from env->cwd, where a repository and a
 * configuration are used if they are there: the repository's tags decide `latest`, the group's
 * zero-prerelease what 0.x is. Without a repository nothing is latest. New reference. */
int arc_context_version(const struct arc_env *env, const char *tag, json_t **out,
                        struct arc_error *err);

#endif
