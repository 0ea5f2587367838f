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

/* The variables at one place of a Dockerfile. */
struct arc_scope {
    const json_t *values; /* object: NAME → text, or null if the value is unknown */
    bool open;            /* other names may have values too, from the base image's ENV */
    char escape;          /* '\\' or '`'; NUL: quotes are plain characters, too */
    bool guesses;         /* assume in "${NAME:-word}" that they have none */
};

/* Appends the expanded word: $NAME, ${NAME}, ${NAME:-word} and the forms with -, :+, +, :?, ?, #, ##,
 * %, %%, / and //. False if the result is unknown or the word is malformed. */
bool arc_word_expand(const struct arc_scope *scope, const char *word, struct arc_buf *out);

/* The same for a text without quotes and escapes, as in a compose file. False also if a name that is
 * used has no value. */
bool arc_text_expand(const char *text, const json_t *values, struct arc_buf *out);

/* Takes the next word of *text as written, up to a blank outside quotes; "<< EOT" is one word. False
 * at the end. */
bool arc_word_take(const char **text, char escape, struct arc_buf *word);
