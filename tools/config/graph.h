/* How the services of a configuration stand to one another. */
#pragma once

#include "arcci/config.h"
#include "yaml/yaml.h"

/* Most services of one group; a matrix of GitHub's has 256 legs at most. */
#define ARC_SERVICES_MAX 1000

/* The group's service of that codename; NULL when there is none. */
const struct arc_service *arc_group_find_service(const struct arc_group *group,
                                                 const char *codename);

/* What a service may be built for: its own platforms, else all of the group's, each once. NULL where
 * there are none; the list may be the service's own. */
int arc_service_platforms(const struct arc_group *group, const struct arc_service *service,
                          struct arc_arena *memory, char ***out, struct arc_error *err);

/* ARC_EINPUT at `entry` if the service's directory, codename or image is another's already. */
int arc_config_unique(const struct arc_config *config, const struct arc_service *service,
                      const struct arc_yaml_node *entry, struct arc_error *err);

/* ARC_EINPUT, showing the cycle, if services that are rebuilt with what they depend on depend on
 * themselves. The place is the depends_on entry that closes it. */
int arc_config_acyclic(const char *root, const struct arc_config *config, struct arc_error *err);
