#include "glob/picomatch.h"
#include "base/room.h"
#include <string.h>

int parser_peek(const struct parser *p, size_t ahead)
{
    size_t index = p->at + ahead - 1;
    return index < p->len ? p->input[index] : -1;
}

int parser_advance(struct parser *p)
{
    return p->at < p->len ? p->input[p->at++] : -1;
}

bool parser_room(struct parser *p, void *array, size_t count, size_t element)
{
    bool room = arc_room(array, count, element);
    p->failed = p->failed || !room;
    return room;
}

void token_output(struct token *token, const char *output)
{
    token->output.len = 0;
    arc_units_puts(&token->output, output);
    token->has_output = true;
}

struct token *parser_token(struct parser *p, enum token_type type, const struct arc_units *value,
                           const char *output)
{
    struct token *token = calloc(1, sizeof *token);
    if (!token) {
        p->failed = true;
        return NULL;
    }

    token->type = type;
    token->made_before = p->made;
    p->made = token;
    arc_units_append(&token->value, value);
    if (output)
        token_output(token, output);

    return token;
}

/* Turns two stars into one if they are not a whole segment. */
static void downgrade_globstar(struct parser *p, const struct token *token)
{
    struct token *prev = p->prev;
    bool brace = p->braces > 0 && (token->type == TOKEN_COMMA || token->type == TOKEN_BRACE);
    bool extglob = token->extglob || (p->extglob_count && token->type == TOKEN_PAREN);

    if (prev->type != TOKEN_GLOBSTAR || token->type == TOKEN_SLASH || token->type == TOKEN_PAREN ||
        brace || extglob)
        return;

    arc_units_slice_end(&p->output, prev->output.len);
    prev->type = TOKEN_STAR;
    prev->value.len = 0;
    arc_units_put(&prev->value, '*');
    token_output(prev, GLOB_STAR);
    arc_units_append(&p->output, &prev->output);
}

void parser_push_token(struct parser *p, struct token *token)
{
    if (!token)
        return;
    downgrade_globstar(p, token);

    if (p->extglob_count && token->type != TOKEN_PAREN) {
        struct extglob *around = &p->extglobs[p->extglob_count - 1];
        const struct arc_units *value = &token->value;
        around->inner_len += value->len;
        around->inner_slash |= arc_units_has(value->at, value->len, '/');
        around->inner_star |= arc_units_has(value->at, value->len, '*');
    }

    arc_units_append(&p->output, token->has_output ? &token->output : &token->value);

    if (p->prev->type == TOKEN_TEXT && token->type == TOKEN_TEXT) {
        arc_units_append(&p->prev->value, &token->value);
        arc_units_append(&p->prev->output, &token->value);
        p->prev->has_output = true;
        return;
    }

    if (!parser_room(p, &p->tokens, p->token_count, sizeof(struct token *)))
        return;
    token->prev = p->prev;
    p->tokens[p->token_count++] = token;
    p->prev = token;
}

void parser_push_value(struct parser *p, enum token_type type, const char *output)
{
    parser_push_token(p, parser_token(p, type, &p->value, output));
}

void parser_push(struct parser *p, enum token_type type, const char *value, const char *output)
{
    p->value.len = 0;
    arc_units_puts(&p->value, value);
    parser_push_value(p, type, output);
}

void parser_open(struct parser *p, int *count, uint16_t kind)
{
    ++*count;
    arc_units_put(&p->stack, kind);
}

void parser_close(struct parser *p, int *count)
{
    --*count;
    if (p->stack.len)
        p->stack.len--;
}

bool parser_is_special(uint16_t unit)
{
    return unit && unit < 0x80 && strchr("-*+?.^${}(|)[]", unit);
}

void parser_escape(struct arc_units *out, const struct arc_units *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (parser_is_special(text->at[i]))
            arc_units_put(out, '\\');
        arc_units_put(out, text->at[i]);
    }
}

static void finish(struct parser *p)
{
    while (p->made) {
        struct token *token = p->made;
        p->made = token->made_before;
        p->failed |= token->value.failed || token->output.failed;
        arc_units_free(&token->value);
        arc_units_free(&token->output);
        free(token);
    }

    p->failed |= p->value.failed || p->stack.failed;
    free(p->tokens);
    free(p->extglobs);
    free(p->open_braces);
    arc_units_free(&p->value);
    arc_units_free(&p->stack);
    arc_units_free(&p->output);
}

/* Escapes the last `count` unescaped units `open` (utils.escapeLast). */
static void escape_open(struct arc_units *text, int count, uint16_t open)
{
    for (size_t i = text->len; count > 0 && i-- > 0;)
        if (text->at[i] == open && (i == 0 || text->at[i - 1] != '\\')) {
            arc_units_insert(text, i, '\\');
            count--;
        }
}

bool parser_run(const uint16_t *input, size_t len, struct arc_units *source, bool *negated)
{
    struct parser parser = {.input = input, .len = len, .final_parens = len}, *p = &parser;
    const struct arc_units none = {0};

    p->last_bracket_end = (size_t)(arc_units_last(input, len, ']') + 1);
    while (p->final_parens > 0 && input[p->final_parens - 1] == ')')
        p->final_parens--;
    p->bos = p->prev = parser_token(p, TOKEN_BOS, &none, "");

    if (p->bos && parser_room(p, &p->tokens, p->token_count, sizeof(struct token *))) {
        p->tokens[p->token_count++] = p->bos;
        parser_loop(p);
    }

    if (!p->failed) {
        escape_open(&p->output, p->brackets, '[');
        escape_open(&p->output, p->parens, '(');
        escape_open(&p->output, p->braces, '{');
        if (p->prev->type == TOKEN_STAR || p->prev->type == TOKEN_BRACKET)
            parser_push(p, TOKEN_MAYBE_SLASH, "", GLOB_SLASH "?");
        if (p->backtrack)
            p->output.len = 0;
        for (size_t i = 0; p->backtrack && i < p->token_count; i++) {
            const struct token *token = p->tokens[i];
            arc_units_append(&p->output, token->has_output ? &token->output : &token->value);
        }
        arc_units_append(source, &p->output);
        *negated = p->negated;
    }

    finish(p);

    return !p->failed && !source->failed;
}
