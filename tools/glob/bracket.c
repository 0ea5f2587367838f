/* Brackets, parentheses of extended globs, braces. */
#include "base/auto.h"
#include "glob/picomatch.h"
#include "glob/regex.h"

static void append(struct parser *p, const struct arc_units *value)
{
    arc_units_append(&p->prev->value, value);
    arc_units_append(&p->output, value);
}

void parser_bracket_open(struct parser *p)
{
    if (p->last_bracket_end <= p->at) {
        parser_push(p, TOKEN_BRACKET, "\\[", NULL);
        return;
    }
    parser_open(p, &p->brackets, '[');
    parser_push(p, TOKEN_BRACKET, "[", NULL);
}

/* Returns the inside of a POSIX class (constants.js, POSIX_REGEX_SOURCE); NULL for an unknown
 * name. */
static const char *posix_class(const uint16_t *name, size_t len)
{
    static const char *const table[][2] = {
        {"alnum", "a-zA-Z0-9"},        {"alpha", "a-zA-Z"},
        {"ascii", "\\x00-\\x7F"},      {"blank", " \\t"},
        {"cntrl", "\\x00-\\x1F\\x7F"}, {"digit", "0-9"},
        {"graph", "\\x21-\\x7E"},      {"lower", "a-z"},
        {"print", "\\x20-\\x7E "},     {"punct", "\\-!\"#$%&'()\\*+,./:;<=>?@[\\]^_`{|}~"},
        {"space", " \\t\\r\\n\\v\\f"}, {"upper", "A-Z"},
        {"word", "A-Za-z0-9_"},        {"xdigit", "A-Fa-f0-9"},
    };
    struct arc_units text = {.at = (uint16_t *)name, .len = len};

    for (size_t i = 0; i < ARC_COUNT(table); i++)
        if (arc_units_equal(&text, table[i][0]))
            return table[i][1];

    return NULL;
}

/* Parses a colon inside brackets; returns whether it ends the name of a POSIX class. */
static bool posix_colon(struct parser *p)
{
    struct token *bracket = p->prev;
    const struct arc_units *text = &bracket->value;

    if (!arc_units_has(text->at + 1, text->len - 1, '['))
        return false;
    bracket->posix = true;
    if (!arc_units_has(text->at + 1, text->len - 1, ':'))
        return false;
    size_t open = (size_t)arc_units_last(text->at, text->len, '[');
    size_t name = open + 2 < text->len ? open + 2 : text->len;
    const char *inside = posix_class(text->at + name, text->len - name);
    if (!inside)
        return false;
    bracket->value.len = open;
    arc_units_puts(&bracket->value, inside);
    p->backtrack = true;
    parser_advance(p);
    if (p->bos->output.len == 0 && p->token_count > 1 && p->tokens[1] == bracket)
        token_output(p->bos, GLOB_ONE_CHAR);

    return true;
}

void parser_bracket_inside(struct parser *p)
{
    uint16_t unit = p->value.len == 1 ? p->value.at[0] : 0;
    if (unit == ':' && posix_colon(p))
        return;
    bool first = arc_units_equal(&p->prev->value, "[") || arc_units_equal(&p->prev->value, "[^");
    if ((unit == '[' && parser_peek(p, 1) != ':') || (unit == '-' && parser_peek(p, 1) == ']') ||
        (unit == ']' && first))
        arc_units_insert(&p->value, 0, '\\');
    append(p, &p->value);
}

void parser_bracket_close(struct parser *p)
{
    struct token *bracket = p->prev;
    bool bare = bracket->type == TOKEN_BRACKET && bracket->value.len == 1;

    if (bare || p->brackets == 0) {
        parser_push(p, TOKEN_TEXT, "]", "\\]");
        return;
    }

    parser_close(p, &p->brackets);
    size_t inner = bracket->value.len - 1;
    const uint16_t *at = bracket->value.at + 1;
    if (!bracket->posix && inner && at[0] == '^' && !arc_units_has(at, inner, '/'))
        arc_units_insert(&p->value, 0, '/');

    bool keep = false;
    for (size_t i = 0; i < inner; i++)
        keep |= parser_is_special(at[i]);
    append(p, &p->value);
    if (keep)
        return;

    /* A bracket without any special character also matches its own text. */
    struct arc_units both = {0};
    arc_units_puts(&both, "(?:");
    parser_escape(&both, &bracket->value);
    arc_units_put(&both, '|');
    arc_units_append(&both, &bracket->value);
    arc_units_put(&both, ')');
    arc_units_slice_end(&p->output, bracket->value.len);
    arc_units_append(&p->output, &both);
    arc_units_free(&bracket->value);
    bracket->value = both;
}

void parser_extglob_open(struct parser *p, enum token_type type, uint16_t kind)
{
    if (!parser_room(p, &p->extglobs, p->extglob_count, sizeof *p->extglobs))
        return;
    struct extglob extglob = {.kind = kind, .parens = p->parens};
    parser_open(p, &p->parens, '(');
    parser_push_value(p, type, p->output.len ? "" : GLOB_ONE_CHAR);
    parser_advance(p);
    p->value.len = 0;
    arc_units_put(&p->value, '(');
    struct token *paren =
        parser_token(p, TOKEN_PAREN, &p->value, kind == '!' ? "(?:(?!(?:" : "(?:");
    if (paren)
        paren->extglob = true;
    parser_push_token(p, paren);
    p->extglobs[p->extglob_count++] = extglob;
}

/* Appends the end of `!(`…`)` to `out`. */
static void negation_output(struct parser *p, const struct extglob *extglob, struct arc_units *out)
{
    bool crosses = extglob->inner_len > 1 && extglob->inner_slash;
    const char *star = crosses ? GLOB_GLOBSTAR : GLOB_STAR;
    /* The rest is an extension, which becomes part of the lookahead: /^\.[^\\/.]+$/. */
    bool extension = extglob->inner_star && parser_peek(p, 1) == '.' && parser_peek(p, 2) >= 0;
    for (size_t i = p->at + 1; extension && i < p->len; i++)
        extension = p->input[i] != '\\' && p->input[i] != '/' && p->input[i] != '.';

    bool last = !extension && (crosses || p->at >= p->final_parens);

    arc_units_puts(out, last ? ")$))" : ")");

    if (extension) {
        bool negated;
        p->failed |= !parser_run(p->input + p->at, p->len - p->at, out, &negated);
    }

    if (!last)
        arc_units_put(out, ')');
    arc_units_puts(out, star);
    if (!last)
        arc_units_put(out, ')');
}

void parser_paren_close(struct parser *p)
{
    bool of_extglob = p->extglob_count && p->parens == p->extglobs[p->extglob_count - 1].parens + 1;
    if (!of_extglob) {
        parser_push(p, TOKEN_PAREN, ")", p->parens ? ")" : "\\)");
        parser_close(p, &p->parens);
        return;
    }

    struct extglob extglob = p->extglobs[--p->extglob_count];
    struct token *paren = parser_token(p, TOKEN_PAREN, &p->value, ")");
    if (!paren)
        return;
    paren->extglob = true;

    if (extglob.kind == '!') {
        paren->output.len = 0;
        negation_output(p, &extglob, &paren->output);
    } else
        arc_units_put(&paren->output, extglob.kind);

    parser_push_token(p, paren);
    parser_close(p, &p->parens);
}

void parser_brace_open(struct parser *p)
{
    if (!parser_room(p, &p->open_braces, p->open_brace_count, sizeof *p->open_braces))
        return;
    parser_open(p, &p->braces, '{');
    struct token *brace = parser_token(p, TOKEN_BRACE, &p->value, "(");
    if (!brace)
        return;
    brace->output_index = p->output.len;
    brace->tokens_index = p->token_count;
    p->open_braces[p->open_brace_count++] = brace;
    parser_push_token(p, brace);
}

static int by_units(const void *a, const void *b)
{
    return arc_units_compare(&(*(struct token *const *)a)->value,
                             &(*(struct token *const *)b)->value);
}

/* Removes the tokens since the brace and appends their range to `out`: "[1-3]", or their escaped
 * texts with ".." in between if that is not a valid class. */
static void brace_range(struct parser *p, struct arc_units *out)
{
    size_t first = p->token_count, count = 0;
    while (first > 0 && p->tokens[--first]->type != TOKEN_BRACE)
        ;
    struct token **ends = p->tokens + first;
    for (size_t i = 0; first + i < p->token_count; i++)
        if (ends[i]->type != TOKEN_BRACE && ends[i]->type != TOKEN_DOTS)
            ends[count++] = ends[i];

    p->token_count = first;
    p->backtrack = true;
    qsort(ends, count, sizeof *ends, by_units);
    arc_units_put(out, '[');

    for (size_t i = 0; i < count; i++) {
        if (i)
            arc_units_put(out, '-');
        arc_units_append(out, &ends[i]->value);
    }

    arc_units_put(out, ']');
    if (arc_regex_valid(out))
        return;
    out->len = 0;

    for (size_t i = 0; i < count; i++) {
        if (i)
            arc_units_puts(out, "..");
        parser_escape(out, &ends[i]->value);
    }
}

void parser_brace_close(struct parser *p)
{
    if (!p->open_brace_count) {
        parser_push(p, TOKEN_TEXT, "}", "}");
        return;
    }

    struct token *brace = p->open_braces[p->open_brace_count - 1];
    bool literal = !brace->comma && !brace->dots;

    if (literal) {
        brace->value.len = 0;
        arc_units_puts(&brace->value, "\\{");
        token_output(brace, "\\{");
        if (p->output.len > brace->output_index)
            p->output.len = brace->output_index;
    }

    for (size_t i = brace->tokens_index; literal && i < p->token_count; i++) {
        const struct token *token = p->tokens[i];
        bool output = token->has_output && token->output.len;
        arc_units_append(&p->output, output ? &token->output : &token->value);
    }

    p->value.len = 0;
    arc_units_puts(&p->value, literal ? "\\}" : "}");
    struct token *end = parser_token(p, TOKEN_BRACE, &p->value, literal ? "\\}" : ")");
    if (end && brace->dots) {
        end->output.len = 0;
        brace_range(p, &end->output);
    }

    parser_push_token(p, end);
    parser_close(p, &p->braces);
    p->open_brace_count--;
}
