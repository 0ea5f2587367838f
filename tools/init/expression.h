/* Texts of workflows with their expressions filled in, as far as the repository tells. */
#ifndef ARC_INIT_EXPRESSION_H
#define ARC_INIT_EXPRESSION_H

#include "init/proposal.h"

/* GitHub docs, "Usage limits": a matrix makes at most 256 jobs. */
#define INIT_CELLS_MAX 256

/* A node as JSON with all scalars as texts, and each ${{ … }} in them replaced: "matrix.app",
 * "env.X", "inputs.y", "github.repository" by what `scope` (an object of such objects) has, 'text'
 * as it is, A || B and A && B as GitHub has them, where they are known; anything else by
 * INIT_UNKNOWN. A new reference; null for no node. */
json_t *init_expand_node(struct init *init, const struct arc_yaml_node *node, const json_t *scope);

/* The cells of a job's matrix, an array of objects, with `include` and `exclude`: [{}] without one,
 * at most 256. A matrix that only a run knows gives one empty cell. A new reference. */
json_t *init_matrix_cells(struct init *init, const struct arc_yaml_node *job, const json_t *scope);

#endif
