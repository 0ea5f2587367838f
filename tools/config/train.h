/* `includes`: a release group that is made of others. */
#ifndef ARC_CONFIG_TRAIN_H
#define ARC_CONFIG_TRAIN_H

#include "config/fields.h"

/* Reads the list of groups, each a name or {group, version}, and refuses what a group needs that
 * builds: a train builds nothing. */
int arc_train_read(const struct arc_loading *l, const struct arc_yaml_node *map,
                   const struct arc_yaml_node *node, struct arc_group *out);

/* Whether the groups that the trains include are there, build images, and give them other names. */
int arc_trains_check(const struct arc_yaml_node *groups, const struct arc_config *config,
                     struct arc_error *err);

#endif
