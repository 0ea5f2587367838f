/* Reading a Dockerfile, as far as checks need it.
 * Source: Dockerfile reference (docs.docker.com/reference/dockerfile). */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* One instruction, its continuation lines joined and comments left out. */
struct arc_instruction {
    char keyword[16]; /* "FROM", in upper case; longer words are cut */
    const char *args; /* what follows it, blanks trimmed at both ends */
    unsigned line;    /* its first line, from 1 */
};

/* A Dockerfile that is being read. Initialise with the text as `at` and `line` 1. */
struct arc_dockerfile {
    const char *at;      /* the rest of the text */
    unsigned line;       /* of `at` */
    char escape;         /* '\\' or '`', by the directives at the top; 0: not looked at yet */
    char syntax[256];    /* the directive's value, "" for none */
    struct arc_buf args; /* of the last instruction */
};

/* Starts with a text, and reads the directives at its top. Not needed before the first
 * arc_dockerfile_next(). */
void arc_dockerfile_start(struct arc_dockerfile *dockerfile, const char *text);

/* The next instruction; false at the end. *out is valid until the next call. A heredoc's body is
 * skipped. Running out of memory ends it, and shows in dockerfile->args.failed. */
bool arc_dockerfile_next(struct arc_dockerfile *dockerfile, struct arc_instruction *out);
void arc_dockerfile_free(struct arc_dockerfile *dockerfile);

/* Takes one logical line apart, an ONBUILD's trigger: keyword and args, which point into it. */
void arc_instruction_parse(const char *text, struct arc_instruction *out);

/* What a word that opens a heredoc says. */
struct arc_heredoc {
    char name[64]; /* the line that ends it */
    bool chomp;    /* tabs at the start of its lines do not count */
};

/* Whether the word opens one: "<<EOT", "<<-'EOT'", "3<<EOT". */
bool arc_dockerfile_heredoc(const char *word, size_t len, struct arc_heredoc *out);

/* Appends the text with $NAME, ${NAME}, and ${NAME:-word}, ${NAME:+word} and the like, replaced by
 * the strings of `args` (an object). False if a name has no value. */
bool arc_dockerfile_expand(const char *text, const json_t *args, struct arc_buf *out);

/* Takes the next word of *text, quotes and backslashes resolved: false at the end. `equals`, if
 * not NULL, is set to the offset of the first unquoted '=' in it, or to its length. */
bool arc_dockerfile_word(const char **text, struct arc_buf *word, size_t *equals);
