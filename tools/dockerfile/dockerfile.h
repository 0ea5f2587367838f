/* Reading a Dockerfile, as far as checks need it.
 * Source: Dockerfile reference (docs.docker.com/reference/dockerfile). */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* One instruction, with continuation lines joined and comments removed. */
struct arc_instruction {
    char keyword[16]; /* "FROM", in upper case; longer words are cut */
    const char *args; /* the rest, trimmed */
    unsigned line;    /* its first line, from 1 */
};

/* The state of reading a Dockerfile. Initialize `at` with the text and `line` with 1. */
struct arc_dockerfile {
    const char *at;      /* the rest of the text */
    unsigned line;       /* of `at` */
    char escape;         /* '\\' or '`', set by a directive; 0: directives not read yet */
    char syntax[256];    /* the directive's value, "" for none */
    bool shifts;         /* "<< 2" is arithmetic: a frontend that reads a heredoc would refuse it */
    struct arc_buf args; /* of the last instruction */
};

/* Initializes the reader with a text and reads the directives, for callers that need these before
 * the first arc_dockerfile_next(), which otherwise does so. */
void arc_dockerfile_start(struct arc_dockerfile *dockerfile, const char *text);

/* The next instruction; false at the end, or out of memory (then dockerfile->args.failed is set).
 * *out is valid until the next call. Bodies of heredocs are skipped. */
bool arc_dockerfile_next(struct arc_dockerfile *dockerfile, struct arc_instruction *out);
void arc_dockerfile_free(struct arc_dockerfile *dockerfile);

/* Splits one logical line, such as an ONBUILD's trigger, into keyword and args; args points into
 * it. */
void arc_instruction_parse(const char *text, struct arc_instruction *out);

/* A word that opens a heredoc. */
struct arc_heredoc {
    char name[64]; /* the line that ends it */
    bool chomp;    /* "<<-": leading tabs are removed */
    bool apart;    /* "<< EOT", which older frontends do not know */
};

/* Whether the word opens a heredoc: "<<EOT", "<<-'EOT'", "<<\EOT", "3<<EOT", "<< EOT". */
bool arc_dockerfile_heredoc(const char *word, size_t len, struct arc_heredoc *out);

/* Takes the next word of *text, with quotes and backslashes resolved; false at the end. *equals, if
 * not NULL, is the offset of the first unquoted '=' in the word, or its length. */
bool arc_dockerfile_word(const char **text, struct arc_buf *word, size_t *equals);
