/* The automaton of one or more regular expressions, an alternating one because of lookaheads. It
 * reads a text from its end to its start: which nodes accept the text from position i on follows
 * from which accept it from i + 1 on. So a lookahead costs no more than any other node, and the
 * time is linear in the text. */
#pragma once

#include "glob/regex.h"

enum program_kind {
    PROGRAM_MATCH, /* accepts */
    PROGRAM_CELL,  /* consumes one unit of its class, then `next` */
    PROGRAM_SPLIT, /* `next` or `other` */
    PROGRAM_START, /* at the start of the text, `next` */
    PROGRAM_END,   /* at the end of the text, `next` */
    PROGRAM_WORD,  /* at a word boundary (or not, when negative), `next` */
    PROGRAM_LOOK,  /* `other` accepts (or not, when negative), and `next` does */
};

struct program_node {
    uint8_t kind;
    bool negative;
    uint32_t next, other;
    uint32_t first_range, range_count; /* of a cell */
};

/* The most nodes of one automaton, a limit against hostile patterns. */
#define PROGRAM_NODES_MAX ((size_t)1 << 20)

struct arc_program {
    struct program_node *nodes; /* the first one is the only PROGRAM_MATCH */
    size_t node_count;
    struct regex_range *ranges;
    size_t range_count;
    uint32_t *starts; /* the start nodes, one per regular expression */
    size_t start_count;
    uint32_t *cells; /* the nodes of kind PROGRAM_CELL */
    size_t cell_count;
    /* The other nodes, each after the nodes it depends on. Nodes that depend on each other form a
     * group in a row; group_end[i] is true if order[i] is the last one of its group. */
    uint32_t *order;
    bool *group_end;
    size_t order_count;
    uint16_t *bounds; /* sorted; every cell treats the units between two bounds alike */
    size_t bound_count;
    bool words;  /* has a PROGRAM_WORD */
    bool failed; /* memory ran out */
    bool large;  /* over PROGRAM_NODES_MAX */
};

/* How a regular expression applies to a text. */
enum program_use {
    PROGRAM_WHOLE,   /* it matches the whole text */
    PROGRAM_NEGATED, /* it does not match, and the text is one line */
    PROGRAM_SEARCH,  /* it matches some part of the text */
};

/* Adds a regular expression, which accepts a text as `use` says. If `literal` is not NULL, a text
 * equal to it is accepted, too; if `regex` is NULL, only that one. Check failed and large
 * afterwards. */
void arc_program_add(struct arc_program *program, const struct arc_regex *regex,
                     enum program_use use, const struct arc_units *literal);
/* Prepares the program for runs, after the last addition; a second call does nothing. Check failed
 * afterwards. */
void arc_program_finish(struct arc_program *program);
void arc_program_free(struct arc_program *program);

bool arc_program_takes(const struct arc_program *program, uint32_t node, uint16_t unit);

static inline void glob_set_bit(uint64_t *bits, size_t at)
{
    bits[at / 64] |= (uint64_t)1 << at % 64;
}
