/* Texts of workflows with their expressions filled in, as far as the repository tells. */
#ifndef ARC_INIT_EXPRESSION_H
#define ARC_INIT_EXPRESSION_H

#include "arcci/buf.h"
#include "yaml/yaml.h"
#include <jansson.h>
#include <stdbool.h>

/* GitHub docs, "Usage limits": a matrix makes at most 256 jobs. */
#define INIT_CELLS_MAX 256

/* Stands in a text for what only a run knows. */
#define INIT_UNKNOWN '\x01'

/* Appends the text with each ${{ … }} replaced: "matrix.app", "env.X", "inputs.y", "github.repository"
 * by what `scope` (an object of such objects) has, 'text' as it is, A || B and A && B as GitHub
 * has them, where they are known; anything else by INIT_UNKNOWN. */
void init_expand(const char *text, const json_t *scope, struct arc_buf *out);

/* A node as JSON with all scalars as texts, expanded. A new reference; NULL when out of memory. */
json_t *init_expand_node(const struct arc_yaml_node *node, const json_t *scope);

/* The cells of a job's matrix, an array of objects, with `include` and `exclude`: [{}] without one,
 * at most 256. A matrix that only a run knows gives one empty cell. A new reference. */
json_t *init_matrix_cells(const struct arc_yaml_node *job, const json_t *scope);

#endif
