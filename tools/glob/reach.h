/* Reads an automaton from its start, with every lookahead taken for granted: what a text may begin
 * with. Never too strict, so it can rule a directory out but not promise a match. */
#pragma once

#include "glob/automaton.h"

/* Room for one reading; may serve for programs of up to `size` nodes, one after another. */
struct arc_reach {
    uint32_t *cells, *others; /* the cells that wait for the next unit; those of the unit before */
    size_t cell_count;
    uint32_t *todo;
    uint32_t *seen; /* by node: the number of the step when it was last met */
    uint32_t step;
    size_t size;
    bool end; /* whether the text may end here */
};

bool arc_reach_init(struct arc_reach *reach, size_t nodes);
void arc_reach_free(struct arc_reach *reach);

/* Starts a reading at a node of the program. */
void arc_reach_start(struct arc_reach *reach, const struct arc_program *program, uint32_t start);
/* Takes a unit; returns whether any text can go on from there. */
bool arc_reach_unit(struct arc_reach *reach, const struct arc_program *program, uint16_t unit);
/* Takes bytes as UTF-8. */
bool arc_reach_text(struct arc_reach *reach, const struct arc_program *program, const char *text,
                    size_t len);
/* The only unit that a text which goes on can go on with, or -1. */
int arc_reach_only(const struct arc_reach *reach, const struct arc_program *program);
