/* One service: what its service.yaml and its entry in arc-ci.yaml say. */
#pragma once

#include "config/reading.h"

/* Reads a mapping into *out, which is zeroed. `open`: it is a service.yaml, which may hold keys of
 * other tools. */
int arc_service_read_map(const struct arc_loading *l, const struct arc_yaml_node *map, bool open,
                         const struct arc_place_base *base, struct arc_service_reading *out);

/* Reads the service file `file` of `directory`, both relative to the root. ARC_ENOTFOUND if it does
 * not exist. */
int arc_service_read_file(const struct arc_loading *l, const char *directory, const char *file,
                          struct arc_service_reading *out);

/* Takes from `entry` what it says, over what *out has. */
int arc_service_overlay(const struct arc_loading *l, struct arc_service_reading *out,
                        const struct arc_service_reading *entry);

/* Fills in what neither said: names from the directory's own, empty lists, the group's recipe (see
 * arc_recipe_complete()) and where the inputs come from. `group` may be NULL. ARC_EINPUT, to be
 * given a place, when no name can be made. */
int arc_service_complete(const struct arc_loading *l, struct arc_service_reading *reading,
                         const struct arc_group *group);

/* The codename of a name, of a target of bake too: lower case, '-' for what is no letter and no
 * digit. */
char *arc_codename_of(struct arc_arena *memory, const char *name);

/* Makes service.images: each template filled in for every registry, each name once. ARC_EINPUT when
 * one is not an image's name. */
int arc_service_make_images(const struct arc_loading *l, struct arc_service *service,
                            char *const *templates, const struct arc_group *group);

/* Makes what *service holds the group's last service. */
int arc_group_take_service(const struct arc_loading *l, struct arc_group *group,
                           const struct arc_service *service);
