/* A target of bake as a service. */
#ifndef ARC_CONFIG_BAKE_FILE_H
#define ARC_CONFIG_BAKE_FILE_H

#include "config/fields.h"
#include <jansson.h>

/* Appends a target (of bake --print) to the group's services. `linked`: it gets no tag, since
 * nobody asked for it. `files` are where it stands; a change of them is one of its own. ARC_EINPUT
 * for what a plan cannot carry. */
int arc_bake_add_target(const struct arc_loading *l, struct arc_group *group, const char *name,
                        const json_t *target, bool linked, char **files, const json_t *version);

#endif
