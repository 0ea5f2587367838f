/* The regular expressions that globs turn into, as ECMAScript reads them without flags (ECMA-262,
 * 22.2.1, with annex B): a tree of what matters for "does the whole text match", so groups, names
 * and laziness leave no trace. */
#pragma once

#include "glob/units.h"

enum regex_kind {
    REGEX_EMPTY,
    REGEX_CLASS,    /* one unit out of ranges */
    REGEX_SEQUENCE, /* its children in a row */
    REGEX_EITHER,   /* one of its children */
    REGEX_REPEAT,   /* its child, min to max times */
    REGEX_START,    /* ^ */
    REGEX_END,      /* $ */
    REGEX_WORD,     /* \b, or \B when negative */
    REGEX_LOOK,     /* lookahead: its child matches here, or not when negative */
};

#define REGEX_NONE 0          /* no node: the first one, which may be written to */
#define REGEX_MANY UINT32_MAX /* no upper limit */

struct regex_node {
    enum regex_kind kind;
    bool negative;
    uint32_t last;                     /* its last child, or REGEX_NONE */
    uint32_t previous;                 /* the child of the same parent before it, or REGEX_NONE */
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
    const char *defect; /* why it is not valid, or NULL; a static string */
    const char *beyond; /* what it uses that no automaton can follow, or NULL */
    bool deep;          /* nests deeper than 1,000 groups; the rest was not read */
    bool failed;        /* memory ran out */
};

/* Parses; look at failed, deep, defect and beyond, in this order, before using the tree. */
void arc_regex_parse(struct arc_regex *regex, const uint16_t *source, size_t len);
void arc_regex_free(struct arc_regex *regex);
bool arc_regex_valid(const struct arc_units *source);

/* For glob_class.c: the reading position and what is known of the whole source. */
struct regex_reader {
    struct arc_regex *regex;
    const uint16_t *source;
    size_t len, at;
    size_t depth;
    uint32_t captures; /* groups that capture, in the whole source; counted at need */
    bool named;        /* whether one of them has a name */
    bool counted;
};

/* The unit `ahead` places on (0 is the next), or -1. */
int regex_peek(const struct regex_reader *r, size_t ahead);
/* Adds a node; REGEX_NONE, and the tree is of no use, when memory ran out. */
uint32_t regex_node(struct regex_reader *r, enum regex_kind kind);
/* Reads after `[` up to `]`; returns a class node. */
uint32_t regex_class(struct regex_reader *r);
/* The class of `.`, of one unit, or of \d \D \s \S \w \W. */
uint32_t regex_dot(struct regex_reader *r);
uint32_t regex_unit(struct regex_reader *r, uint16_t unit);
uint32_t regex_named_class(struct regex_reader *r, int letter);
/* Reads a character escape after its backslash. */
uint16_t regex_character_escape(struct regex_reader *r, bool in_class);
void regex_defect(struct regex_reader *r, const char *defect);
