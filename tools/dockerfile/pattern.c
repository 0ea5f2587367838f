#include "dockerfile/pattern.h"
#include "base/text.h"

#define PATTERN_MAX ((size_t)4096)

enum kind {
    ONE,        /* one character except a slash */
    MANY,       /* any number of them */
    ALL,        /* any number of any characters */
    FOLDERS,    /* nothing, or what FOLDERS_IN matches */
    FOLDERS_IN, /* one or more times: characters up to and including a slash */
    EXACT,      /* this character */
    CLASS,      /* one of a class, which may contain the slash */
};

struct range {
    uint32_t low, high;
};

/* A token is also a state: the one before it. */
struct token {
    enum kind kind;
    uint32_t character;
    struct range *ranges; /* of a class */
    size_t range_count;
    bool negated;
};

struct arc_path_pattern {
    char *text;
    size_t prefix_len;   /* up to the first special character; rejects most paths quickly */
    size_t prefix_count; /* number of tokens in it */
    bool literal;        /* the pattern is only the prefix */
    struct token *tokens;
    size_t count;
};

/* Decodes one character and returns its length; an invalid byte is one character, as in Go. */
static size_t decode(const char *text, size_t len, uint32_t *out)
{
    if (!(*text & 0x80)) { /* nearly all */
        *out = (unsigned char)*text;
        return 1;
    }

    if (arc_utf8_length(text, len))
        return arc_utf8_point(text, len, out);
    *out = 0x110000U + (unsigned char)*text;
    return 1;
}

/* ---- compiling ----------------------------------------------------------------------------- */

/* A pattern being compiled. */
struct parser {
    struct arc_arena *memory;
    struct arc_path_pattern *out;
    const char *at;
    bool ignore;
};

static struct token *add_token(struct parser *p, enum kind kind)
{
    struct token *token = &p->out->tokens[p->out->count++];
    *token = (struct token){.kind = kind};
    return token;
}

static uint32_t next_character(const char **at)
{
    uint32_t character;
    *at += decode(*at, strnlen(*at, 4), &character);
    return character;
}

/* A character of a class, possibly escaped; false if there is none. */
static bool class_character(const char **at, uint32_t *out)
{
    if (!**at || **at == '-' || **at == ']')
        return false;
    *at += **at == '\\';
    if (!**at)
        return false;
    *out = next_character(at);
    return true;
}

/* "[a-c]", "[^x]", from after the bracket. False if it is malformed. */
static bool parse_class(struct parser *p, struct token *class)
{
    class->negated = *p->at == '^';
    p->at += class->negated;

    do {
        struct range range;
        if (!class_character(&p->at, &range.low))
            return false;
        range.high = range.low;
        if (*p->at == '-') {
            p->at++;
            if (!class_character(&p->at, &range.high))
                return false;
        }
        struct range *added =
            arc_arena_append(p->memory, &class->ranges, &class->range_count, sizeof *added);
        if (added)
            *added = range;
    } while (*p->at && *p->at != ']');

    return *p->at++ == ']';
}

/* "**": patternmatcher skips a slash after it; at the start, before plain text, it compares the end
 * of a path. */
static void parse_stars(struct parser *p, bool start)
{
    bool slash = *p->at == '/';
    p->at += slash;
    if (!*p->at || (start && !slash && !p->at[strcspn(p->at, "*?[]\\")])) {
        add_token(p, ALL);
        return;
    }
    add_token(p, FOLDERS);
    add_token(p, FOLDERS_IN);
}

static bool parse_pattern(struct parser *p)
{
    const char *start = p->at;

    while (*p->at) {
        char c = *p->at;
        p->out->prefix_count += (size_t)(p->at - start) < p->out->prefix_len;
        if (c == '*' && p->at[1] == '*' && p->ignore) {
            p->at += 2;
            parse_stars(p, p->at == start + 2);
        } else if (c == '*' || c == '?') {
            p->at++;
            add_token(p, c == '*' ? MANY : ONE);
        } else if (c == '[') {
            p->at++;
            if (!parse_class(p, add_token(p, CLASS)))
                return false;
        } else {
            p->at += c == '\\';
            if (!*p->at)
                return false;
            add_token(p, EXACT)->character = next_character(&p->at);
        }
    }

    return true;
}

/* Whether the regular expression that patternmatcher makes of a pattern has more in it than the
 * pattern: "\d", "[[:digit:]]", "^". */
static bool is_expression(const char *text)
{
    for (const char *at = text; *at; at++) {
        bool starts = *at == '^' && (at == text || at[-1] != '[');
        if (starts || (*at == '[' && at[1] == ':') || (*at == '\\' && arc_is_alnum(at[1])))
            return true;
        at += *at == '\\' && at[1];
    }
    return false;
}

int arc_path_pattern_new(struct arc_arena *memory, const char *text, bool ignore,
                         struct arc_path_pattern **out)
{
    size_t len = strlen(text);
    *out = NULL;
    if (len > PATTERN_MAX)
        return ARC_ELIMIT;

    struct arc_path_pattern *made = arc_arena_array(memory, 1, sizeof *made);
    if (!made)
        return ARC_ENOMEM;
    made->prefix_len = strcspn(text, "*?[\\");
    made->literal = made->prefix_len == len;
    if (ignore && !made->literal && is_expression(text))
        return ARC_EINPUT;
    made->text = arc_arena_text(memory, text);
    made->tokens = arc_arena_array(memory, len + 1, sizeof *made->tokens);
    ARC_TRY(arc_arena_check(memory, NULL));

    struct parser parser = {.memory = memory, .out = made, .at = made->text, .ignore = ignore};
    if (!parse_pattern(&parser))
        return ARC_EINPUT;
    ARC_TRY(arc_arena_check(memory, NULL));
    *out = made;

    return ARC_OK;
}

/* ---- matching ------------------------------------------------------------------------------ */

/* A set of states; only those from `low` to `high` - 1 can be on. */
struct states {
    bool on[PATTERN_MAX + 2];
    size_t low, high;
};

/* Adds a state and those reachable from it without a character. */
static void enter(const struct arc_path_pattern *pattern, struct states *states, size_t state)
{
    for (; !states->on[state]; state++) {
        states->on[state] = true;
        if (state < states->low)
            states->low = state;
        if (state >= states->high)
            states->high = state + 1;
        if (state == pattern->count)
            return;
        enum kind kind = pattern->tokens[state].kind;
        if (kind == FOLDERS)
            enter(pattern, states, state + 2);
        else if (kind != MANY && kind != ALL)
            return;
    }
}

static bool is_in_class(const struct token *class, uint32_t c)
{
    bool found = false;
    arc_each (range, class->ranges, class->range_count)
        found |= c >= range->low && c <= range->high;
    return found != class->negated;
}

static void step(const struct arc_path_pattern *pattern, size_t state, uint32_t c,
                 struct states *next)
{
    const struct token *token = &pattern->tokens[state];
    bool slash = c == '/';

    switch (token->kind) {
    case ONE:
        if (!slash)
            enter(pattern, next, state + 1);
        break;
    case MANY:
        if (!slash)
            enter(pattern, next, state);
        break;
    case ALL:
        enter(pattern, next, state);
        break;
    case FOLDERS:
        break;
    case FOLDERS_IN:
        enter(pattern, next, state);
        if (slash)
            enter(pattern, next, state + 1);
        break;
    case EXACT:
        if (c == token->character)
            enter(pattern, next, state + 1);
        break;
    case CLASS:
        if (is_in_class(token, c))
            enter(pattern, next, state + 1);
        break;
    }
}

bool arc_path_pattern_match(const struct arc_path_pattern *pattern, const char *path, size_t len)
{
    struct states buffer[2], *now = &buffer[0], *next = &buffer[1];
    size_t count = pattern->count;

    if (!count)
        return true;
    if (len < pattern->prefix_len || memcmp(path, pattern->text, pattern->prefix_len) != 0)
        return false;
    if (pattern->literal)
        return len == pattern->prefix_len || path[pattern->prefix_len] == '/';

    arc_each_in (states, buffer) {
        memset(states->on, 0, count + 1);
        states->low = count + 1;
        states->high = 0;
    }
    enter(pattern, now, pattern->prefix_count);
    path += pattern->prefix_len;
    len -= pattern->prefix_len;

    while (len && now->high) {
        uint32_t c;
        size_t used = decode(path, len, &c);
        if (c == '/' && now->on[count])
            return true;

        for (size_t state = now->low; state < now->high; state++) {
            if (state < count && now->on[state])
                step(pattern, state, c, next);
            now->on[state] = false;
        }

        now->low = count + 1;
        now->high = 0;
        struct states *swap = now;
        now = next;
        next = swap;
        path += used;
        len -= used;
    }

    return now->on[count];
}
