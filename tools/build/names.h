/* Documents of a registry that mean one thing to us and another to docker. */
#ifndef ARC_BUILD_NAMES_H
#define ARC_BUILD_NAMES_H

#include "arcci/error.h"
#include <jansson.h>

/* docker and containerd (Go's encoding/json) read "Manifests" as "manifests", and the last of two
 * counts. ARC_EFAILED for a member whose name differs by case only from one that they read. */
int arc_names_check(const json_t *document, struct arc_error *err);

#endif
