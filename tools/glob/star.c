/* Stars: one, two (a globstar if they are a whole segment), more. */
#include "glob/picomatch.h"

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

void parser_star(struct parser *p)
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
