#include "lint/facts.h"
#include "lint/make.h"
#include <time.h>

#define AT(member) offsetof(struct lint_fact, member)

static const struct arc_field fields[] = {
    {"rule", FIELD_TEXT, AT(rule), .required = true, .check = arc_check_codename},
    {"why", FIELD_TEXT, AT(why), .check = arc_check_line},
    {"for", FIELD_TEXT, AT(each), .words = ARC_WORDS("service", "group")},
    {"in", FIELD_TEXTS, AT(in), .check = arc_check_group},
    {"file", FIELD_TEXT, AT(file), .required = true, .check = arc_check_path},
    {"at", FIELD_TEXTS, AT(at), .check = arc_check_line},
    {"except", FIELD_TEXTS, AT(except), .check = arc_check_line},
    {"is", FIELD_NODE, .offset = AT(is)},
    {"has", FIELD_TEXTS, AT(has), .check = arc_check_line},
    {"lacks", FIELD_TEXTS, AT(lacks), .check = arc_check_line},
    {"absent", FIELD_FLAG, .offset = AT(absent)},
    {"lines", FIELD_TEXTS, AT(lines), .check = arc_check_line},
    {"text", FIELD_TEXTS, AT(text), .check = arc_check_line},
    {"targets", FIELD_TEXTS, AT(targets), .check = arc_check_line},
    {"until", FIELD_TEXT, AT(until), .check = arc_check_day},
    {0},
};
static int check_fact(const void *item, const struct arc_yaml_node *node, struct arc_error *err)
{
    const struct lint_fact *out = item;

    if ((out->is || out->has || out->lacks || out->absent || out->except) && !out->at)
        return arc_yaml_error(node, err,
                              "is, has, lacks, absent and except need 'at': the keys that lead to "
                              "the value");

    if (out->in && !out->each)
        return arc_yaml_error(node, err, "'in' chooses groups, so it needs 'for'");
    return ARC_OK;
}

const struct arc_table lint_fact_table = {"a fact", fields, .size = sizeof(struct lint_fact),
                                          .check = check_fact};

void lint_fact_find(const struct lint_case *c, unsigned line, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    const char *why = c->fact->why;
    if (why)
        arc_buf_printf(&text, " (%s)", why);
    lint_find_named(c->lint, c->fact->rule, c->file, line, "%s", lint_content(c->lint, &text));
}

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

static void check_text(const struct lint_case *c, const char *text)
{
    ARC_AUTO(arc_makefile) struct arc_makefile make = {0};
    char *const *const lists[] = {c->fact->lines, c->fact->text, c->fact->targets};

    if (c->fact->targets && !arc_makefile_read(text, &make))
        c->lint->memory.failed = true;

    for (size_t i = 0; i < ARC_COUNT(lists); i++)
        for (char *const *item = lists[i]; item && *item; item++) {
            const char *wanted = lint_expand(c->lint, *item, c->service, c->group);
            if (i == 0 && !has_line(text, wanted))
                lint_fact_find(c, 1, "the line '%s' is missing", wanted);
            else if (i == 1 && !strstr(text, wanted))
                lint_fact_find(c, 1, "the file does not contain '%s'", wanted);
            else if (i == 2 && !json_object_get(make.targets, wanted))
                lint_fact_find(c, 1, "there is no target '%s'", wanted);
        }
}

static void check_content(const struct lint_case *c)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};

    if (c->fact->at) {
        if (arc_yaml_read_in(c->lint->root, c->file, ARC_YAML_ANY_TAG, &yaml, &err))
            lint_find_error(c->lint, c->fact->rule, c->file, &err);
        else
            lint_fact_check_tree(c, yaml.root);
    }

    bool of_text = !c->fact->at || c->fact->lines || c->fact->text || c->fact->targets;
    if (of_text && lint_read(c->lint, c->fact->rule, c->file, &text))
        check_text(c, lint_content(c->lint, &text));
}

static void check_case(struct lint *lint, const struct lint_fact *fact,
                       const struct arc_service *service, const struct arc_group *group)
{
    const char *file = lint_expand(lint, fact->file, service, group);
    struct lint_case c = {lint, fact, service, group, file};
    time_t now = (time_t)lint->project->env->now;
    char today[sizeof "YYYY-MM-DD"] = "";
    struct tm day = {0};

    lint_looked_at(lint, file);
    if (lint_exists(lint, file))
        check_content(&c);
    else
        lint_fact_find(&c, 1, "the file is missing");

    if (fact->until && gmtime_r(&now, &day) && strftime(today, sizeof today, "%Y-%m-%d", &day) &&
        strcmp(today, fact->until) > 0) /* a finding from the day after */
        lint_fact_find(&c, 1,
                       "this requirement was valid until %s: check whether it still "
                       "applies",
                       fact->until);
}

void lint_facts(struct lint *lint)
{
    const struct arc_config *config = &lint->project->config;

    for (size_t i = 0; i < lint->settings.fact_count && !lint->memory.failed; i++) {
        const struct lint_fact *fact = &lint->settings.facts[i];
        if (!fact->each)
            check_case(lint, fact, NULL, NULL);

        for (size_t g = 0; fact->each && g < config->group_count; g++) {
            const struct arc_group *group = &config->groups[g];
            if (fact->in && !arc_texts_have(fact->in, group->name))
                continue;
            if (strcmp(fact->each, "group") == 0)
                check_case(lint, fact, NULL, group);
            for (size_t s = 0; strcmp(fact->each, "service") == 0 && s < group->service_count; s++)
                check_case(lint, fact, &group->services[s], group);
        }
    }
}
