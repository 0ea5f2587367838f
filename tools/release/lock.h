/* The lock file of a train: which releases it is made of, and their images by digest. */
#ifndef ARC_RELEASE_LOCK_H
#define ARC_RELEASE_LOCK_H

#include "arcci/documents.h"
#include <jansson.h>

/* Makes platform.lock.json (docs/schema/lock.schema.json) of a train's plan and build (each may be
 * NULL), and its name as an asset, which the caller frees. *out is NULL for another plan, else a
 * new reference. */
int release_lock(const struct arc_plan *plan, const struct arc_ledger *build, json_t **out,
                 char **name, struct arc_error *err);

#endif
