/* The automaton of one or more regular expressions: an alternating one, since they hold
 * lookaheads. It is read from the end of the text to its start: whether a node accepts the rest of
 * the text from position i on follows from which nodes accept from position i + 1 on. So every
 * lookahead costs no more than a node, and the time is linear in the text. */
#pragma once

#include "glob/regex.h"

enum program_kind {
    PROGRAM_MATCH, /* accepts */
    PROGRAM_CELL,  /* takes one unit of its class, then `next` */
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

/* Nodes in one automaton at most: a limit for hostile patterns. */
#define PROGRAM_NODES_MAX ((size_t)1 << 20)

struct arc_program {
    struct program_node *nodes; /* the first one is the only PROGRAM_MATCH */
    size_t node_count;
    struct regex_range *ranges;
    size_t range_count;
    uint32_t *starts; /* one for each regular expression */
    size_t start_count;
    uint32_t *cells; /* the nodes of kind PROGRAM_CELL */
    size_t cell_count;
    /* The other nodes, each after those it rests on. Nodes that rest on one another follow one
     * another; group_end[i] tells that the group of order[i] ends with it. */
    uint32_t *order;
    bool *group_end;
    size_t order_count;
    uint16_t *bounds; /* sorted: units between two of them are alike to every cell */
    size_t bound_count;
    bool words;  /* has a PROGRAM_WORD */
    bool failed; /* memory ran out */
    bool large;  /* over PROGRAM_NODES_MAX */
};

/* How a regular expression applies to a text. */
enum program_use {
    PROGRAM_WHOLE,   /* it matches the whole text */
    PROGRAM_NEGATED, /* it does not, and the text is one line */
    PROGRAM_SEARCH,  /* it matches some part of the text */
};

/* Adds a regular expression; it accepts as `use` says or, when `literal` is not NULL, texts that
 * are equal to it. `regex` may be NULL: the literal only. Look at failed and large. */
void arc_program_add(struct arc_program *program, const struct arc_regex *regex,
                     enum program_use use, const struct arc_units *literal);
/* Prepares it to be run, after the last addition; does nothing the second time. Look at failed. */
void arc_program_finish(struct arc_program *program);
void arc_program_free(struct arc_program *program);

bool arc_program_takes(const struct arc_program *program, uint32_t node, uint16_t unit);

/* Orders the nodes; given by glob_order.c. */
void arc_program_order(struct arc_program *program);
