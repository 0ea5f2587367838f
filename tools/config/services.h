/* The services of a group. */
#ifndef ARC_CONFIG_SERVICES_H
#define ARC_CONFIG_SERVICES_H

#include "config/fields.h"

/* Reads `services`: directories, globs of directories, YAML files and mappings, in this order. A
 * glob leaves out what an entry before it took. Fills the services of the group, the last of the
 * configuration so far; ARC_EINPUT with the place for what is wrong, as arc_config_load(). */
int arc_services_read(const struct arc_loading *l, const struct arc_config *config,
                      const struct arc_yaml_node *list, struct arc_group *group);

#endif
