/* Runs an automaton over texts, and remembers the sets of nodes that it meets as states, so that a
 * unit mostly costs one look into a table. */
#pragma once

#include "glob/automaton.h"

/* What lies on one side of a position in the text. */
enum dfa_side {
    DFA_EDGE,  /* the start or end of the text */
    DFA_OTHER, /* any unit, or one that is not a word character where that matters */
    DFA_WORD,
};

struct arc_dfa {
    const struct arc_program *program; /* borrowed */
    uint16_t ascii[128];               /* the class of each ASCII unit */
    size_t raw_words, accept_words;    /* 64-bit words of each part of a state */
    size_t stride;                     /* 64-bit words of a state */
    uint64_t *states;
    size_t count, capacity, most;
    uint32_t *table;  /* of states by hash, 0 for none, else number + 1; twice `capacity` places */
    uint8_t *accepts; /* by node, while a position is looked at */
    uint64_t *raw;    /* a state under way */
    size_t steps;     /* how many nodes were looked at, ever: what tests count */
};

/* Finishes the program and makes a runner that holds up to `budget` bytes of states, but always a
 * few. False when memory ran out. */
bool arc_dfa_init(struct arc_dfa *dfa, struct arc_program *program, size_t budget);
void arc_dfa_free(struct arc_dfa *dfa);

/* Runs over the text; returns a bitmap of the regular expressions that accept it, valid until the
 * next run. */
const uint64_t *arc_dfa_run(struct arc_dfa *dfa, const char *text, size_t len);
