/* A group whose services are the targets of a bake file. */
#ifndef ARC_CONFIG_BAKE_FILE_H
#define ARC_CONFIG_BAKE_FILE_H

#include "arcci/config.h"
#include "arcci/env.h"
#include <jansson.h>

/* Fills the services of a group that has a `bake` section from what `docker buildx bake --print` says: each target with tags
 * is one. Variables get values from `version` (version.json; NULL: they keep their defaults); the child sees no other
 * variable of the environment than it needs, since a bake file prints what it is given. Services that are there are made
 * anew. ARC_EWORLD without docker; ARC_EINPUT when bake refuses the file. */
int arc_bake_resolve(const struct arc_env *env, const char *root, struct arc_group *group,
                     const json_t *version, struct arc_error *err);

#endif
