/* `sign` of a release group. */
#ifndef ARC_CONFIG_SIGNING_H
#define ARC_CONFIG_SIGNING_H

#include "config/fields.h"

/* Reads "cosign" or a mapping (docs/configuration.md); without a node nothing is signed. What is
 * read joins *out, which is the caller's either way. ARC_EINPUT with the place for what does not
 * belong together, or a file that is not there. */
int arc_signing_read(const char *root, const struct arc_yaml_node *node, struct arc_signing *out,
                     struct arc_error *err);
void arc_signing_free(struct arc_signing *signing);

#endif
