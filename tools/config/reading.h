/* A service while its files are read, and the parts of the configuration that have a file each. */
#pragma once

#include "config/build.h"

/* A service as a file has it, and what takes a second look. */
struct arc_service_reading {
    struct arc_service service;
    const struct arc_yaml_node *build;
    const struct arc_yaml_node *variants_node;
    const struct arc_yaml_node *version_node;
    const struct arc_yaml_node *directory; /* of an entry; what it names is the caller's to find */
    struct arc_service_reading *variants;  /* to be laid over it, one after the other */
    size_t variant_count;
    char **image; /* templates of its images' names */
    bool named;   /* a variant says its own codename; its image's name likewise */
    bool titled;
    char *inputs; /* "directory" or "dockerfile"; NULL: not said */
};

/* ---- variants.c: one Dockerfile, many images */

/* Most variants of one service. */
#define ARC_VARIANTS_MAX 256

/* Reads the list of mappings, or the matrix of build arguments (with `exclude`), into the variants
 * of *out. NULL gives none. ARC_EINPUT with the place. */
int arc_variants_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                      const struct arc_place_base *base, struct arc_service_reading *out);

/* ---- services.c */

/* Reads `services`: directories, globs of directories, YAML files and mappings, in this order. A
 * glob leaves out what an entry before it took. Fills the services of the group, the last of the
 * configuration so far; ARC_EINPUT with the place for what is wrong, as arc_config_load(). */
int arc_services_read(const struct arc_loading *l, const struct arc_config *config,
                      const struct arc_yaml_node *list, struct arc_group *group);

/* ---- signing.c: `sign` of a group */

/* Reads "cosign" or a mapping (docs/configuration.md); without a node nothing is signed. What is
 * read joins *out. ARC_EINPUT with the place for what does not belong together, or a file that is
 * not there. */
int arc_signing_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                     struct arc_signing *out);

/* ---- train.c: `includes`, a group that is made of others */

/* Reads the list of groups, each a name or {group, version}, and refuses what a group needs that
 * builds: a train builds nothing. */
int arc_train_read(const struct arc_loading *l, const struct arc_yaml_node *map,
                   const struct arc_yaml_node *node, struct arc_group *out);

/* Whether the groups that the trains include are there, build images, and give them other names. */
int arc_trains_check(const struct arc_yaml_node *groups, const struct arc_config *config,
                     struct arc_error *err);
