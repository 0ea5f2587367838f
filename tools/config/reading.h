/* A service being read, and the parts of the configuration with a file of code each. */
#pragma once

#include "config/build.h"

/* A service as written, and what is processed later. */
struct arc_service_reading {
    struct arc_service service;
    struct arc_service_reading *variants; /* overrides, applied in order */
    size_t variant_count;
    char **image; /* templates for its images' names */
    bool named;   /* the last overlay, a variant, sets its own codename; the same for its name */
    bool titled;
    char *inputs; /* "directory" or "dockerfile"; NULL: not set */
};

/* ---- service.c: its service.yaml, and its entry in arc-ci.yaml */

/* Reads a mapping into *out, which must be zeroed. `open`: it is a service.yaml, which may contain
 * keys of other tools. */
int arc_service_read_map(const struct arc_loading *l, const struct arc_yaml_node *map, bool open,
                         struct arc_service_reading *out);

/* Reads the service file `file` of `directory`, both relative to the root. ARC_ENOTFOUND if it does
 * not exist. */
int arc_service_read_file(const struct arc_loading *l, const char *directory, const char *file,
                          struct arc_service_reading *out);

/* Overrides fields of *out with those in `entry`. */
int arc_service_overlay(const struct arc_loading *l, struct arc_service_reading *out,
                        const struct arc_service_reading *entry);

/* Fills in defaults: names from the directory's, empty lists, the group's recipe (see
 * arc_recipe_complete()) and the source of inputs. `group` may be NULL. ARC_EINPUT, without a
 * place, if no name can be made. */
int arc_service_complete(const struct arc_loading *l, struct arc_service_reading *reading,
                         const struct arc_group *group);

/* The codename for a bake target or a service of Compose: lower case, with '-' for other characters
 * than letters and digits, and "t-" in front of one that starts with no letter: "_base", "3scale". */
char *arc_codename_of_target(struct arc_arena *memory, const char *name);

/* Makes service.images: each template for every registry, without duplicates. ARC_EINPUT if one is
 * not a valid name. */
int arc_service_make_images(const struct arc_loading *l, struct arc_service *service,
                            char *const *templates, const struct arc_group *group);

/* ---- variants.c: one Dockerfile, many images */

/* At most this many variants per service. */
#define ARC_VARIANTS_MAX 256

/* Reads the list of mappings, or the matrix of build arguments (with `exclude`), into the variants
 * of *out. NULL gives none. ARC_EINPUT with the place. */
int arc_variants_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                      struct arc_service_reading *out);

/* ---- services.c */

/* Reads `services` (directories, globs of directories, YAML files, mappings) into the group, the
 * last of the configuration so far. A glob skips directories that earlier entries have. ARC_EINPUT
 * with the place, as arc_config_load(). */
int arc_services_read(const struct arc_loading *l, const struct arc_config *config,
                      const struct arc_yaml_node *list, struct arc_group *group);
