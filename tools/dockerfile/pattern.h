/* Patterns of paths as Go's path/filepath.Match has them (the sources of COPY and ADD), and as
 * moby's patternmatcher has them (.dockerignore): a star stops at a slash, two stars do not. */
#pragma once

#include "arcci/arena.h"

struct arc_path_pattern;

/* Compiles a pattern. `ignore`: by the rules of .dockerignore. ARC_EINPUT when it is malformed
 * (a bracket that is not closed, an empty class), ARC_ELIMIT when it is longer than a path can be.
 * *out is in `memory`. */
int arc_path_pattern_new(struct arc_arena *memory, const char *text, bool ignore,
                         struct arc_path_pattern **out, struct arc_error *err);

/* Whether the pattern matches the path or a directory that it lies in. "" matches every path. The
 * cost grows with the product of both lengths and no faster. */
bool arc_path_pattern_match(const struct arc_path_pattern *pattern, const char *path, size_t len);
