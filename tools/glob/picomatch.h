/* The state of picomatch's parse(), shared by its files here. Names follow parse.js. */
#pragma once

#include "glob/units.h"

/* picomatch's constants.js, POSIX_CHARS. */
#define GLOB_SLASH         "\\/"
#define GLOB_DOT           "\\."
#define GLOB_ONE_CHAR      "(?=.)"
#define GLOB_QMARK         "[^/]"
#define GLOB_STAR          "[^/]*?"
#define GLOB_END_ANCHOR    "(?:\\/|$)"
#define GLOB_START_ANCHOR  "(?:^|\\/)"
#define GLOB_DOTS_SLASH    "\\.{1,2}" GLOB_END_ANCHOR
#define GLOB_NO_DOTS       "(?!" GLOB_START_ANCHOR GLOB_DOTS_SLASH ")"
#define GLOB_NO_DOT_SLASH  "(?!\\.{0,1}" GLOB_END_ANCHOR ")"
#define GLOB_NO_DOTS_SLASH "(?!" GLOB_DOTS_SLASH ")"
#define GLOB_GLOBSTAR      "(?:(?:(?!" GLOB_START_ANCHOR GLOB_DOTS_SLASH ").)*?)"

enum token_type {
    TOKEN_BOS,
    TOKEN_TEXT,
    TOKEN_SLASH,
    TOKEN_DOT,
    TOKEN_DOTS,
    TOKEN_QMARK,
    TOKEN_PLUS,
    TOKEN_AT,
    TOKEN_NEGATE,
    TOKEN_STAR,
    TOKEN_GLOBSTAR,
    TOKEN_PAREN,
    TOKEN_BRACKET,
    TOKEN_BRACE,
    TOKEN_COMMA,
    TOKEN_MAYBE_SLASH,
};

/* A piece of the pattern. */
struct token {
    enum token_type type;
    struct arc_units value;  /* the piece, perhaps already escaped */
    struct arc_units output; /* its regular expression */
    bool has_output;         /* if false, value is also the output */
    bool extglob;
    bool star;  /* three or more stars in a row */
    bool posix; /* a bracket with a POSIX class */
    bool comma; /* a brace with a comma */
    bool dots;  /* a brace with two dots */
    size_t output_index;
    size_t tokens_index;
    struct token *prev;
    struct token *made_before; /* links all tokens, to free them */
};

/* An open extended glob, such as `@(`. */
struct extglob {
    uint16_t kind; /* '!', '?', '+', '*', '@' */
    int parens;    /* number of parentheses that were open before it */
    size_t inner_len;
    bool inner_slash, inner_star; /* whether its inside contains `/`, `*` */
};

struct parser {
    const uint16_t *input;
    size_t len;
    size_t at;    /* index of the next unit: state.index + 1 */
    size_t start; /* where the pattern starts, after `!` and `./` */
    struct arc_units value;
    struct arc_units output;
    bool backtrack;
    bool negated;
    bool quoted;
    bool failed;  /* memory ran out */
    int brackets; /* numbers of open ones; parens can be negative */
    int parens;
    int braces;
    struct token *bos, *prev, *made;
    struct token **tokens;
    size_t token_count;
    struct extglob *extglobs;
    size_t extglob_count;
    struct token **open_braces;
    size_t open_brace_count;
    struct arc_units stack;  /* the open '[', '(' and '{' */
    size_t last_bracket_end; /* index + 1 of the last `]`, 0 for none */
    size_t final_parens;     /* where the `)` at the end of the input start */
};

/* Returns the unit `ahead` places after the current one (1 is the next), or -1 at the end. */
int parser_peek(const struct parser *p, size_t ahead);
/* Consumes and returns the next unit, or -1 at the end. */
int parser_advance(struct parser *p);

/* Makes a token with a copy of `value` and, unless NULL, of `output`. Returns NULL and sets
 * p->failed if out of memory. */
struct token *parser_token(struct parser *p, enum token_type type, const struct arc_units *value,
                           const char *output);
/* Appends the token to the tokens (or joins it to a text before it) and to the output. Ignores
 * NULL. */
void parser_push_token(struct parser *p, struct token *token);
/* Makes and pushes a token with an ASCII value. */
void parser_push(struct parser *p, enum token_type type, const char *value, const char *output);
/* Makes and pushes a token with the value p->value. */
void parser_push_value(struct parser *p, enum token_type type, const char *output);
void token_output(struct token *token, const char *output);

/* Counts an opened or closed '[', '(' or '{' and keeps the stack. */
void parser_open(struct parser *p, int *count, uint16_t kind);
void parser_close(struct parser *p, int *count);

/* Makes room for one more element of the array. Returns false and sets p->failed if out of
 * memory. */
bool parser_room(struct parser *p, void *array, size_t count, size_t element);

void parser_loop(struct parser *p);
void parser_extglob_open(struct parser *p, enum token_type type, uint16_t kind);
void parser_paren_close(struct parser *p);
void parser_bracket_open(struct parser *p);
void parser_bracket_inside(struct parser *p);
void parser_bracket_close(struct parser *p);
void parser_brace_open(struct parser *p);
void parser_brace_close(struct parser *p);

/* Parses without the fast paths and appends the regular expression to `source`. Returns false if
 * out of memory. */
bool parser_run(const uint16_t *input, size_t len, struct arc_units *source, bool *negated);

/* Whether the unit is one of -*+?.^${}(|)[]. */
bool parser_is_special(uint16_t unit);
/* Appends the units with a backslash before each special one (utils.escapeRegex). */
void parser_escape(struct arc_units *out, const struct arc_units *text);
