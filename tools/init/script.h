/* The state of reading a script: shell or a Makefile. */
#pragma once

#include "init/sources.h"

#define WORD_MAX  65536
#define LOOPS_MAX 4

/* "for NAME in …; do": its commands are read once for each word. */
struct loop {
    const char *start; /* of its commands */
    json_t *words;     /* "for", NAME, "in" and what follows */
    size_t next;       /* index of the next word */
};

struct script {
    struct init *init;
    const struct init_step *step;
    const char *at;
    const char *file;             /* the shell script's; NULL: the commands are in another file */
    char *directory;              /* current directory, from the root */
    char *left_behind;            /* the one before, for popd; NULL: none */
    bool is_outside;              /* it left the repository: what it builds there is not ours */
    json_t *variables;            /* set so far */
    json_t *outputs;              /* name → the value last set */
    json_t *guessed;              /* name → true: that value is what its name suggests; or NULL */
    json_t *said;                 /* by "echo" since "{"; NULL: not in braces */
    json_t *builds;               /* `with` of each build */
    struct loop loops[LOOPS_MAX]; /* the innermost last */
    size_t depth;                 /* of loops */
    size_t nested;                /* depth of "or" and "echo" around a variable */
    size_t conditions, cases;     /* depth of "if", of "case" */
    size_t empty;                 /* depth of an "if [ -z" that is known to be false; 0: none */
    size_t called;                /* depth of files that run each other */
    size_t branches;              /* depth of a Makefile's conditions */
    size_t told;                  /* the innermost of them of which the outcome is known; 0: none */
    bool is_off;                  /* and it is false */
    const json_t *passed;         /* NAME=value before the command */
    const json_t *given;  /* to make: name → whether as its argument; NULL: nobody runs make */
    json_t *rules;        /* target → its prerequisites read so far */
    json_t *settings;     /* target → target-specific variables, as lists of words */
    const json_t *wanted; /* targets whose commands are read; NULL: all */
    json_t *left;     /* wanted targets of the current rule still to read, each with its "%" stem */
    const char *rule; /* start of the rule's commands */
    bool skips;       /* the rule's targets are not wanted */
    bool mentions;    /* images: there may be a build */
    bool is_makefile;
    bool pushes;
};

/* ---- words.c -------------------------------------------------------------------------------- */

/* The next word of the command without its quotes, and whether it starts with a variable. False at
 * the end of the command. */
bool init_take_word(struct script *script, struct arc_buf *word, bool *is_variable);

/* ---- commands.c ----------------------------------------------------------------------------- */

/* The text with its "%" as what that of a rule's pattern stands for where the rule makes the target;
 * NULL if the pattern does not match. */
char *init_fill_stem(struct init *init, const char *text, const char *pattern, const char *target);
