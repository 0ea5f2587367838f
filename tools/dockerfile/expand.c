#include "dockerfile/expand.h"
#include "base/text.h"
#include <stdio.h>

/* Deepest nesting of words in words. */
#define DEPTH_MAX 8

/* A word being expanded. */
struct expansion {
    const struct arc_scope *scope;
    const char *at;
    struct arc_buf *out;
    unsigned depth;
    char end;   /* '}' within braces, else NUL */
    bool lacks; /* a name has no value */
};

static bool expand(struct expansion *x);

static size_t name_length(const char *text)
{
    size_t len = 0;
    if (arc_is_digit(*text))
        return 1;
    while (arc_is_word(text[len]))
        len++;
    return len;
}

/* Expands the word after an operator, up to the closing brace. `used`: it is the result. */
static bool expand_operand(struct expansion *x, bool used)
{
    ARC_AUTO(arc_buf) struct arc_buf rest = {.max = 8192};
    struct expansion inner = {
        .scope = x->scope, .at = x->at, .out = &rest, .depth = x->depth + 1, .end = '}'};
    bool known = x->depth < DEPTH_MAX && expand(&inner);

    if (*inner.at != '}')
        return false;
    x->at = inner.at + 1;
    x->lacks |= used && inner.lacks;
    if (used)
        arc_buf_add(x->out, arc_buf_text(&rest), rest.len);

    return known || !used;
}

static void reverse(char *text, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        char c = text[i];
        text[i] = text[len - 1 - i];
        text[len - 1 - i] = c;
    }
}

/* The length of the shortest (`greedy`: longest) prefix of the text that a pattern with at most one
 * '*' matches; 0 if none. */
static size_t match_start(const char *pattern, const char *text, bool greedy)
{
    size_t head = strcspn(pattern, "*"), len = strlen(text), found = 0;

    if (strncmp(text, pattern, head) != 0)
        return 0;
    if (!pattern[head])
        return head;

    const char *tail = pattern + head + 1;
    size_t rest = strlen(tail);
    for (size_t at = head; at + rest <= len; at++)
        if (strncmp(text + at, tail, rest) == 0) {
            found = at + rest;
            if (!greedy)
                break;
        }

    return found;
}

/* Takes text up to `end`, and `end` itself; "\/" and "\}" give the second character. False if
 * BuildKit reads more than plain characters and stars in it. */
static bool take_pattern(struct expansion *x, char end, char *text, size_t max)
{
    size_t len = 0;

    for (; *x->at && *x->at != end; x->at++) {
        bool escaped = x->at[0] == '\\' && (x->at[1] == '/' || x->at[1] == '}');
        x->at += escaped;
        if ((!escaped && strchr("?\\'\"$", *x->at)) || *x->at == x->scope->escape || len + 1 >= max)
            return false;
        text[len++] = *x->at;
    }
    text[len] = '\0';

    return *x->at && *x->at++ == end;
}

/* "${NAME#pattern}" from its operator on ('#', '##', '%' or '%%'): removes a matching prefix or
 * suffix. Only plain patterns; the result of others counts as unknown. */
static bool expand_trimmed(struct expansion *x, const char *value)
{
    char operator= * x->at, text[1024], pattern[128];
    bool greedy = x->at[1] == operator;
    size_t size = strlen(value);

    x->at += 1 + greedy;
    if (!take_pattern(x, '}', pattern, sizeof pattern) || size >= sizeof text ||
        strchr(pattern, '*') != strrchr(pattern, '*'))
        return false;
    memcpy(text, value, size + 1);

    if (operator== '%') {
        reverse(pattern, strlen(pattern));
        reverse(text, size);
    }

    size_t cut = match_start(pattern, text, greedy);
    arc_buf_add(x->out, operator== '%' ? value : value + cut, size - cut);

    return true;
}

/* "${NAME/text/other}" from its slash on: replaces the first `text`, after "//" all of them. Only
 * plain texts, as above; the other may have variables. */
static bool expand_replaced(struct expansion *x, const char *value)
{
    ARC_AUTO(arc_buf) struct arc_buf other = {.max = 8192};
    struct arc_buf *const out = x->out;
    char text[128];
    bool all = x->at[1] == '/';

    x->at += 1 + all;
    if (!take_pattern(x, '/', text, sizeof text) || !*text || strchr(text, '*'))
        return false;

    const char *start = x->at;
    x->out = &other;
    bool known = expand_operand(x, true);
    x->out = out;
    size_t len = (size_t)(x->at - start);
    bool plain = strcspn(start, "\\'\"") >= len && !memchr(start, x->scope->escape, len);
    if (!known || !plain || (all && memchr(arc_buf_text(&other), '$', other.len)))
        return false; /* an escape is not taken out of what is put in */

    bool more = true;
    for (const char *found; more && (found = strstr(value, text)); more = all) {
        arc_buf_add(x->out, value, (size_t)(found - value));
        arc_buf_puts(x->out, arc_buf_text(&other));
        value = found + strlen(text);
    }
    arc_buf_puts(x->out, value);

    return true;
}

/* "$NAME" and "${NAME…}", from after the dollar. */
static bool expand_dollar(struct expansion *x)
{
    char name[128];
    bool braces = *x->at == '{';

    x->at += braces;
    size_t len = name_length(x->at);
    if (!len && !braces) {
        arc_buf_putc(x->out, '$');
        return true;
    }

    if (!len || len >= sizeof name)
        return false;
    memcpy(name, x->at, len);
    name[len] = '\0';
    x->at += len;

    const json_t *given = json_object_get(x->scope->values, name);
    const char *value = json_string_value(given); /* NULL: it has none, or an unknown one */
    bool known = given ? value != NULL : !x->scope->open;
    if (!braces || *x->at == '}') {
        x->at += braces;
        x->lacks |= !value;
        arc_buf_puts(x->out, arc_or(value, ""));
        return known;
    }

    if (*x->at == '#' || *x->at == '%')
        return known && expand_trimmed(x, arc_or(value, ""));
    if (*x->at == '/')
        return known && expand_replaced(x, arc_or(value, ""));

    bool colon = *x->at == ':';
    char operator= x->at[colon];
    known = known || (x->scope->guesses && !given);
    if (!operator|| !strchr("-+?", operator) || !known)
        return false;
    x->at += colon + 1;
    bool set = value && (!colon || *value);
    if (operator== '+')
        return expand_operand(x, set);
    if (operator== '?' && !set) {
        x->lacks = true;
        return !x->scope->escape && expand_operand(x, false);
    }
    arc_buf_puts(x->out, set ? value : "");

    return expand_operand(x, !set);
}

/* In double quotes the escape character only escapes itself, a dollar and a quote. */
static bool expand_double_quotes(struct expansion *x)
{
    while (*x->at && *x->at != '"') {
        char c = *x->at++;
        if (c == x->scope->escape && *x->at && (strchr("\"$", *x->at) || *x->at == c))
            arc_buf_putc(x->out, *x->at++);
        else if (c != '$')
            arc_buf_putc(x->out, c);
        else if (!expand_dollar(x))
            return false;
    }

    if (*x->at != '"')
        return false;
    x->at++;

    return true;
}

static bool expand(struct expansion *x)
{
    char escape = x->scope->escape;

    while (*x->at && *x->at != x->end) {
        char c = *x->at++;
        bool good = true;
        if (c == '$') {
            good = expand_dollar(x);
        } else if (escape && c == escape) {
            if (*x->at)
                arc_buf_putc(x->out, *x->at++);
        } else if (escape && c == '\'') {
            size_t len = strcspn(x->at, "'");
            good = x->at[len] == '\'';
            arc_buf_add(x->out, x->at, len);
            x->at += len + good;
        } else if (escape && c == '"') {
            good = expand_double_quotes(x);
        } else {
            arc_buf_putc(x->out, c);
        }
        if (!good)
            return false;
    }

    return !x->out->failed;
}

bool arc_word_expand(const struct arc_scope *scope, const char *word, struct arc_buf *out)
{
    struct expansion x = {.scope = scope, .at = word, .out = out};
    return expand(&x);
}

bool arc_text_expand(const char *text, const json_t *values, struct arc_buf *out)
{
    const struct arc_scope scope = {.values = values};
    struct expansion x = {.scope = &scope, .at = text, .out = out};
    return expand(&x) && !x.lacks;
}

/* Whether the word is "<<" so far, which blanks may part from the name of a heredoc. */
static bool awaits_name(const struct arc_buf *word)
{
    const char *text = arc_buf_text(word);
    text += strspn(text, "0123456789");
    return ARC_STARTS(text, "<<") && !text[2 + strspn(text + 2, " \t\r")];
}

bool arc_word_take(const char **text, char escape, struct arc_buf *word)
{
    const char *at = *text + strspn(*text, " \t\r\n");
    bool found = *at != '\0';
    char quote = '\0';

    arc_buf_reset(word);

    for (; *at && (quote || !strchr(" \t\r\n", *at) || awaits_name(word)); at++) {
        if (*at == escape && at[1] && quote != '\'')
            arc_buf_putc(word, *at++);
        else
            arc_word_quotes(&quote, *at);
        arc_buf_putc(word, *at);
    }
    *text = at;

    return found;
}
