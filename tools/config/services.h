/* The services of a group. */
#ifndef ARC_CONFIG_SERVICES_H
#define ARC_CONFIG_SERVICES_H

#include "arcci/config.h"
#include "yaml/yaml.h"

/* What reading a group's services needs at hand. */
struct arc_services_reading {
    const char *root;          /* of the work tree */
    struct arc_config *config; /* all groups so far, this one last */
    struct arc_error *err;
};

/* Reads `services`: directories, globs of directories, YAML files and mappings, in this order. A
 * glob leaves out what an entry before it took. Fills the services of the last group; ARC_EINPUT
 * with the place for what is wrong, as arc_config_load(). */
int arc_services_read(const struct arc_services_reading *reading, const struct arc_yaml_node *list,
                      struct arc_group *group);

#endif
