/* From a glob to the source of the regular expression that picomatch 2.3.1 makes of it with
 * {dot: true}: its parse() and fastpaths(), kept step by step, since the meaning of unusual
 * patterns is nowhere written down but there. */
#ifndef ARCCI_BASE_GLOB_SOURCE_H
#define ARCCI_BASE_GLOB_SOURCE_H

#include "base/glob_units.h"

/* The source for `len` units of pattern (1 … ARC_GLOB_MAX), added to `source`; *negated tells that
 * a path matches when the whole source does not. Returns false when memory ran out. */
bool arc_glob_source(const uint16_t *pattern, size_t len, struct arc_units *source, bool *negated);

/* The source for a few shapes of pattern that picomatch treats apart ("*", "**" "/" "*.js" …): adds
 * it and returns true, or returns false for any other pattern. */
bool arc_glob_source_fast(const uint16_t *pattern, size_t len, struct arc_units *source);

/* The source for a pattern without braces, brackets, parentheses, slashes and quotes that does not
 * start with * or !; false for any other pattern. */
bool arc_glob_source_simple(const uint16_t *pattern, size_t len, struct arc_units *source);

/* picomatch's constants.js, POSIX_CHARS. */
#define GLOB_SLASH         "\\/"
#define GLOB_DOT           "\\."
#define GLOB_ONE_CHAR      "(?=.)"
#define GLOB_QMARK         "[^/]"
#define GLOB_STAR          "[^/]*?"
#define GLOB_END_ANCHOR    "(?:\\/|$)"
#define GLOB_START_ANCHOR  "(?:^|\\/)"
#define GLOB_DOTS_SLASH    "\\.{1,2}" GLOB_END_ANCHOR
#define GLOB_NO_DOTS       "(?!" GLOB_START_ANCHOR GLOB_DOTS_SLASH ")"
#define GLOB_NO_DOT_SLASH  "(?!\\.{0,1}" GLOB_END_ANCHOR ")"
#define GLOB_NO_DOTS_SLASH "(?!" GLOB_DOTS_SLASH ")"
#define GLOB_GLOBSTAR      "(?:(?:(?!" GLOB_START_ANCHOR GLOB_DOTS_SLASH ").)*?)"

#endif
