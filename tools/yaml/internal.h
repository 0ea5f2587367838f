/* Shared by the files that make up yaml/. */
#pragma once

#include "yaml/yaml.h"

/* The type of a plain scalar in the core schema (YAML 1.2.2 §10.3.2, with the digit separators that
 * js-yaml 4 allows). A NUL follows the text. */
enum arc_yaml_type arc_yaml_core_type(const char *text, size_t len);

/* Ends a mapping: replaces merge keys by the pairs of what they name, and refuses duplicates. A
 * pair of the mapping itself wins over a merged one, an earlier merge over a later one; a pair
 * stays where its key was met first (as in js-yaml). */
int arc_yaml_map_finish(struct arc_yaml_node *map, struct arc_arena *arena, struct arc_error *err);

/* Adds a child's weight and depth to its parent's. ARC_ELIMIT beyond the maxima, at that place. */
int arc_yaml_weigh(struct arc_yaml_node *parent, const struct arc_yaml_node *child, unsigned line,
                   unsigned column, struct arc_error *err);
