/* A script that is read: shell, or a Makefile. */
#pragma once

#include "init/sources.h"

#define WORD_MAX  65536
#define LOOPS_MAX 4

/* "for NAME in …; do": its commands are read once for each word. */
struct loop {
    const char *start; /* of its commands */
    json_t *words;     /* "for", NAME, "in" and what follows */
    size_t next;       /* of them */
};

/* A script that is read. */
struct script {
    struct init *init;
    const struct init_step *step;
    const char *at;
    char *directory;              /* it works in, from the root */
    char *left_behind;            /* it worked in before; NULL: none */
    json_t *variables;            /* it sets */
    json_t *outputs;              /* name → the value last given */
    json_t *builds;               /* `with` of each build */
    struct loop loops[LOOPS_MAX]; /* the inner one last */
    size_t depth;
    size_t nested;        /* calls of "or" and "echo" around the variable */
    size_t called;        /* files that run this one */
    size_t branches;      /* of a Makefile's conditions that the command stands in */
    const json_t *passed; /* variables before the command */
    const json_t *given;  /* to make, name → whether as its argument; NULL: nobody runs it */
    json_t *rules;        /* target → what it needs, as far as read */
    json_t *settings;     /* target → variables of it alone, as lists of words */
    const json_t *wanted; /* targets whose commands are read; NULL: all */
    json_t *left;     /* of them, each with what "%" stands for: the rule is read for them, too */
    const char *rule; /* start of its commands */
    bool skips;       /* they are another target's */
    bool mentions;    /* images: there may be a build */
    bool is_makefile;
    bool pushes;
};

/* ---- words.c -------------------------------------------------------------------------------- */

/* The next word of the command with its quotes taken off, and whether a variable starts it; false
 * at the command's end. */
bool init_take_word(struct script *script, struct arc_buf *word, bool *is_variable);

/* ---- called.c ------------------------------------------------------------------------------- */

/* Whether commands may build something, here or in what they run. */
bool init_mentions_images(const char *text);

/* "TARGET…: FILE…" of a Makefile that is run: `needs` is the number of the first that it needs. */
void init_take_rule(struct script *script, json_t *words, size_t needs);

/* Reads the rule's commands for the next of the targets that are wanted. */
bool init_start_rule(struct script *script);

/* "make -C DIRECTORY -f FILE NAME=value TARGET…"; a directory that only a run knows is any. */
void init_take_make(struct script *script, const json_t *words);

/* "sh FILE …", "./FILE …", ". FILE": its commands, with the words behind it as $1 and so on. */
void init_take_script(struct script *script, const json_t *words);

/* "include FILE…" of a Makefile. */
void init_take_include(struct script *script, const json_t *words);

/* ---- commands.c ----------------------------------------------------------------------------- */

/* A word of a command; "" behind its last one. */
const char *init_word_at(const json_t *words, size_t index);

/* Whether a word is "NAME=value". */
bool init_is_assignment(const char *word);

/* "NAME=value", unless it is `passed` to a command, or, in a Makefile, "NAME := value" sets a
 * variable, as "TARGET: FILE" sets those of its rule. True for the first two. */
bool init_take_assignment(struct script *script, const json_t *words, bool passed);

/* Takes the commands of a text, in the script's directory and with its variables. */
void init_read_text(struct script *script, const char *text);
