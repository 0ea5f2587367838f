/* Path patterns of Go's path/filepath.Match (sources of COPY and ADD) and of moby's patternmatcher
 * (.dockerignore): "*" stops at a slash, "**" does not. */
#pragma once

#include "arcci/arena.h"

struct arc_path_pattern;

/* Compiles a pattern into `memory`. `ignore`: by the rules of .dockerignore. ARC_EINPUT if it is
 * malformed (an unclosed bracket, an empty class) or a regular expression to patternmatcher ("\d",
 * "[[:digit:]]"), ARC_ELIMIT if it is longer than a path can be. */
int arc_path_pattern_new(struct arc_arena *memory, const char *text, bool ignore,
                         struct arc_path_pattern **out);

/* Whether the pattern matches the path or a directory above it. "" matches every path. Takes time in
 * proportion to the product of both lengths at most. */
bool arc_path_pattern_match(const struct arc_path_pattern *pattern, const char *path, size_t len);
