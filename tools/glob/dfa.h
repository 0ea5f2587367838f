/* Runs an automaton over texts. It caches the sets of nodes it reaches as states, so a unit usually
 * costs one table lookup. */
#pragma once

#include "glob/automaton.h"

/* What is on one side of a position in the text. */
enum dfa_side {
    DFA_EDGE,  /* the start or end of the text */
    DFA_OTHER, /* any unit; if the program has PROGRAM_WORD, not a word character */
    DFA_WORD,
};

struct arc_dfa {
    const struct arc_program *program; /* borrowed */
    uint16_t ascii[128];               /* the class of each ASCII unit */
    size_t raw_words, accept_words;    /* lengths of a state's two parts, in 64-bit words */
    size_t stride;                     /* length of a state, in 64-bit words */
    uint64_t *states;
    size_t count, capacity, most;
    uint32_t *table;  /* states by hash: number + 1, or 0 for none; has 2 * `capacity` slots */
    uint8_t *accepts; /* by node, for the current position */
    uint64_t *raw;    /* the state being built */
    size_t steps;     /* total of evaluated nodes, for the tests */
};

/* Finishes the program and makes a runner that caches up to `budget` bytes of states, and at least
 * a few states. Returns false if out of memory. */
bool arc_dfa_init(struct arc_dfa *dfa, struct arc_program *program, size_t budget);
void arc_dfa_free(struct arc_dfa *dfa);

/* Returns a bitmap of the regular expressions that accept the text, valid until the next run. */
const uint64_t *arc_dfa_run(struct arc_dfa *dfa, const char *text, size_t len);
