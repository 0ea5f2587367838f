/* Matches lists of paths with globs, for `arc-ci glob`. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* The most bytes read from stdin, 256 MiB. */
#define ARC_GLOB_LINES_MAX ((size_t)256 << 20)

/* Appends the paths that match at least one pattern to `out`, one per line. `patterns` and `paths`
 * are arrays of strings. If `paths` is NULL, reads the lines of stdin, which may be quoted as git
 * does, start with "./" or end with CR. `nul`: paths end with NUL and are taken as they are (git
 * ls-files -z); otherwise, `visible` escapes them with arc_text_visible(). Appends a string to the
 * array `notes` for each pattern that matches only itself. Sets *count to the number of matching
 * paths. Errors as arc_glob_compile(). */
int arc_glob_filter(const json_t *patterns, const json_t *paths, bool nul, bool visible,
                    struct arc_buf *out, json_t *notes, size_t *count, struct arc_error *err);
