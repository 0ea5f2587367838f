/* Words of a Dockerfile: quotes, escapes and variables (BuildKit's shell lexer). */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* Whether a character opens or closes quotes; *quote is the open one, NUL for none. */
static inline bool arc_word_quotes(char *quote, char c)
{
    bool counts = *quote ? c == *quote : c == '"' || c == '\'';
    if (counts)
        *quote = *quote ? '\0' : c;
    return counts;
}

/* What variables stand for at one place of a Dockerfile. */
struct arc_scope {
    const json_t *values; /* object NAME → text; null: it has a value that is not known */
    bool open;            /* other names may have a value, too: the base image's ENV */
    char escape;          /* '\\' or '`' */
    bool guesses;         /* "${NAME:-word}" takes it that those have none */
};

/* Appends what the word means: $NAME, ${NAME}, ${NAME:-word} and the forms with -, :+, +, :? and ?.
 * False when it cannot be told, or is malformed. */
bool arc_word_expand(const struct arc_scope *scope, const char *word, struct arc_buf *out);

/* Takes the next word of *text, up to a blank outside of quotes, as it is written. False at the
 * end. */
bool arc_word_take(const char **text, char escape, struct arc_buf *word);
