/* Evaluates the expressions in workflows, as far as the repository's files allow. */
#include "init/sources.h"

#define TEXT_MAX   65536
#define NODE_COST  64
#define NESTED_MAX 16

/* ---- expressions ---------------------------------------------------------------------------- */

/* An expression being read. Values are strings; NULL is what only a run knows. */
struct expression {
    struct init *init;
    const json_t *scope;
    const char *at;
    size_t nested;
    bool strict; /* strings with INIT_UNKNOWN are unknown as a whole, not merely different */
};

static const char *read_choice(struct expression *read);

static bool take(struct expression *read, const char *sign)
{
    const char *at = read->at + strspn(read->at, " \t\r\n"), *rest = arc_text_after(at, sign);
    read->at = arc_or(rest, at);
    return rest != NULL;
}

static bool is_false(const char *value)
{
    return !*value || init_is_among(value, "false 0");
}

/* Whether the value holds in some runs but not for a release: "branch:main", "schedule". */
static bool is_condition(const char *value)
{
    return ARC_STARTS(value, "branch:") || strcmp(value, "schedule") == 0;
}

/* contains(), for a release with a stable version. */
static const char *find_part(struct init *init, const char *text, const char *part)
{
    if (init_says_version(text) && strstr(part, "refs/tags"))
        return "true";
    if (init_says_version(text) &&
        init_is_among(part, "- rc -rc alpha -alpha beta -beta dev -dev .dev pre -pre -snapshot"))
        return "false";
    if (strchr(text, '{') || strchr(part, '{'))
        return NULL;
    if (*text == '[') /* a list as JSON */
        part = init_print(init, "\"%s\"", part);
    return arc_true_or_false(strstr(init_lower(init, text), init_lower(init, part)));
}

/* format('{0}-{1}', …); unknown values become INIT_UNKNOWN. */
static const char *format(struct init *init, const char *text, const char *const *values,
                          size_t count)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = TEXT_MAX};

    for (; *text; text++) {
        size_t index = (size_t)(unsigned char)text[1] - '0';
        if (*text == '{' && index < count && text[2] == '}') {
            arc_buf_puts(&out, arc_or(values[index], INIT_UNKNOWN_TEXT));
            text += 2;
        } else
            arc_buf_putc(&out, *text);
    }

    return init_hold(init, &out);
}

/* The value of a function call, after its opening bracket. */
static const char *read_call(struct expression *read, const char *function)
{
    const char *values[8] = {NULL}, *start = read->at;
    struct init *init = read->init;
    size_t count = 0;

    if (take(read, ")"))
        return NULL;
    do {
        const char *value = read_choice(read);
        if (count < ARC_COUNT(values))
            values[count++] = value;
    } while (take(read, ","));
    if (!take(read, ")"))
        return NULL;

    const char *text = values[0], *part = values[1];
    if (init_is_among(function, "fromJSON join"))
        return text;
    if (text && init_is_among(function, "format"))
        return format(init, text, values + 1, count - 1);
    if (!text || !part || !arc_text_is_visible(text) || !arc_text_is_visible(part))
        return NULL;
    if (init_is_among(function, "contains"))
        return find_part(init, text, part);

    bool starts = init_is_among(function, "startsWith");
    if (starts && ARC_STARTS(start, "github.ref,") && ARC_STARTS(part, "refs/tags")) {
        if (part[strcspn(part, "0123456789")])
            return NULL; /* refs/tags/v0. */
        return "true";   /* a release's ref is a tag */
    }
    if (strchr(text, '{') || !(starts || init_is_among(function, "endsWith")))
        return NULL;

    return arc_true_or_false(starts ? ARC_STARTS(text, part) : arc_text_ends(text, part));
}

/* A bare word, a function call, or a name such as needs.build.outputs['tag'] in nested objects.
 * Inputs that were not given, and keys that a cell of a known matrix lacks, are empty. */
static const char *read_name(struct expression *read)
{
    static const char letters[] = INIT_LETTERS "-";
    const char *key = init_cut(read->init, read->at, strspn(read->at, letters));
    const json_t *value = json_object_get(read->scope, key);
    const char *called = NULL;
    bool optional = false;

    read->at += strlen(key);
    if (init_is_among(key, "true false") || (*key >= '0' && *key <= '9'))
        return key;
    if (strcmp(key, "null") == 0)
        return "";
    bool is_call = take(read, "(");
    if (is_call)
        called = read_call(read, key);

    for (bool first = true;; first = false) {
        optional = optional || (init_is_among(key, "inputs matrix") && json_is_object(value));
        if (take(read, ".")) {
            key = init_cut(read->init, read->at, strspn(read->at, INIT_LETTERS "-*"));
            read->at += strlen(key);
        } else if (take(read, "[")) {
            key = arc_or(read_choice(read), "");
            (void)take(read, "]");
        } else if (first)
            return is_call ? called : json_string_value(value);
        else
            break;
        value = json_object_get(value, key);
    }

    return value || !optional ? json_string_value(value) : "";
}

static const char *read_operand(struct expression *read)
{
    const char *value;

    if (read->nested == NESTED_MAX || !init_spend(read->init, NODE_COST))
        return NULL;
    read->nested++;
    if (take(read, "!")) {
        value = read_operand(read);
        if (value)
            value = arc_true_or_false(is_false(value) || is_condition(value));
    } else if (take(read, "(")) {
        value = read_choice(read);
        value = take(read, ")") ? value : NULL;
    } else if (take(read, "'")) {
        ARC_AUTO(arc_buf) struct arc_buf text = {.max = TEXT_MAX};
        for (; *read->at; read->at++) { /* two quotes stand for one */
            if (*read->at == '\'' && *++read->at != '\'')
                break;
            arc_buf_putc(&text, *read->at);
        }
        value = init_hold(read->init, &text);
    } else
        value = read_name(read);
    read->nested--;
    if (read->strict && value && !arc_text_is_visible(value))
        return NULL;

    return init_spend(read->init, strlen(arc_or(value, ""))) ? value : NULL;
}

/* Compares the event of a release: it is never a pull request, a schedule is a condition, a run
 * started by hand may be a release. False if it compares like any other value. */
static bool compare_event(const char *event, const char *wanted, bool equal, const char **out)
{
    if (!wanted || init_is_among(wanted, "workflow_dispatch repository_dispatch workflow_call") ||
        (!equal && arc_text_same(event, wanted)))
        *out = NULL;
    else if (ARC_STARTS(wanted, "pull_request", "merge_group") && !arc_text_same(event, wanted))
        *out = equal ? "false" : "true";
    else if (strcmp(wanted, "schedule") == 0 && !arc_text_same(event, wanted))
        *out = equal ? "schedule" : "true";
    else
        return false;
    return true;
}

/* A == B and A != B, else one operand. A comparison with a branch or a schedule is a condition. */
static const char *read_test(struct expression *read)
{
    read->at += strspn(read->at, " \t\r\n");
    const char *start = read->at, *one = read_operand(read);
    size_t len = arc_text_strip(start, (size_t)(read->at - start), " \t\r\n");
    const char *name = init_cut(read->init, start, len), *value;
    bool equal = take(read, "=="), differs = !equal && take(read, "!=");

    if (!equal && !differs) {
        if (!take(read, "<") && !take(read, ">"))
            return one;
        (void)take(read, "=");
        (void)read_operand(read);
        return NULL;
    }

    const char *other = read_operand(read);
    if (strcmp(name, "github.event_name") == 0 && compare_event(one, other, equal, &value))
        return value;
    if (!other)
        return NULL;
    if (equal && strcmp(name, "github.ref") == 0 && ARC_STARTS(other, "refs/heads/"))
        return init_print(read->init, "branch:%s", other + 11);
    bool is_plain = *other && arc_text_is_visible(other) && !strchr(other, '{');
    if (equal && strcmp(name, "github.ref_name") == 0 && is_plain)
        return init_print(read->init, "branch:%s", other);
    if (ARC_STARTS(name, "secrets.") && !*other) /* true for whoever publishes */
        return arc_true_or_false(!equal);
    if (strcmp(name, "github.repository") == 0) /* guards against forks */
        return arc_true_or_false(equal);
    if (!one)
        return NULL;
    if (is_condition(one) && init_is_among(other, "true false"))
        return (*other == 't') == equal ? one : "true";

    return arc_true_or_false((strcasecmp(one, other) == 0) == equal);
}

/* A && B: the first false operand, even if others are unknown, else the last. A condition stays one
 * beside "true"; a schedule gives a release no other value. */
static const char *read_all(struct expression *read)
{
    const char *value = read_test(read);

    while (take(read, "&&")) {
        const char *other = read_test(read);
        if (value && strcmp(value, "schedule") == 0 && other && strcmp(other, "true") != 0)
            value = "false";
        else if (value && is_condition(value) && other && strcmp(other, "true") == 0)
            continue;
        else if (!value || !is_false(value))
            value = value || (other && is_false(other)) ? other : NULL;
    }

    return value;
}

/* A || B: the first operand that is not false, else the last; "true" goes before a condition. A
 * repository variable with a default counts as not set: forks set it. */
static const char *read_choice(struct expression *read)
{
    const char *value = NULL;
    bool is_unset = true;

    do {
        const char *start = read->at + strspn(read->at, " \t\r\n"), *other = read_all(read);
        bool is_passed = value && (is_false(value) ||
                                   (is_condition(value) && other && strcmp(other, "true") == 0));
        if (!is_unset && !is_passed)
            continue;
        value = other;
        is_unset = !value && ARC_STARTS(start, "vars.");
    } while (take(read, "||"));

    return value;
}

/* The value of an expression; INIT_UNKNOWN_TEXT if it is unknown or malformed. */
static const char *evaluate(struct init *init, const char *text, size_t len, const json_t *scope,
                            bool strict)
{
    struct expression read = {
        .init = init, .scope = scope, .at = init_cut(init, text, len), .strict = strict};
    const char *value = read_choice(&read);
    bool whole = !read.at[strspn(read.at, " \t\r\n")];
    return whole && value ? value : INIT_UNKNOWN_TEXT;
}

bool init_may_run(struct init *init, const struct arc_yaml_node *owner, const json_t *scope,
                  const char **when)
{
    const char *text = arc_yaml_text_at(owner, "if"), *inner = arc_text_after(text, "${{");
    size_t len = strlen(text);

    if (!*text || !json_object_get(json_object_get(scope, "github"), "event_name"))
        return true;
    len -= inner && arc_text_ends(text, "}}") && len > 4 ? 5 : 0;
    const char *value = evaluate(init, arc_or(inner, text), len, scope, true);
    if (is_condition(value) && !**when)
        *when = value;
    if (strcmp(value, INIT_UNKNOWN_TEXT) == 0 && strstr(text, "release"))
        *when = ""; /* if the run makes a release (release-please), that is one */

    return !is_false(value);
}

/* The parsed value of "${{ … fromJSON(TEXT) … }}" if that is a list or an object; NULL if not, or if
 * only a run knows it. A new reference. */
static json_t *expand_json(struct init *init, const char *text, const json_t *scope)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    const char *at = text, *start;
    size_t len;

    if (!arc_text_expression(&at, &start, &len) || start != text + 3 || *at || !start[len] ||
        !strstr(init_lower(init, text), "fromjson("))
        return NULL;

    const char *known = evaluate(init, start, len, scope, false);
    if (!*known || !strchr("[{", *known) || !init_spend(init, strlen(known) * NODE_COST) ||
        !init_succeeds(init, arc_yaml_parse(known, strlen(known), "fromJSON", 0, &yaml, NULL)))
        return NULL;

    return init_expand_node(init, yaml.root, NULL);
}

json_t *init_expand_node(struct init *init, const struct arc_yaml_node *node, const json_t *scope)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = TEXT_MAX};

    if (!node || init->spent > INIT_SPENT_MAX)
        return json_null();

    if (node->type == ARC_YAML_LIST) {
        json_t *list = init_made(init, json_array());
        arc_yaml_each (item, node)
            init_push(init, list, init_expand_node(init, item, scope));
        return list;
    }

    if (node->type == ARC_YAML_MAP) {
        json_t *object = init_made(init, json_object());
        arc_yaml_each_pair (pair, node)
            init_set(init, object, pair->key->text, init_expand_node(init, pair->value, scope));
        return object;
    }

    const char *rest = node->text && node->type != ARC_YAML_NULL ? node->text : "";
    const char *at = rest, *start;
    json_t *parsed = expand_json(init, rest, scope);
    if (parsed)
        return parsed;
    for (size_t len; arc_text_expression(&at, &start, &len) && start[len]; rest = at) {
        arc_buf_add(&text, rest, (size_t)(start - 3 - rest));
        arc_buf_puts(&text, evaluate(init, start, len, scope, false));
    }
    arc_buf_puts(&text, rest);
    (void)init_spend(init, text.len + NODE_COST);

    return init_made(init, json_string(init_hold(init, &text)));
}
