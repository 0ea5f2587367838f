/* A service being read, and the parts of the configuration with a file of code each. */
#pragma once

#include "config/build.h"

/* A service as written, and what is processed later. */
struct arc_service_reading {
    struct arc_service service;
    struct arc_service_reading *variants; /* overrides, applied in order */
    size_t variant_count;
    char **image; /* templates for its images' names */
    bool named;   /* a variant sets its own codename; the same for its image's name */
    bool titled;
    char *inputs; /* "directory" or "dockerfile"; NULL: not set */
};

/* ---- variants.c: one Dockerfile, many images */

/* At most this many variants per service. */
#define ARC_VARIANTS_MAX 256

/* Reads the list of mappings, or the matrix of build arguments (with `exclude`), into the variants
 * of *out. NULL gives none. ARC_EINPUT with the place. */
int arc_variants_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                      const struct arc_place_base *base, struct arc_service_reading *out);

/* ---- services.c */

/* Reads `services` (directories, globs of directories, YAML files, mappings) into the group, the
 * last of the configuration so far. A glob skips directories that earlier entries have. ARC_EINPUT
 * with the place, as arc_config_load(). */
int arc_services_read(const struct arc_loading *l, const struct arc_config *config,
                      const struct arc_yaml_node *list, struct arc_group *group);

/* ---- signing.c: `sign` of a group */

/* Reads "cosign" or a mapping (docs/configuration.md) into *out; without a node nothing is signed.
 * ARC_EINPUT with the place for keys that do not fit together, or a missing file. */
int arc_signing_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                     struct arc_signing *out);

/* ---- train.c: `includes`, a group that is made of others */

/* Reads `includes` of a group, a list of groups, each a name or {group, version}, and refuses keys of groups that build,
 * since a train does not. */
int arc_train_read(const struct arc_loading *l, const struct arc_yaml_node *map,
                   struct arc_group *out);

/* Finds the groups in trains, and checks that they build images. */
int arc_trains_check(const struct arc_yaml_node *groups, const struct arc_config *config,
                     struct arc_error *err);
