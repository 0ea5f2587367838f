/* Reading a Dockerfile, as far as checks need it.
 * Source: Dockerfile reference (docs.docker.com/reference/dockerfile). */
#ifndef ARC_DOCKERFILE_DOCKERFILE_H
#define ARC_DOCKERFILE_DOCKERFILE_H

#include "arcci/buf.h"
#include <jansson.h>
#include <stdbool.h>

/* One instruction, its continuation lines joined and comments left out. */
struct arc_instruction {
    char keyword[16]; /* "FROM", in upper case; longer words are cut */
    const char *args; /* what follows it, blanks trimmed at both ends */
    unsigned line;    /* its first line, from 1 */
};

/* Initialise with the text, `line` 1 and escape '\\'. */
struct arc_dockerfile {
    const char *at;      /* the rest of the text */
    unsigned line;       /* of `at` */
    struct arc_buf args; /* of the last instruction */
};

/* The next instruction; false at the end. *out is valid until the next call. A heredoc's body is
 * skipped. Running out of memory ends it, and shows in dockerfile->args.failed. */
bool arc_dockerfile_next(struct arc_dockerfile *dockerfile, struct arc_instruction *out);
void arc_dockerfile_free(struct arc_dockerfile *dockerfile);

/* Appends the text with $NAME, ${NAME}, ${NAME:-word} and ${NAME-word} replaced by the strings of
 * `args` (an object). False if a name has no value. */
bool arc_dockerfile_expand(const char *text, const json_t *args, struct arc_buf *out);

/* Takes the next word of *text, quotes and backslashes resolved: false at the end. `equals`, if
 * not NULL, is set to the offset of the first unquoted '=' in it, or to its length. */
bool arc_dockerfile_word(const char **text, struct arc_buf *word, size_t *equals);

#endif
