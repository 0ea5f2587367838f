/* Globs tried on lists of paths: what `arc-ci glob` does. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* Most bytes of input from stdin, 256 MiB. */
#define ARC_GLOB_LINES_MAX ((size_t)256 << 20)

/* How paths are read and written. */
struct arc_glob_lines {
    bool nul;     /* a NUL behind each path, and nothing else means anything (git ls-files -z) */
    bool visible; /* a path that could drive a terminal or leave its line as arc_text_visible() */
};

/* Appends to `out` the paths that match at least one of the patterns, one line each. `patterns` and
 * `paths` are arrays of strings; paths NULL: the lines of stdin, in which names in quotes (as git
 * prints them), a "./" before and a CR behind are understood. Notes on patterns that match only
 * themselves are appended to `notes`, an array of strings. *count is how many paths matched. Errors
 * as arc_glob_compile(). */
int arc_glob_filter(const json_t *patterns, const json_t *paths, const struct arc_glob_lines *how,
                    struct arc_buf *out, json_t *notes, size_t *count, struct arc_error *err);
