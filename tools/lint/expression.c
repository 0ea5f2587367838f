/* Expressions: their grammar, and which names they may use.
 * Source: GitHub docs, "Evaluate expressions in workflows and actions"; the parser in the runner's
 * source. */
#include "lint/rule.h"

#define PLACE(depth, keys, beside, kinds, uses)
#include "lint/places.def" /* the names of the events */

/* The jobs that GitHub makes of a matrix at most. */
#define LEGS_MAX ((size_t)256)

/* Deepest nesting. GitHub accepts 50 levels, and counts more constructs as a level. */
#define NESTING_MAX 50

const struct arc_yaml_node *lint_input(const struct arc_yaml_node *map, const char *name)
{
    arc_yaml_each_pair (pair, map)
        if (strcasecmp(pair->key->text, name) == 0)
            return pair->value;
    return NULL;
}

const struct arc_yaml_node *const *
lint_matrix_values(struct lint *lint, const struct arc_yaml_node *job, const char *text)
{
    static const struct arc_yaml_node *const none[] = {NULL};
    static const char context[] = "matrix.";
    const struct arc_yaml_node *matrix = arc_yaml_at(job, "strategy", "matrix");
    const struct arc_yaml_node *rows = arc_yaml_get(matrix, "include");
    const char *at = matrix ? strstr(text, context) : NULL;
    if (!at)
        return none;

    at += sizeof context - 1;
    const char *name = arc_or(arc_arena_cut(&lint->memory, at, strspn(at, ARC_ALNUM "_-")), "");
    const struct arc_yaml_node *own = lint_input(matrix, name);
    size_t most = ARC_MIN(arc_yaml_items(own), LEGS_MAX),
           more = ARC_MIN(arc_yaml_items(rows), LEGS_MAX);
    const struct arc_yaml_node **values =
        arc_arena_array(&lint->memory, most + more + 1, sizeof *values);
    if (!values)
        return none;

    size_t count = 0;
    for (size_t i = 0; i < most; i++)
        values[count++] = arc_yaml_entry(own, i);
    for (size_t i = 0; i < more; i++)
        if ((values[count] = lint_input(arc_yaml_entry(rows, i), name)))
            count++;

    return values;
}

/* A function. If it is not `free`, only certain places may call it. */
struct function {
    const char *name;
    size_t least, most;
    bool free;
};

static const struct function functions[] = {
    {"contains", 2, 2, true},   {"startsWith", 2, 2, true}, {"endsWith", 2, 2, true},
    {"format", 1, 255, true},   {"join", 1, 2, true},       {"toJSON", 1, 1, true},
    {"fromJSON", 1, 1, true},   {"case", 3, 255, true},     {"hashFiles", 1, 255, false},
    {"always", 0, 0, false},    {"cancelled", 0, 0, false}, {"success", 0, 255, false},
    {"failure", 0, 255, false},
};

/* An operand, including `!` and members. */
struct operand {
    const char *text;
    size_t len;
};

/* The reader of one expression. */
struct reading {
    struct lint *lint;
    const char *at, *end;
    const char *uses;
    const char *token; /* of the current token */
    size_t len;
    char kind;              /* n: name, v: value, o: operator, e: end; else the character itself */
    const char *before;     /* the end of the token before */
    unsigned calls;         /* how many calls and indexes it is within */
    struct operand operand; /* the last one */
    const char *wrong;      /* the first mistake; NULL so far */
    const char *doubt;      /* the first part with a misleading meaning; NULL so far */
};

static bool ends_word(char c)
{
    return arc_is_space(c) || strchr("()[],.!<>=&|*'", c);
}

static char find_kind(const char *word, size_t len)
{
    static const char *const values[] = {"true", "false", "null", "NaN", "Infinity"};
    bool name = !arc_is_digit(*word) && *word != '-';

    arc_each_in (value, values)
        if (arc_text_is(word, len, *value))
            return 'v';
    for (size_t i = 0; i < len; i++)
        name = name && (arc_is_word(word[i]) || word[i] == '-');
    return name && len ? 'n' : '?';
}

/* A number as in JavaScript; strtod() accepts that and a little more. */
static bool read_number(struct reading *r)
{
    char number[64], *rest;
    size_t len = 1;
    while (r->at + len < r->end && (r->at[len] == '.' || !ends_word(r->at[len])))
        len++;
    r->len = len;
    if (len >= sizeof number)
        return false;
    memcpy(number, r->at, len);
    number[len] = '\0';
    if (ARC_STARTS(number, "0o"))
        return number[strspn(number + 2, "01234567") + 2] == '\0';
    (void)strtod(number, &rest);

    return !*rest;
}

static void read_token(struct reading *r)
{
    bool behind = strchr("n])*", r->kind); /* then '.' does not start a number */
    bool property = r->kind == '.';

    r->before = r->at;
    while (r->at < r->end && arc_is_space(*r->at))
        r->at++;
    r->token = r->at;
    r->len = 1;
    r->kind = 'e';
    if (r->at == r->end)
        return;

    char c = *r->at, next = r->at + 1 < r->end ? r->at[1] : '\0';
    if (arc_is_digit(c) || c == '-' || c == '+' || (c == '.' && !behind)) {
        r->kind = read_number(r) ? 'v' : '?';
    } else if (strchr("()[],.*", c)) {
        r->kind = c;
    } else if (strchr("!<>=", c) && next == '=') {
        r->len = 2;
        r->kind = 'o';
    } else if (strchr("<>", c)) {
        r->kind = 'o';
    } else if (c == '!') {
        r->kind = c;
    } else if (c == '=') {
        r->kind = '?';
    } else if (c == '&' || c == '|') {
        r->len = 1 + (next == c);
        r->kind = next == c ? 'o' : '?';
    } else if (c == '\'') {
        bool open = true;
        for (; r->at + r->len < r->end && open; r->len++)
            if (r->at[r->len] == '\'') {
                open = r->at + r->len + 1 < r->end && r->at[r->len + 1] == '\'';
                r->len += open;
            }
        r->kind = open ? '?' : 'v';
    } else {
        while (r->at + r->len < r->end && !ends_word(r->at[r->len]))
            r->len++;
        r->kind = find_kind(r->at, r->len);
        if (property && r->kind == 'v')
            r->kind = 'n';
    }
    r->at += r->len;
}

/* Records a mistake; returns false. */
static bool refuse(struct reading *r, const char *wrong)
{
    if (!wrong && r->kind == 'e')
        wrong = "it is incomplete";
    r->wrong =
        arc_or(wrong, lint_text(r->lint, "'%.*s' is not expected here", (int)r->len, r->token));
    return false;
}

/* Skips the current token if it is of that kind; returns whether it was. */
static bool take(struct reading *r, char kind)
{
    bool taken = r->kind == kind;
    if (taken)
        read_token(r);
    return taken;
}

static bool read_context(struct reading *r)
{
    static const char known[] =
        "github env vars job jobs steps runner secrets strategy matrix needs inputs";
    int len = (int)r->len;
    bool allowed = arc_text_lists(r->uses, r->token, r->len);
    bool context = arc_text_lists(known, r->token, r->len);

    if (allowed && context)
        return take(r, 'n');
    if (allowed)
        return refuse(r, lint_text(r->lint, "'%.*s' is a function: write %.*s()", len, r->token,
                                   len, r->token));
    if (context)
        return refuse(r, lint_text(r->lint, "'%.*s' cannot be used here", len, r->token));
    return refuse(r, lint_text(r->lint, "there is no context '%.*s'; put a string in single quotes",
                               len, r->token));
}

/* ---- what is not meant ------------------------------------------------------------------------ */

/* Moves *operand past a prefix such as "inputs.", ignoring case; returns whether it has it. */
static bool skip_part(struct operand *operand, const char *part)
{
    size_t len = strlen(part);
    if (operand->len < len || strncasecmp(operand->text, part, len) != 0)
        return false;
    *operand = (struct operand){operand->text + len, operand->len - len};
    return true;
}

/* Moves *operand past a name; returns its length. */
static size_t skip_name(struct operand *operand)
{
    size_t len = 0;
    while (len < operand->len && (arc_is_word(operand->text[len]) || operand->text[len] == '-'))
        len++;
    *operand = (struct operand){operand->text + len, operand->len - len};
    return len;
}

enum type { UNKNOWN, TEXT, BOOLEAN };

/* The type of an input of the workflow or action, if all events that have it agree. */
static enum type find_input_type(struct lint *lint, struct operand input)
{
    static const char *const events[] = {"workflow_dispatch", "workflow_call"};
    const char *text = input.text;
    size_t len = skip_name(&input);
    const char *name = arc_or(arc_arena_cut(&lint->memory, text, len), "");
    enum type found = UNKNOWN;

    if (!len || input.len)
        return UNKNOWN;
    if (arc_yaml_get(lint->document, "runs"))
        return TEXT;

    arc_each_in (event, events) {
        const struct arc_yaml_node *given =
            lint_input(arc_yaml_at(lint->document, "on", *event, "inputs"), name);
        const char *type = arc_yaml_text_at(given, "type");
        enum type here = strcmp(type, "boolean") == 0 ? BOOLEAN : TEXT;
        if (!given)
            continue;
        if (strcmp(type, "number") == 0 || (found && found != here))
            return UNKNOWN;
        found = here;
    }

    return found;
}

static bool is_quoted_boolean(struct operand operand)
{
    return arc_text_is(operand.text, operand.len, "'true'") ||
           arc_text_is(operand.text, operand.len, "'false'");
}

static enum type find_type(struct lint *lint, struct operand operand)
{
    static const char *const texts[] = {"github.event.inputs.", "github.event.inputs['", "env.",
                                        "vars.", "secrets."};

    if (arc_text_is(operand.text, operand.len, "true"))
        return BOOLEAN;
    if (is_quoted_boolean(operand))
        return TEXT;
    if (skip_part(&operand, "inputs."))
        return find_input_type(lint, operand);

    arc_each_in (part, texts)
        if (skip_part(&operand, *part)) {
            bool whole = skip_name(&operand) && (!operand.len || skip_part(&operand, "']"));
            return whole && !operand.len ? TEXT : UNKNOWN;
        }
    if (!skip_part(&operand, "steps.") && !skip_part(&operand, "needs."))
        return UNKNOWN;
    bool output = skip_name(&operand) && skip_part(&operand, ".outputs.") && skip_name(&operand);

    return output && !operand.len ? TEXT : UNKNOWN;
}

bool lint_misfits(struct lint *lint, const struct arc_yaml_node *value, const char *type)
{
    bool boolean = strcmp(type, "boolean") == 0;
    const char *at = value->text, *text;
    size_t len;

    if (!at || (!boolean && strcmp(type, "number") != 0))
        return false;
    if (!arc_text_expression(&at, &text, &len))
        return boolean ? value->type != ARC_YAML_BOOL
                       : value->type != ARC_YAML_INT && value->type != ARC_YAML_FLOAT;
    if (text != value->text + 3 || *at)
        return true; /* a text with an expression in it */

    arc_text_trim(&text, &len);
    enum type found = find_type(lint, (struct operand){text, len});

    return found == TEXT || (found == BOOLEAN && !boolean);
}

/* GitHub compares values of different types as numbers: 'true' is NaN, true is 1. An empty text is
 * 0 and equals false, so that is not reported. */
static void check_comparison(struct reading *r, struct operand left)
{
    struct operand right = r->operand;
    enum type one = find_type(r->lint, left), other = find_type(r->lint, right);
    bool literal = arc_text_is(left.text, left.len, "true") ||
                   arc_text_is(right.text, right.len, "true") || is_quoted_boolean(left) ||
                   is_quoted_boolean(right);

    if (!r->doubt && literal && one && other && one != other)
        r->doubt = lint_text(r->lint,
                             "'%.*s' compares a text with a boolean, which are never equal: quote "
                             "true and false where the other is a text, and only there",
                             (int)(right.text + right.len - left.text), left.text);
}

/* What has only a few values: its text, or that before and after a name. */
static const struct few {
    const char *start, *end, *values;
    bool begins; /* the values are beginnings */
} few[] = {
    {"github.event_name", NULL, EVENTS, false},
    {"github.ref_type", NULL, "branch tag", false},
    {"github.ref", NULL, "refs/heads/ refs/tags/ refs/pull/", true}, /* as GitHub documents it */
    {"job.status", NULL, "success failure cancelled", false},
    {"needs.", ".result", "success failure cancelled skipped", false},
    {"steps.", ".conclusion", "success failure cancelled skipped", false},
    {"steps.", ".outcome", "success failure cancelled skipped", false},
    {"runner.arch", NULL, "X86 X64 ARM ARM64", false},
    {"runner.environment", NULL, "github-hosted self-hosted", false},
    {"runner.os", NULL, "Linux Windows macOS", false},
};

static const struct few *find_few(struct operand operand)
{
    arc_each_in (row, few) {
        struct operand rest = operand;
        if (!skip_part(&rest, row->start))
            continue;
        if (row->end &&
            ((!skip_name(&rest) && !skip_part(&rest, "*")) || !skip_part(&rest, row->end)))
            continue;
        if (!rest.len)
            return row;
    }
    return NULL;
}

/* Whether one of the values is the text, or (`begins`) begins with it. */
static bool can_be(const struct few *row, const char *text, size_t len, bool begins)
{
    arc_each_piece (value, row->values, " ") {
        bool alike = strncasecmp(value.text, text, ARC_MIN(value.len, len)) == 0;
        if (alike && (value.len == len || (value.len < len ? row->begins : begins)))
            return true;
    }
    return false;
}

/* 'failed' is no result, and 'main' no github.ref. `begins`: startsWith(). A called workflow has its
 * caller's event. */
static void check_value(struct reading *r, struct operand one, struct operand other, bool begins)
{
    bool first = *one.text == '\'';
    struct operand literal = first ? one : other;
    struct operand what = first ? other : one;
    const struct few *row = find_few(what);

    if (r->doubt || !row || literal.len < 3 || *literal.text != '\'')
        return;
    if (can_be(row, literal.text + 1, literal.len - 2, begins) &&
        !(row == few && arc_text_is(literal.text, literal.len, "'workflow_call'")))
        return;

    const char *known = row->begins ? "; it begins with " : "; it may be ", *values = row->values;
    if (row == few) /* too many */
        known = values = "";
    r->doubt = lint_text(r->lint, "%.*s %s %.*s%s%s", (int)what.len, what.text,
                         begins ? "never begins with" : "is never", (int)literal.len, literal.text,
                         known, values);
}

/* In a condition, 'false' is true, like every text that is not empty. */
static void check_truth(struct reading *r)
{
    struct operand input = r->operand;
    while (input.len && (*input.text == '!' || arc_is_space(*input.text)))
        input = (struct operand){input.text + 1, input.len - 1};
    if (r->doubt || r->calls || !arc_text_lists(r->uses, "always", 6))
        return;
    if (input.len > 2 && *input.text == '\'')
        r->doubt = lint_text(r->lint,
                             "%.*s by itself counts as true: compare with each text, as in "
                             "x == 'a' || x == 'b'",
                             (int)input.len, input.text);
    if (!skip_part(&input, "github.event.inputs."))
        return;

    const char *name = arc_or(arc_arena_cut(&r->lint->memory, input.text, input.len), "");
    const struct arc_yaml_node *given =
        lint_input(arc_yaml_at(r->lint->document, "on", "workflow_dispatch", "inputs"), name);
    if (strcmp(arc_yaml_text_at(given, "type"), "boolean") == 0)
        r->doubt = lint_text(r->lint,
                             "'github.event.inputs.%s' is a text, and 'false' counts as true: use "
                             "inputs.%s",
                             name, name);
}

/* contains('main dev', github.ref_name) is true for "mai", too. */
static void check_parts(struct reading *r, struct operand first)
{
    static const char *const names[] = {"github.ref",      "github.ref_name",
                                        "github.head_ref", "github.base_ref",
                                        "github.actor",    "github.triggering_actor"};
    const struct operand *second = &r->operand;

    if (*first.text != '\'' || r->doubt)
        return;
    arc_each_in (name, names)
        if (arc_text_is_caseless(second->text, second->len, *name))
            r->doubt =
                lint_text(r->lint,
                          "contains(%.*s, %s) is true for any part of that text, even an empty "
                          "one: compare it with each name by ==",
                          (int)first.len, first.text, *name);
}

/* ---- the grammar ----------------------------------------------------------------------------- */

static bool read_expression(struct reading *r, unsigned depth);

/* How many values a text for format() asks for: 2 for '{1}'. `{{` is a brace. */
static unsigned long count_values(struct operand text)
{
    const char *end = text.text + text.len;
    unsigned long most = 0;
    for (const char *at = text.text; at < end; at++) {
        if (ARC_STARTS(at, "{{")) {
            at++;
        } else if (*at == '{' && arc_is_digit(at[1])) {
            unsigned long value = strtoul(at + 1, NULL, 10);
            most = ARC_MAX(value + 1, most);
        }
    }
    return most;
}

/* A call, from its '(' on. */
static bool read_call(struct reading *r, const char *name, size_t len, unsigned depth)
{
    const struct function *function = NULL;
    struct operand first = {"", 0}, format = {"", 0};
    size_t count = 0;

    for (size_t i = 0; i < ARC_COUNT(functions); i++)
        if (arc_text_is_caseless(name, len, functions[i].name))
            function = &functions[i];
    if (!function)
        return refuse(r, lint_text(r->lint, "there is no function '%.*s'", (int)len, name));
    if (!function->free && !arc_text_lists(r->uses, name, len))
        return refuse(r, lint_text(r->lint, "%s() cannot be used here", function->name));

    r->calls++;
    take(r, '(');
    if (r->kind != ')')
        do {
            const char *start = r->token;
            if (!read_expression(r, depth))
                return false;
            bool last = count && r->operand.text == start;
            if (last && strcmp(function->name, "contains") == 0) {
                check_parts(r, first);
                if (memchr(first.text, '*', first.len))
                    check_value(r, first, r->operand, false);
            } else if (last && strcmp(function->name, "startsWith") == 0 && *first.text != '\'') {
                check_value(r, first, r->operand, true);
            }
            first = r->operand;
            format = count++ ? format : first;
        } while (take(r, ','));
    r->calls--;
    if (!take(r, ')'))
        return refuse(r, NULL);
    if (count < function->least || count > function->most)
        return refuse(r, lint_text(r->lint, "%s() does not take %zu value%s", function->name, count,
                                   arc_plural(count)));
    if (strcmp(function->name, "format") == 0 && *format.text == '\'' &&
        count_values(format) > count - 1)
        return refuse(
            r, lint_text(r->lint, "format() has no value for {%lu}", count_values(format) - 1));

    return true;
}

static bool read_operand(struct reading *r, unsigned depth)
{
    const char *start = r->token;
    while (take(r, '!'))
        ;

    if (take(r, 'v')) {
        r->operand = (struct operand){start, (size_t)(r->before - start)};
        return true;
    }

    if (take(r, '(')) {
        if (!read_expression(r, depth))
            return false;
        if (!take(r, ')'))
            return refuse(r, NULL);
    } else if (r->kind == 'n') {
        struct reading name = *r;
        read_token(r);
        bool call = r->kind == '(';
        if (!call)
            *r = name;
        if (call ? !read_call(r, name.token, name.len, depth) : !read_context(r))
            return false;
    } else {
        return refuse(r, NULL);
    }

    while (r->kind == '.' || r->kind == '[') { /* members */
        bool index = r->kind == '[';
        read_token(r);
        bool good = take(r, '*');
        r->calls += index;
        if (!good && index)
            good = read_expression(r, depth);
        else if (!good)
            good = take(r, 'n');
        r->calls -= index;
        if (r->wrong)
            return false;
        if (!good || (index && !take(r, ']')))
            return refuse(r, NULL);
    }

    r->operand = (struct operand){start, (size_t)(r->before - start)};
    return true;
}

static bool read_expression(struct reading *r, unsigned depth)
{
    bool equals = false, relates = false; /* the operator before: == or !=, any comparison */
    if (depth == NESTING_MAX)
        return refuse(r, "it is nested too deep");

    do {
        struct operand left = r->operand;
        const char *doubt = r->doubt;
        bool joins = relates;
        if (!read_operand(r, depth + 1))
            return false;
        relates = r->kind == 'o' && !strchr("&|", *r->token);
        if ((joins || relates) && *r->operand.text == '(')
            r->doubt = doubt; /* "(input || 'true') == 'true'" compares a text */
        if (equals && !relates) {
            check_comparison(r, left);
            check_value(r, left, r->operand, false);
        }
        if (!joins && !relates)
            check_truth(r);
        equals = relates && !joins && r->len == 2 && strchr("=!", *r->token);
    } while (take(r, 'o'));

    return true;
}

const char *lint_expression(struct lint *lint, const char *text, size_t len, const char *uses,
                            const char **doubt)
{
    struct reading r = {.lint = lint, .at = text, .end = text + len, .uses = uses, .kind = 'e'};
    r.operand = (struct operand){text, 0};
    read_token(&r);
    if (read_expression(&r, 0) && r.kind != 'e')
        refuse(&r, NULL);
    *doubt = r.wrong ? NULL : r.doubt;
    return r.wrong;
}
