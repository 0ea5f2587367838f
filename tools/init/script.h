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

/* ---- dialects.c ----------------------------------------------------------------------------- */

#define INIT_TASKFILES "Taskfile.yml Taskfile.yaml Taskfile.dist.yml Taskfile.dist.yaml"
#define INIT_JUSTFILES "justfile .justfile"

/* Reads a script's file: PowerShell as a shell script, a Taskfile or a justfile as a Makefile, others
 * as they are.
 * NULL if it cannot be read. Lives as long as the proposal. */
const char *init_read_script(struct init *init, const char *path);

/* ---- words.c -------------------------------------------------------------------------------- */

/* The next word of the command without its quotes, and whether it starts with a variable. False at
 * the end of the command. */
bool init_take_word(struct script *script, struct arc_buf *word, bool *is_variable);

/* ---- called.c ------------------------------------------------------------------------------- */

/* Whether commands may build something, directly or through what they run. */
bool init_mentions_images(const char *text);

/* "TARGET…: FILE…" of a Makefile: `needs` is the index of the first prerequisite. */
void init_take_rule(struct script *script, json_t *words, size_t needs);

/* The text with its "%" as what that of a rule's pattern stands for where the rule makes the target;
 * NULL if the pattern does not match. */
char *init_fill_stem(struct init *init, const char *text, const char *pattern, const char *target);

/* Starts reading the rule's commands for the next wanted target; false if there is none. */
bool init_start_rule(struct script *script);

/* "make -C DIRECTORY -f FILE NAME=value TARGET…"; a directory that only a run knows matches any. */
void init_take_make(struct script *script, const char *program, const json_t *words);

/* "sh FILE …", "./FILE …", ". FILE": reads its commands, with the arguments as $1 and so on. */
void init_take_script(struct script *script, const json_t *words);

/* "include FILE…" of a Makefile. */
void init_take_include(struct script *script, const json_t *words);

/* ---- commands.c ----------------------------------------------------------------------------- */

/* A word of a command; "" past the last one. */
const char *init_word_at(const json_t *words, size_t index);

/* Whether a word is "NAME=value". */
bool init_is_assignment(const char *word);

/* Sets the variable of "NAME=value" (unless it is `passed` to a command) or of a Makefile's
 * "NAME := value", and takes "TARGET: FILE" as a rule. True if it set a variable. */
bool init_take_assignment(struct script *script, const json_t *words, bool passed);

/* Reads the commands of a text with the script's directory and variables. */
void init_read_text(struct script *script, const char *text);
