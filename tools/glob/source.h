/* Turns a glob into the regular expression of picomatch 2.3.1 with {dot: true}. Follows its parse()
 * and fastpaths() step by step, since only they define the meaning of unusual patterns. */
#pragma once

#include "glob/units.h"

/* Appends the regular expression for a pattern of `len` units (1 … ARC_GLOB_MAX) to `source`. Sets
 * *negated if the paths that it does not match are those that match. Returns false if out of
 * memory. */
bool arc_glob_source(const uint16_t *pattern, size_t len, struct arc_units *source, bool *negated);
