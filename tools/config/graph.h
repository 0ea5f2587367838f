/* Relations between the services of a configuration. */
#pragma once

#include "arcci/config.h"
#include "yaml/yaml.h"

/* At most this many services per group; GitHub's matrices have at most 256 legs. */
#define ARC_SERVICES_MAX 1000

/* The group's service with that codename; NULL if there is none. */
const struct arc_service *arc_group_find_service(const struct arc_group *group,
                                                 const char *codename);

/* The length of the directory that a file makes a service for the globs of `services`: service.yaml,
 * or the Dockerfile, whose name in the build section is `dockerfile` (NULL: none is given). 0 for
 * other files. `path` is from the root. */
size_t arc_service_directory(const char *path, const char *dockerfile);

/* The platforms of a service: its own, else all of the group's, without duplicates. NULL if there
 * are none; may be the service's own list. */
int arc_service_platforms(const struct arc_group *group, const struct arc_service *service,
                          struct arc_arena *memory, char ***out, struct arc_error *err);

/* ARC_EINPUT at `entry` if another service has the service's directory, codename or image. */
int arc_config_unique(const struct arc_config *config, const struct arc_service *service,
                      const struct arc_yaml_node *entry, struct arc_error *err);

/* Checks groups whose services are known now: ARC_EINPUT at one that a bake or compose file defines
 * if another has the codename of one of its services, or gives one of its images the same name; and
 * at a train that gives images a name which a group in it gives them. */
int arc_config_distinct(const struct arc_config *config, struct arc_error *err);

/* ARC_EINPUT, showing the cycle, if services depend on themselves. The place is the depends_on
 * entry that closes it. */
int arc_config_acyclic(const char *root, const struct arc_config *config, struct arc_error *err);
