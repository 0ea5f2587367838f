/* The main loop of picomatch's parse(), and its simple tokens. */
#include "base/auto.h"
#include "glob/picomatch.h"
#include <string.h>

/* Whether the unit is one of the ASCII characters; false for -1 (the end). */
static bool among(int unit, const char *characters)
{
    return unit > 0 && unit < 0x80 && strchr(characters, unit);
}

/* Parses a backslash and its unit. Returns false inside brackets, where the caller goes on with the
 * pair. */
static bool escape(struct parser *p)
{
    int next = parser_peek(p, 1);
    if (among(next, "/.;"))
        return true;

    if (next < 0) {
        parser_push(p, TOKEN_TEXT, "\\\\", NULL);
        return true;
    }

    size_t slashes = 0;
    while (parser_peek(p, slashes + 1) == '\\')
        slashes++;

    if (slashes > 2) {
        p->at += slashes;
        if (slashes % 2)
            arc_units_put(&p->value, '\\');
    }

    if ((next = parser_advance(p)) >= 0)
        arc_units_put(&p->value, (uint16_t)next);
    if (p->brackets > 0)
        return false;
    parser_push_value(p, TOKEN_TEXT, NULL);

    return true;
}

static void comma(struct parser *p)
{
    struct token *brace = p->open_brace_count ? p->open_braces[p->open_brace_count - 1] : NULL;
    if (!brace || !p->stack.len || p->stack.at[p->stack.len - 1] != '{') {
        parser_push(p, TOKEN_COMMA, ",", ",");
        return;
    }
    brace->comma = true;
    parser_push(p, TOKEN_COMMA, ",", "|");
}

/* Parses a slash; drops a `./` at the start. */
static void slash(struct parser *p)
{
    if (p->prev->type == TOKEN_DOT && p->at == p->start + 2) {
        p->start = p->at;
        p->output.len = 0;
        p->token_count--;
        p->prev = p->bos;
        return;
    }
    parser_push(p, TOKEN_SLASH, "/", GLOB_SLASH);
}

static void dot(struct parser *p)
{
    struct token *prev = p->prev;
    if (p->braces > 0 && prev->type == TOKEN_DOT) {
        if (arc_units_equal(&prev->value, "."))
            token_output(prev, GLOB_DOT);
        prev->type = TOKEN_DOTS;
        arc_units_put(&prev->output, '.');
        arc_units_put(&prev->value, '.');
        p->open_braces[p->open_brace_count - 1]->dots = true;
        return;
    }

    bool text = p->braces + p->parens == 0 && prev->type != TOKEN_BOS && prev->type != TOKEN_SLASH;
    parser_push(p, text ? TOKEN_TEXT : TOKEN_DOT, ".", GLOB_DOT);
}

/* Whether the rest of the input contains "<=", "<!" or "<name>". */
static bool named_group_ahead(const struct parser *p)
{
    for (size_t i = p->at; i < p->len; i++) {
        if (p->input[i] != '<')
            continue;
        size_t end = i + 1;
        if (end < p->len && (p->input[end] == '!' || p->input[end] == '='))
            return true;
        while (end < p->len && arc_unit_is_word(p->input[end]))
            end++;
        if (end > i + 1 && end < p->len && p->input[end] == '>')
            return true;
    }

    return false;
}

static void question_mark(struct parser *p)
{
    bool group = arc_units_equal(&p->prev->value, "(");
    int next = parser_peek(p, 1);

    if (!group && next == '(' && parser_peek(p, 2) != '?') {
        parser_extglob_open(p, TOKEN_QMARK, '?');
        return;
    }

    if (p->prev->type != TOKEN_PAREN) {
        parser_push(p, TOKEN_QMARK, "?", GLOB_QMARK);
        return;
    }

    bool literal = (group && !among(next, "!=<:")) || (next == '<' && !named_group_ahead(p));
    parser_push(p, TOKEN_TEXT, "?", literal ? "\\?" : "?");
}

/* Returns false if the `!` is plain text. */
static bool exclamation(struct parser *p)
{
    if (parser_peek(p, 1) == '(' &&
        (parser_peek(p, 2) != '?' || !among(parser_peek(p, 3), "!=<:"))) {
        parser_extglob_open(p, TOKEN_NEGATE, '!');
        return true;
    }

    if (p->at != 1)
        return false;
    size_t count = 1;
    while (parser_peek(p, 1) == '!' && (parser_peek(p, 2) != '(' || parser_peek(p, 3) == '?')) {
        p->at++;
        p->start++;
        count++;
    }

    if (count % 2) {
        p->negated = true;
        p->start++;
    }

    return true;
}

static void plus(struct parser *p)
{
    enum token_type before = p->prev->type;

    if (parser_peek(p, 1) == '(' && parser_peek(p, 2) != '?')
        parser_extglob_open(p, TOKEN_PLUS, '+');
    else if (arc_units_equal(&p->prev->value, "("))
        parser_push(p, TOKEN_PLUS, "+", "\\+");
    else if (before == TOKEN_BRACKET || before == TOKEN_PAREN || before == TOKEN_BRACE ||
             p->parens > 0)
        parser_push(p, TOKEN_PLUS, "+", NULL);
    else
        parser_push(p, TOKEN_PLUS, "\\+", NULL);
}

static void at_sign(struct parser *p)
{
    if (parser_peek(p, 1) != '(' || parser_peek(p, 2) == '?') {
        parser_push(p, TOKEN_TEXT, "@", NULL);
        return;
    }
    struct token *token = parser_token(p, TOKEN_AT, &p->value, "");
    if (token)
        token->extglob = true;
    parser_push_token(p, token);
}

static void paren_open(struct parser *p)
{
    parser_open(p, &p->parens, '(');
    parser_push(p, TOKEN_PAREN, "(", NULL);
}

/* Adds a lookahead, so that a star at the start of a segment does not match "." or "..". */
static void guard(struct parser *p, const char *text)
{
    arc_units_puts(&p->output, text);
    arc_units_puts(&p->prev->output, text);
}

static void become_globstar(struct parser *p, const char *output)
{
    p->prev->type = TOKEN_GLOBSTAR;
    arc_units_put(&p->prev->value, '*');
    token_output(p->prev, output);
}

/* Puts the slash before the stars into one group with them. */
static void group_with_slash(struct parser *p, const char *output)
{
    struct token *prior = p->prev->prev;
    arc_units_slice_end(&p->output, prior->output.len + p->prev->output.len);
    struct arc_units rest = prior->output;
    prior->output = (struct arc_units){0};
    token_output(prior, "(?:");
    arc_units_append(&prior->output, &rest);
    arc_units_free(&rest);
    become_globstar(p, output);
    arc_units_append(&p->output, &prior->output);
    arc_units_append(&p->output, &p->prev->output);
}

static void slash_after_globstar(struct parser *p)
{
    parser_advance(p);
    parser_push(p, TOKEN_SLASH, "/", "");
}

static void whole_pattern_so_far(struct parser *p, const char *output)
{
    become_globstar(p, output);
    p->output.len = 0;
    arc_units_append(&p->output, &p->prev->output);
}

static void globstar(struct parser *p)
{
    struct token *prior = p->prev->prev;
    bool bos = prior->type == TOKEN_BOS;
    bool inner_slash = prior->type == TOKEN_SLASH && prior->prev->type != TOKEN_BOS;
    const struct token *before = prior->prev;
    bool after_star = before && (before->type == TOKEN_STAR || before->type == TOKEN_GLOBSTAR);
    int next = parser_peek(p, 1);

    if (bos && next < 0)
        whole_pattern_so_far(p, GLOB_GLOBSTAR);
    else if (inner_slash && !after_star && next < 0)
        group_with_slash(p, GLOB_GLOBSTAR "|$)");
    else if (inner_slash && next == '/') {
        bool last = parser_peek(p, 2) < 0;
        group_with_slash(p, last ? GLOB_GLOBSTAR GLOB_SLASH "|" GLOB_SLASH ")"
                                 : GLOB_GLOBSTAR GLOB_SLASH "|" GLOB_SLASH "|$)");
        slash_after_globstar(p);
    } else if (bos && next == '/') {
        whole_pattern_so_far(p, "(?:^|" GLOB_SLASH "|" GLOB_GLOBSTAR GLOB_SLASH ")");
        slash_after_globstar(p);
    } else {
        arc_units_slice_end(&p->output, p->prev->output.len);
        become_globstar(p, GLOB_GLOBSTAR);
        arc_units_append(&p->output, &p->prev->output);
    }
}

/* Whether a segment starts after `prior`: only there two stars are a globstar. */
static bool segment_starts(const struct parser *p, enum token_type prior)
{
    if (prior == TOKEN_SLASH || prior == TOKEN_BOS || prior == TOKEN_PAREN)
        return true;
    return p->braces > 0 && (prior == TOKEN_COMMA || prior == TOKEN_BRACE);
}

static void single_star(struct parser *p)
{
    enum token_type before = p->prev->type;
    if (p->at - 1 == p->start || before == TOKEN_SLASH || before == TOKEN_DOT) {
        guard(p, before == TOKEN_DOT ? GLOB_NO_DOT_SLASH : GLOB_NO_DOTS_SLASH);
        if (parser_peek(p, 1) != '*')
            guard(p, GLOB_ONE_CHAR);
    }
    parser_push(p, TOKEN_STAR, "*", GLOB_STAR);
}

static void star(struct parser *p)
{
    if (p->prev->type == TOKEN_GLOBSTAR || p->prev->star) { /* the third, or more */
        p->prev->type = TOKEN_STAR;
        p->prev->star = true;
        arc_units_put(&p->prev->value, '*');
        token_output(p->prev, GLOB_STAR);
        p->backtrack = true;
    } else if (parser_peek(p, 1) == '(' && parser_peek(p, 2) >= 0 && parser_peek(p, 2) != '?') {
        parser_extglob_open(p, TOKEN_STAR, '*');
    } else if (p->prev->type != TOKEN_STAR) {
        single_star(p);
    } else if (!segment_starts(p, p->prev->prev->type)) {
        parser_push(p, TOKEN_STAR, "*", "");
    } else {
        /* Skips further slashes and globstars, which change nothing. */
        while (parser_peek(p, 1) == '/' && parser_peek(p, 2) == '*' && parser_peek(p, 3) == '*' &&
               (parser_peek(p, 4) < 0 || parser_peek(p, 4) == '/'))
            p->at += 3;
        globstar(p);
    }
}

/* Parses a unit with a special meaning; returns false if it is plain text. */
static bool special(struct parser *p, uint16_t unit)
{
    static const struct {
        uint16_t unit;
        void (*parse)(struct parser *);
    } table[] = {
        {'(', paren_open},
        {')', parser_paren_close},
        {'[', parser_bracket_open},
        {']', parser_bracket_close},
        {'{', parser_brace_open},
        {'}', parser_brace_close},
        {',', comma},
        {'/', slash},
        {'.', dot},
        {'?', question_mark},
        {'+', plus},
        {'@', at_sign},
        {'*', star},
    };

    if (unit == '!')
        return exclamation(p);

    if (unit == '|') {
        parser_push(p, TOKEN_TEXT, "|", NULL);
        return true;
    }

    arc_each_in (row, table)
        if (row->unit == unit) {
            row->parse(p);
            return true;
        }

    return false;
}

static void plain(struct parser *p, uint16_t unit)
{
    p->value.len = 0;
    if (unit == '$' || unit == '^')
        arc_units_put(&p->value, '\\');
    arc_units_put(&p->value, unit);
    while (p->at < p->len && !among(p->input[p->at], "@![].,$*+?^{}()|\\/"))
        arc_units_put(&p->value, p->input[p->at++]);
    parser_push_value(p, TOKEN_TEXT, NULL);
}

static void step(struct parser *p)
{
    uint16_t unit = (uint16_t)parser_advance(p);
    struct arc_units *before = &p->prev->value;

    p->value.len = 0;
    arc_units_put(&p->value, unit);
    if (unit == 0 || (unit == '\\' && escape(p)))
        return;

    bool in_class = p->value.len > 1 || unit != ']' || arc_units_equal(before, "[") ||
                    arc_units_equal(before, "[^");
    if (p->brackets > 0 && in_class) {
        parser_bracket_inside(p);
    } else if (p->quoted && unit != '"') {
        size_t len = before->len;
        parser_escape(before, &p->value);
        arc_units_add(&p->output, before->at + len, before->len - len);
    } else if (unit == '"') {
        p->quoted = !p->quoted;
    } else if (!special(p, unit)) {
        plain(p, unit);
    }
}

void parser_loop(struct parser *p)
{
    while (p->at < p->len && !p->failed)
        step(p);
}
