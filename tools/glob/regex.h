/* Parses the regular expressions of globs as ECMAScript does without flags (ECMA-262, 22.2.1, with
 * annex B). The tree holds what decides whether a text matches, so no groups, names or laziness. */
#pragma once

#include "glob/units.h"

enum regex_kind {
    REGEX_EMPTY,
    REGEX_CLASS,    /* one unit of its ranges */
    REGEX_SEQUENCE, /* its children in a row */
    REGEX_EITHER,   /* one of its children */
    REGEX_REPEAT,   /* its child, min to max times */
    REGEX_START,    /* ^ */
    REGEX_END,      /* $ */
    REGEX_WORD,     /* \b, or \B when negative */
    REGEX_LOOK,     /* lookahead: its child matches here, or not when negative */
};

#define REGEX_NONE 0          /* no node; also the first node, so that writes need no check */
#define REGEX_MANY UINT32_MAX /* no upper limit */

struct regex_node {
    enum regex_kind kind;
    bool negative;
    uint32_t last;                     /* its last child, or REGEX_NONE */
    uint32_t previous;                 /* its previous sibling, or REGEX_NONE */
    uint32_t first_range, range_count; /* of a class */
    uint32_t min, max;                 /* of a repetition */
};

struct regex_range {
    uint16_t low, high;
};

struct arc_regex {
    struct regex_node *nodes;
    size_t node_count;
    struct regex_range *ranges; /* sorted within a class, without overlap */
    size_t range_count;
    uint32_t root;
    const char *defect; /* why it is not valid (a static string), or NULL */
    const char
        *beyond; /* what it contains that no automaton can match (a static string), or NULL */
    bool deep;   /* nests deeper than 1,000 groups; parsing stopped there */
    bool failed; /* memory ran out */
};

/* Parses `source`. Check failed, deep, defect and beyond, in this order, before using the tree. */
void arc_regex_parse(struct arc_regex *regex, const uint16_t *source, size_t len);
void arc_regex_free(struct arc_regex *regex);
bool arc_regex_valid(const struct arc_units *source);
