/* `sign` of a release group. */
#ifndef ARC_CONFIG_SIGNING_H
#define ARC_CONFIG_SIGNING_H

#include "config/fields.h"

/* Reads "cosign" or a mapping (docs/configuration.md); without a node nothing is signed. What is
 * read joins *out. ARC_EINPUT with the place for what does not belong together, or a file that is
 * not there. */
int arc_signing_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                     struct arc_signing *out);

#endif
