/* Runs an automaton forwards and assumes that every lookahead holds, to find what a matching text
 * may start with. It may accept too much but never too little, so it can rule a directory out but
 * not promise a match. */
#pragma once

#include "glob/automaton.h"

/* The state of one run. May be reused for programs of up to `size` nodes. */
struct arc_reach {
    uint32_t *cells, *others; /* the current step's and the previous step's cells */
    size_t cell_count;
    uint32_t *todo;
    uint32_t *seen; /* by node: the step that last reached it */
    uint32_t step;
    size_t size;
    bool end; /* whether the text may end here */
};

bool arc_reach_init(struct arc_reach *reach, size_t nodes);
void arc_reach_free(struct arc_reach *reach);

/* Starts a run at a node of the program. */
void arc_reach_start(struct arc_reach *reach, const struct arc_program *program, uint32_t start);
/* Consumes a unit; returns whether a matching text can continue after it. */
bool arc_reach_unit(struct arc_reach *reach, const struct arc_program *program, uint16_t unit);
/* As arc_reach_unit(), for bytes decoded as UTF-8. */
bool arc_reach_text(struct arc_reach *reach, const struct arc_program *program, const char *text,
                    size_t len);
/* Returns the next unit if all longer matching texts share it, otherwise -1. */
int arc_reach_only(const struct arc_reach *reach, const struct arc_program *program);
