/* The lock file of a train: which releases it is made of, and their images by digest. */
#ifndef ARC_RELEASE_LOCK_H
#define ARC_RELEASE_LOCK_H

#include "arcci/error.h"
#include <jansson.h>

/* Makes platform.lock.json (docs/schema/lock.schema.json) of a train's plan and build, and its name as
 * an asset, which the caller frees. *out is NULL for another plan, else a new reference. */
int release_lock(const json_t *plan, const json_t *build, json_t **out, char **name,
                 struct arc_error *err);

#endif
