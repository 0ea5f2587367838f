/* From a glob to the source of the regular expression that picomatch 2.3.1 makes of it with
 * {dot: true}: its parse() and fastpaths(), kept step by step, since the meaning of unusual
 * patterns is nowhere written down but there. */
#pragma once

#include "glob/units.h"

/* The source for `len` units of pattern (1 … ARC_GLOB_MAX), added to `source`; *negated tells that
 * a path matches when the whole source does not. Returns false when memory ran out. */
bool arc_glob_source(const uint16_t *pattern, size_t len, struct arc_units *source, bool *negated);
