/* Facts about a place in a YAML tree. */
#include "lint/facts.h"

/* A walk along `at`. */
struct walk {
    const struct lint_case *c;
    struct arc_buf trail; /* "jobs.build-flash" so far */
};

/* A value on one line, as a person would write it. */
static const char *show_node(struct lint *lint, const struct arc_yaml_node *node)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};

    if (node->type == ARC_YAML_MAP)
        return "a mapping";
    if (node->type != ARC_YAML_LIST)
        return lint_text(lint, "'%.200s'", arc_or(node->text, ""));

    arc_yaml_each (item, node)
        arc_text_item(&out, ", ", "%s", arc_or(item->text, "…"));

    return lint_text(lint, "[%s]", lint_content(lint, &out));
}

/* Appends the text's words, separated by one space. */
static void add_squeezed(struct arc_buf *out, const char *text)
{
    while (*(text += strspn(text, " \t\r\n"))) {
        size_t len = strcspn(text, " \t\r\n");
        if (out->len)
            arc_buf_putc(out, ' ');
        arc_buf_add(out, text, len);
        text += len;
    }
}

/* Whether `text` contains `part` as whole words. */
static bool contains_word(const char *text, const char *part)
{
    size_t len = strlen(part);
    for (const char *at = text; len && (at = strstr(at, part)); at++) {
        bool before = at > text && arc_is_word(at[-1]) && arc_is_word(part[0]);
        bool after = arc_is_word(at[len]) && arc_is_word(part[len - 1]);
        if (!before && !after)
            return true;
    }
    return false;
}

/* Whether a list has the item, a mapping the key, a string the part. Several words also match a list
 * joined with spaces, since a command may be a list or a string. */
static bool holds_part(struct lint *lint, const struct arc_yaml_node *node, const char *wanted)
{
    ARC_AUTO(arc_buf) struct arc_buf joined = {0};

    if (node->type == ARC_YAML_MAP)
        return arc_yaml_key(node, wanted) != NULL;

    arc_yaml_each (item, node) {
        if (arc_yaml_reads(item, wanted))
            return true;
        add_squeezed(&joined, arc_or(item->text, ""));
    }

    if (node->type == ARC_YAML_LIST)
        return strchr(wanted, ' ') && contains_word(lint_content(lint, &joined), wanted);
    add_squeezed(&joined, arc_or(node->text, ""));

    return contains_word(lint_content(lint, &joined), wanted);
}

static bool is_equal(const struct lint_case *c, const struct arc_yaml_node *wanted,
                     const struct arc_yaml_node *found)
{
    if (wanted->text) {
        const char *text = lint_expand(c->lint, wanted->text, c->service, c->group);
        return found->text && strcmp(found->text, text) == 0;
    }

    bool same = wanted->type == found->type && wanted->count == found->count;
    for (size_t i = 0; same && i < wanted->count; i++) {
        if (wanted->type == ARC_YAML_LIST) {
            same = is_equal(c, wanted->items[i], found->items[i]);
            continue;
        }
        const struct arc_yaml_node *value = arc_yaml_get(found, wanted->pairs[i].key->text);
        same = value && is_equal(c, wanted->pairs[i].value, value);
    }

    return same;
}

/* Checks that the node contains all of the parts, or none of them. */
static void check_parts(const struct walk *w, const struct arc_yaml_node *node, char **parts,
                        bool wanted)
{
    for (; parts && *parts; parts++) {
        const char *part = lint_expand(w->c->lint, *parts, w->c->service, w->c->group);
        if (holds_part(w->c->lint, node, part) != wanted)
            lint_fact_find(w->c, node->line, wanted ? "%s lacks '%s'" : "%s must not have '%s'",
                           lint_content(w->c->lint, &w->trail), part);
    }
}

static void check_place(struct walk *w, const struct arc_yaml_node *node)
{
    const struct lint_fact *fact = w->c->fact;
    const char *trail = lint_content(w->c->lint, &w->trail);

    if (fact->absent)
        lint_fact_find(w->c, node->line, "%s must not be there", trail);

    if (fact->is && !is_equal(w->c, fact->is, node))
        lint_fact_find(
            w->c, node->line, "%s is %s; it must be %s", trail, show_node(w->c->lint, node),
            lint_expand(w->c->lint, show_node(w->c->lint, fact->is), w->c->service, w->c->group));

    check_parts(w, node, fact->has, true);
    check_parts(w, node, fact->lacks, false);
}

static void follow_keys(struct walk *w, char **at, const struct arc_yaml_node *node);

/* One step down, and back again. */
static void step_into(struct walk *w, char **rest, const char *key,
                      const struct arc_yaml_node *node)
{
    size_t len = w->trail.len;
    arc_text_item(&w->trail, ".", "%s", key);
    follow_keys(w, rest, node);
    if (w->trail.data && !w->trail.failed) {
        w->trail.len = len;
        w->trail.data[len] = '\0';
    }
}

static bool left_out(const struct walk *w, const char *key)
{
    for (char **except = w->c->fact->except; except && *except; except++)
        if (strcmp(lint_expand(w->c->lint, *except, w->c->service, w->c->group), key) == 0)
            return true;
    return false;
}

static void follow_keys(struct walk *w, char **at, const struct arc_yaml_node *node)
{
    const struct lint_fact *fact = w->c->fact;
    const struct arc_yaml_node *next = NULL;

    if (!*at) {
        check_place(w, node);
        return;
    }

    const char *name = lint_expand(w->c->lint, *at, w->c->service, w->c->group);
    if (strcmp(name, "*") == 0) {
        for (size_t i = 0; i < node->count; i++) {
            bool map = node->type == ARC_YAML_MAP;
            const char *inner = map ? node->pairs[i].key->text : "*";
            if (!left_out(w, inner))
                step_into(w, at + 1, inner, map ? node->pairs[i].value : node->items[i]);
        }
        return;
    }

    const char *equals = strchr(name, '='); /* "job_name=arc-flash": the item with it */
    if (node->type != ARC_YAML_LIST)
        next = arc_yaml_get(node, name);
    else if (equals) {
        const char *key = arc_arena_cut(&w->c->lint->memory, name, (size_t)(equals - name));
        arc_yaml_each (item, node)
            if (!next && arc_yaml_reads(arc_yaml_get(item, key), equals + 1))
                next = item;
    }

    if (next)
        step_into(w, at + 1, name, next);
    else if (!fact->absent && (!fact->lacks || fact->has || fact->is))
        lint_fact_find(w->c, node->line, "%s%s%s is missing", lint_content(w->c->lint, &w->trail),
                       w->trail.len ? "." : "", name);
}

void lint_fact_check_tree(const struct lint_case *c, const struct arc_yaml_node *root)
{
    struct walk walk = {.c = c};
    follow_keys(&walk, c->fact->at, root);
    (void)lint_content(c->lint, &walk.trail);
    arc_buf_free(&walk.trail);
}
