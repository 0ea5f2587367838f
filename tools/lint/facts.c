/* Facts of the rules file: what a file must hold, as data. */
#include "base/text.h"
#include "config/fields.h"
#include "lint/rule.h"

/* A fact about one service or group (either may be NULL) under inspection. */
struct subject {
    struct lint *lint;
    const struct lint_fact *fact;
    const struct arc_service *service;
    const struct arc_group *group;
    const char *file;     /* its path, with placeholders replaced */
    struct arc_buf trail; /* the way along `at` so far, "jobs.build-flash" */
};

static void subject_free(struct subject *s)
{
    (void)lint_content(s->lint, &s->trail); /* whether it could be built */
    arc_buf_free(&s->trail);
}

/* Adds a finding of the fact's rule, with its `why`. */
__attribute__((format(printf, 3, 4))) static void find(const struct subject *s, unsigned line,
                                                       const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    const char *why = s->fact->why;
    if (why)
        arc_buf_printf(&text, " (%s)", why);
    lint_find(s->lint, s->fact->rule, s->file, line, "%s", lint_content(s->lint, &text));
}

static const char *expand(const struct subject *s, const char *text)
{
    return lint_expand(s->lint, text, s->service, s->group);
}

static const char *trail_of(const struct subject *s)
{
    return lint_content(s->lint, &s->trail);
}

/* ---- a place in a YAML tree ----------------------------------------------------------------- */

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

static bool is_equal(const struct subject *s, const struct arc_yaml_node *wanted,
                     const struct arc_yaml_node *found)
{
    if (wanted->text) {
        const char *text = expand(s, wanted->text);
        return found->text && strcmp(found->text, text) == 0;
    }

    bool same = wanted->type == found->type && wanted->count == found->count;
    for (size_t i = 0; same && i < wanted->count; i++) {
        if (wanted->type == ARC_YAML_LIST) {
            same = is_equal(s, wanted->items[i], found->items[i]);
            continue;
        }
        const struct arc_yaml_node *value = arc_yaml_get(found, wanted->pairs[i].key->text);
        same = value && is_equal(s, wanted->pairs[i].value, value);
    }

    return same;
}

/* Checks that the node contains all of the parts, or none of them. */
static void check_parts(const struct subject *s, const struct arc_yaml_node *node, char **parts,
                        bool wanted)
{
    for (; parts && *parts; parts++) {
        const char *part = expand(s, *parts);
        if (holds_part(s->lint, node, part) != wanted)
            find(s, node->line, wanted ? "%s lacks '%s'" : "%s must not have '%s'", trail_of(s),
                 part);
    }
}

static void check_place(struct subject *s, const struct arc_yaml_node *node)
{
    const struct lint_fact *fact = s->fact;
    const char *trail = trail_of(s);

    if (fact->absent)
        find(s, node->line, "%s must not be there", trail);

    if (fact->is && !is_equal(s, fact->is, node))
        find(s, node->line, "%s is %s; it must be %s", trail, show_node(s->lint, node),
             expand(s, show_node(s->lint, fact->is)));

    check_parts(s, node, fact->has, true);
    check_parts(s, node, fact->lacks, false);
}

static void follow_keys(struct subject *s, char **at, const struct arc_yaml_node *node);

/* One step down, and back again. */
static void step_into(struct subject *s, char **rest, const char *key,
                      const struct arc_yaml_node *node)
{
    size_t len = s->trail.len;
    arc_text_item(&s->trail, ".", "%s", key);
    follow_keys(s, rest, node);
    if (s->trail.data && !s->trail.failed) {
        s->trail.len = len;
        s->trail.data[len] = '\0';
    }
}

static bool left_out(const struct subject *s, const char *key)
{
    for (char **except = s->fact->except; except && *except; except++)
        if (strcmp(expand(s, *except), key) == 0)
            return true;
    return false;
}

static void follow_keys(struct subject *s, char **at, const struct arc_yaml_node *node)
{
    const struct lint_fact *fact = s->fact;
    const struct arc_yaml_node *next = NULL;

    if (!*at) {
        check_place(s, node);
        return;
    }

    const char *name = expand(s, *at);
    if (strcmp(name, "*") == 0) {
        for (size_t i = 0; i < node->count; i++) {
            bool map = node->type == ARC_YAML_MAP;
            const char *inner = map ? node->pairs[i].key->text : "*";
            if (!left_out(s, inner))
                step_into(s, at + 1, inner, map ? node->pairs[i].value : node->items[i]);
        }
        return;
    }

    const char *equals = strchr(name, '='); /* "job_name=arc-flash": the item with it */
    if (node->type != ARC_YAML_LIST)
        next = arc_yaml_get(node, name);
    else if (equals) {
        const char *key = arc_arena_cut(&s->lint->memory, name, (size_t)(equals - name));
        arc_yaml_each (item, node)
            if (!next && arc_yaml_reads(arc_yaml_get(item, key), equals + 1))
                next = item;
    }

    if (next)
        step_into(s, at + 1, name, next);
    else if (!fact->absent && (!fact->lacks || fact->has || fact->is))
        find(s, node->line, "%s%s%s is missing", trail_of(s), s->trail.len ? "." : "", name);
}

/* ---- a file ------------------------------------------------------------------------------------ */

/* Whether a line of the text, ignoring blanks at both ends, is `wanted`. */
static bool has_line(const char *text, const char *wanted)
{
    arc_each_piece (line, text, "\n") {
        size_t skip = strspn(line.text, " \t"), end = arc_text_strip(line.text, line.len, " \t\r");
        if (arc_text_is(line.text + ARC_MIN(skip, end), end - ARC_MIN(skip, end), wanted))
            return true;
    }
    return false;
}

static void check_text(const struct subject *s, const char *text)
{
    ARC_AUTO(arc_makefile) struct arc_makefile make = {0};
    char *const *const lists[] = {s->fact->lines, s->fact->text, s->fact->targets};

    if (s->fact->targets && !arc_makefile_read(text, &make))
        s->lint->memory.failed = true;

    for (size_t i = 0; i < ARC_COUNT(lists); i++)
        for (char *const *item = lists[i]; item && *item; item++) {
            const char *wanted = expand(s, *item);
            if (i == 0 && !has_line(text, wanted))
                find(s, 1, "the line '%s' is missing", wanted);
            else if (i == 1 && !strstr(text, wanted))
                find(s, 1, "the file does not contain '%s'", wanted);
            else if (i == 2 && !json_object_get(make.targets, wanted))
                find(s, 1, "there is no target '%s'", wanted);
        }
}

static void check_content(struct subject *s)
{
    const struct lint_fact *fact = s->fact;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    if (fact->at && lint_read_yaml(s->lint, fact->rule, s->file, ARC_YAML_ANY_TAG, &yaml))
        follow_keys(s, fact->at, yaml.root);

    bool of_text = !fact->at || fact->lines || fact->text || fact->targets;
    if (of_text && lint_read(s->lint, fact->rule, s->file, &text))
        check_text(s, lint_content(s->lint, &text));
}

static void check_fact(struct lint *lint, const struct lint_fact *fact,
                       const struct arc_service *service, const struct arc_group *group)
{
    const char *file = lint_expand(lint, fact->file, service, group);
    ARC_AUTO(subject) struct subject s = {lint, fact, service, group, file, {0}};
    int64_t last;

    lint_looked_at(lint, file);
    if (lint_exists(lint, file))
        check_content(&s);
    else
        find(&s, 1, "the file is missing");

    if (fact->until && arc_day_parse(fact->until, &last) &&
        lint->project->env->now >= last + 86400) /* a finding from the day after */
        find(&s, 1, "this requirement was valid until %s: check whether it still applies",
             fact->until);
}

void lint_facts(struct lint *lint)
{
    const struct arc_config *config = &lint->project->config;

    arc_each (fact, lint->settings.facts, lint->settings.fact_count) {
        if (!fact->each)
            check_fact(lint, fact, NULL, NULL);

        arc_each (group, config->groups, fact->each ? config->group_count : 0) {
            bool once = strcmp(fact->each, "group") == 0;
            if (fact->in && !arc_texts_have(fact->in, group->name))
                continue;
            if (once)
                check_fact(lint, fact, NULL, group);
            arc_each (service, group->services, once ? 0 : group->service_count)
                check_fact(lint, fact, service, group);
        }
    }
}
