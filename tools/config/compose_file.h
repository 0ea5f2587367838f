/* Compose's own answer about a compose file. */
#ifndef ARC_CONFIG_COMPOSE_FILE_H
#define ARC_CONFIG_COMPOSE_FILE_H

#include "arcci/buf.h"
#include <jansson.h>

/* Reads what `docker compose config` printed: each service with a build section becomes a target as `docker buildx bake
 * --print` has it, with Compose's meaning: `image` and `build.tags` are its tags, `platform` is its platform where the build
 * has none, paths are relative to `root` again. *out is a new reference. ARC_EINPUT for what bake cannot be told. */
int arc_compose_targets(const char *root, const struct arc_buf *text, json_t **out,
                        struct arc_error *err);

/* Adds to the files those that they include or extend, and the .env beside the first: what is in them counts as well. */
int arc_compose_files(const char *root, char ***files, struct arc_error *err);

#endif
