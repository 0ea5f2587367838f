/* Patterns of assets: no shell expands those of an action's input. */
#ifndef ARC_RELEASE_PATTERNS_H
#define ARC_RELEASE_PATTERNS_H

#include "arcci/error.h"
#include <jansson.h>

/* Appends "[NAME=]FILE" for every file that "[NAME=]PATTERN" matches, in byte order, to `out`. What
 * has no wildcard, or is a file as it stands, is appended as it is. Symbolic links are not
 * followed. ARC_EINPUT when a pattern matches nothing, or a NAME stands for several files. */
int release_expand(const char *text, json_t *out, struct arc_error *err);

#endif
