/* `variants` of a service: one Dockerfile, many images. */
#ifndef ARC_CONFIG_VARIANTS_H
#define ARC_CONFIG_VARIANTS_H

#include "config/fields.h"
#include "config/reading.h"

/* Most variants of one service. */
#define ARC_VARIANTS_MAX 256

/* Reads the list of mappings, or the matrix of build arguments (with `exclude`), into the variants
 * of *out. NULL gives none. ARC_EINPUT with the place. */
int arc_variants_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                      struct arc_service_reading *out);

#endif
