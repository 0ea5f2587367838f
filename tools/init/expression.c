/* Evaluates the expressions in workflows, as far as the repository's files allow. */
#include "base/json.h"
#include "base/text.h"
#include "init/sources.h"

#define ENTRIES_MAX 1000 /* of include and of exclude */
#define TEXT_MAX    65536
#define NODE_COST   64

/* ---- expressions ---------------------------------------------------------------------------- */

/* One operand: a literal, or a name such as "a.b.c" in nested objects. False if it is unknown.
 * Inputs that were not given, and keys that a cell of a known matrix lacks, are empty. */
static bool evaluate_operand(struct init *init, const char *text, size_t len, const json_t *scope,
                             struct arc_buf *out)
{
    const json_t *value = scope;

    arc_text_trim(&text, &len);

    if (len >= 2 && *text == '\'' && memchr(text + 1, '\'', len - 1) == text + len - 1) {
        arc_buf_add(out, text + 1, len - 2);
        return true;
    }

    for (size_t at = 0; at < len; at++) {
        const char *dot = memchr(text + at, '.', len - at);
        size_t part = (dot ? (size_t)(dot - text) : len) - at;
        value = json_object_get(value, init_cut(init, text + at, part));
        at += part;
    }

    bool is_tag = len > 32 && ARC_STARTS(text, "startsWith(github.ref, 'refs/tags");
    if (is_tag || json_is_string(value)) /* a release's ref is a tag */
        arc_buf_puts(out, is_tag ? "true" : json_string_value(value));

    return is_tag || json_is_string(value) ||
           (len > 7 && ARC_STARTS(text, "inputs.") && json_object_get(scope, "inputs")) ||
           (len > 7 && ARC_STARTS(text, "matrix.") && json_object_get(scope, "matrix"));
}

/* The length of the text before an operator; all of it if there is none. */
static size_t measure_operand(const char *text, size_t len, const char *operator)
{
    size_t part = 0;
    while (part + 1 < len && strncmp(text + part, operator, 2) != 0)
        part++;
    return part + 1 < len ? part : len;
}

/* A == B and A != B if both are known (for github.ref the result is "branch:main"), else one
 * operand. */
static bool evaluate_test(struct init *init, const char *text, size_t len, const json_t *scope,
                          struct arc_buf *out)
{
    size_t equal = measure_operand(text, len, "=="), differs = measure_operand(text, len, "!=");
    size_t part = ARC_MIN(equal, differs);
    ARC_AUTO(arc_buf) struct arc_buf one = {.max = TEXT_MAX}, other = {.max = TEXT_MAX};

    if (part == len)
        return evaluate_operand(init, text, len, scope, out);

    bool told = evaluate_operand(init, text + part + 2, len - part - 2, scope, &other);
    bool known = evaluate_operand(init, text, part, scope, &one);
    (void)init_succeeds(init, arc_or(one.failed, other.failed));

    const char *value = arc_buf_text(&other), *ref = strstr(text, "github.ref ");
    if (ref && ref < text + part && equal < differs && ARC_STARTS(value, "refs/heads/")) {
        arc_buf_printf(out, "branch:%s", value + 11);
        return true;
    }

    bool is_secret = strstr(text, "secrets.") == text + strspn(text, " ");
    if (is_secret && told && !*value) { /* true for whoever publishes */
        arc_buf_puts(out, equal < differs ? "false" : "true");
        return true;
    }

    bool same = strcasecmp(arc_buf_text(&one), value) == 0;
    arc_buf_puts(out, same == (equal < differs) ? "true" : "false");

    return known && told;
}

static bool is_false(struct arc_buf *value)
{
    return !value->len || strcmp(arc_buf_text(value), "false") == 0;
}

/* A && B: the first false operand, even if others are unknown, else the last. Returns false if the
 * result is unknown. */
static bool evaluate_all(struct init *init, const char *text, size_t len, const json_t *scope,
                         struct arc_buf *out)
{
    for (bool known = true;;) {
        size_t part = measure_operand(text, len, "&&");
        arc_buf_reset(out);
        bool told = evaluate_test(init, text, part, scope, out);
        known = known && told;
        if ((told && is_false(out)) || part == len)
            return known || (told && is_false(out));
        text += part + 2;
        len -= part + 2;
    }
}

/* A || B: the first operand that is not false, else the last. */
static void evaluate(struct init *init, const char *text, size_t len, const json_t *scope,
                     struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf value = {.max = TEXT_MAX};

    for (;;) {
        size_t part = measure_operand(text, len, "||");
        bool known = evaluate_all(init, text, part, scope, &value);
        (void)init_succeeds(init, value.failed);
        if (!known) {
            arc_buf_putc(out, INIT_UNKNOWN);
            return;
        }
        if (part == len || !is_false(&value)) {
            arc_buf_puts(out, arc_buf_text(&value));
            return;
        }
        text += part + 2;
        len -= part + 2;
    }
}

/* The value of "${{ fromJSON(TEXT) }}"; NULL for other texts, or if only a run knows it. A new
 * reference. */
static json_t *expand_json(struct init *init, const char *text, const json_t *scope)
{
    static const char call[] = "fromJSON(";
    ARC_AUTO(arc_buf) struct arc_buf value = {.max = TEXT_MAX};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    size_t len = strlen(text);

    if (!ARC_STARTS(text, "${{") || !arc_text_ends(text, "}}") || len < 6 ||
        strstr(text + 3, "${{"))
        return NULL;
    text += 3;
    len -= 5;
    arc_text_trim(&text, &len);
    if (len < sizeof call || strncasecmp(text, call, sizeof call - 1) != 0 || text[len - 1] != ')')
        return NULL;

    evaluate(init, text + sizeof call - 1, len - sizeof call, scope, &value);
    const char *known = init_hold(init, &value);
    if (!*known || !strchr("[{", *known) || !init_spend(init, value.len * NODE_COST) ||
        !init_succeeds(init, arc_yaml_parse(known, strlen(known), call, 0, &yaml, NULL)))
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
            if (pair->key->text)
                init_set(init, object, pair->key->text, init_expand_node(init, pair->value, scope));
        return object;
    }

    const char *rest = node->text && node->type != ARC_YAML_NULL ? node->text : "", *start, *end;
    json_t *parsed = expand_json(init, rest, scope);
    if (parsed)
        return parsed;
    while ((start = strstr(rest, "${{")) && (end = strstr(start, "}}"))) {
        arc_buf_add(&text, rest, (size_t)(start - rest));
        evaluate(init, start + 3, (size_t)(end - start - 3), scope, &text);
        rest = end + 2;
    }
    arc_buf_puts(&text, rest);
    (void)init_spend(init, text.len + NODE_COST);

    return init_made(init, json_string(init_hold(init, &text)));
}

/* ---- matrices ------------------------------------------------------------------------------- */

/* Whether the cell agrees with the entry on `keys` (NULL: all keys of the entry). */
static bool agrees(const json_t *cell, json_t *entry, const json_t *keys)
{
    arc_json_each_pair (key, value, entry)
        if ((!keys || json_object_get(keys, key)) && !json_equal(json_object_get(cell, key), value))
            return false;
    return true;
}

/* The product of a matrix's lists. */
static json_t *multiply(struct init *init, json_t *axes)
{
    json_t *cells = init_made(init, json_pack("[{}]"));

    arc_json_each_pair (key, values, axes) {
        json_t *next = init_made(init, json_array());
        arc_json_each (cell, cells)
            arc_json_each (value, values) {
                if (json_array_size(next) == INIT_CELLS_MAX)
                    break;
                json_t *copy = init_copy(init, cell);
                init_set(init, copy, key, json_incref(value));
                init_push(init, next, copy);
            }
        json_decref(cells);
        cells = next;
    }

    return cells;
}

/* As GitHub does: an entry of `include` extends every cell whose axes it does not contradict; if
 * there is none, it becomes a cell. */
static void include(struct init *init, json_t *cells, const json_t *entries, const json_t *axes)
{
    size_t made = json_array_size(cells), i;
    json_t *entry;

    for (i = 0; i < ENTRIES_MAX && (entry = json_array_get(entries, i)); i++) {
        bool taken = false;
        for (size_t c = 0; c < made && json_object_size(axes); c++) {
            json_t *cell = json_array_get(cells, c);
            if (!agrees(cell, entry, axes))
                continue;
            init_update(init, cell, entry);
            taken = true;
        }
        if (!taken && json_array_size(cells) < INIT_CELLS_MAX)
            init_push(init, cells, json_incref(entry));
    }
}

json_t *init_matrix_cells(struct init *init, const struct arc_yaml_node *job, const json_t *scope)
{
    const struct arc_yaml_node *node = arc_yaml_at(job, "strategy", "matrix", (char *)NULL);
    ARC_AUTO_JSON json_t *axes = init_expand_node(init, node, scope);
    if (!json_is_object(axes))
        return init_made(init, json_pack("[{}]"));
    ARC_AUTO_JSON json_t *more = json_incref(json_object_get(axes, "include"));
    ARC_AUTO_JSON json_t *less = json_incref(json_object_get(axes, "exclude"));
    json_t *entry;

    json_object_del(axes, "include");
    json_object_del(axes, "exclude");
    arc_json_each_pair (key, values, axes)
        if (!json_is_array(values))
            init_set(init, axes, key, json_pack("[s]", INIT_UNKNOWN_TEXT));

    bool listed = !json_object_size(axes) && json_is_array(more); /* no axes, only `include` */
    json_t *cells = listed ? init_made(init, json_array()) : multiply(init, axes);

    for (size_t i = 0; i < ENTRIES_MAX && (entry = json_array_get(less, i)); i++)
        for (size_t c = json_array_size(cells); c-- > 0;)
            if (agrees(json_array_get(cells, c), entry, NULL))
                json_array_remove(cells, c);

    include(init, cells, more, axes);
    if (!json_array_size(cells))
        init_push(init, cells, json_object());

    return cells;
}
