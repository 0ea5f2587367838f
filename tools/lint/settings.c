/* `.github/arc-ci-lint.yaml`. */
#include "base/auto.h"
#include "base/suggest.h"
#include "config/fields.h"
#include "lint/facts.h"
#include "os/file.h"
#include <string.h>

#define DEFAULT_PATH ".github/arc-ci-lint.yaml"
#define AT(member)   offsetof(struct lint_settings, member)

/* A rule that is off unless it is asked for. */
static bool check_style(const char *text, struct arc_buf *why)
{
    static const char *const names[] = {
#define RULE(id, name, summary)
#define STYLE(id, name, summary) name,
#include "lint/rules.def"
#undef RULE
        NULL};
    const char *meant = arc_suggest(text, names);

    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0)
            return true;

    arc_buf_puts(why, "is not a rule of style");
    if (meant)
        arc_buf_printf(why, "; did you mean '%s'?", meant);

    return false;
}

static const struct arc_field fields[] = {
    {"service-name", FIELD_TEXT, AT(service_name), false, arc_check_line, NULL},
    {"network", FIELD_TEXT, AT(network), false, arc_check_line, NULL},
    {"labels", FIELD_PAIRS, AT(labels), false, arc_check_line, NULL},
    {"actions", FIELD_TEXTS, AT(actions), false, arc_check_line, NULL},
    {"credentials-ignore", FIELD_TEXTS, AT(credentials_ignore), false, arc_check_path, NULL},
    {"off", FIELD_TEXTS, AT(off), false, arc_check_line, NULL},
    {"style", FIELD_TEXTS, AT(style), false, check_style, NULL},
    {"allow", FIELD_NODE, AT(allow_node), false, NULL, NULL},
    {"facts", FIELD_NODE, AT(facts_node), false, NULL, NULL},
    {0},
};
static const struct arc_table table = {"the rules file", fields, false};

#define OF(member) offsetof(struct lint_waiver, member)

static const struct arc_field waiver_fields[] = {
    {"rule", FIELD_TEXT, OF(rule), true, arc_check_line, NULL},
    {"file", FIELD_TEXT, OF(file), true, arc_check_path, NULL},
    {"has", FIELD_TEXT, OF(has), false, arc_check_line, NULL},
    {"why", FIELD_TEXT, OF(why), true, arc_check_line, NULL},
    {0},
};
static const struct arc_table waiver_table = {"an entry of 'allow'", waiver_fields, false};

void lint_settings_free(struct lint_settings *settings)
{
    for (size_t i = 0; i < settings->fact_count; i++)
        lint_fact_free(&settings->facts[i]);
    free(settings->facts);
    for (size_t i = 0; i < settings->waiver_count; i++)
        arc_fields_free(&waiver_table, &settings->waivers[i]);
    free(settings->waivers);
    arc_fields_free(&table, settings);
    arc_yaml_free(&settings->yaml);
    *settings = (struct lint_settings){0};
}

static int read_waivers(struct lint_settings *out, struct arc_error *err)
{
    const struct arc_yaml_node *list = out->allow_node;
    ARC_TRY(arc_fields_read_list(list, "allow", &waiver_table, sizeof *out->waivers, &out->waivers,
                                 &out->waiver_count, err));
    for (size_t i = 0; i < out->waiver_count; i++)
        out->waivers[i].line = list->items[i]->line;
    return ARC_OK;
}

static int read_facts(struct lint_settings *out, struct arc_error *err)
{
    const struct arc_yaml_node *list = out->facts_node;
    if (!list)
        return ARC_OK;

    if (list->type != ARC_YAML_LIST)
        return arc_yaml_error(list, err, "'facts' must be a list, this is %s",
                              arc_yaml_type_name(list));

    out->facts = calloc(list->count + 1, sizeof *out->facts);
    ARC_TRY_ALLOC(out->facts, err);
    for (size_t i = 0; i < list->count; i++)
        ARC_TRY(lint_fact_read(list->items[i], &out->facts[out->fact_count++], err));

    return ARC_OK;
}

int lint_settings_load(const char *root, const char *path, struct lint_settings *out,
                       struct arc_error *err)
{
    bool asked_for = path != NULL;
    path = path ? path : DEFAULT_PATH;
    *out = (struct lint_settings){0};
    if (!asked_for && arc_file_kind_in(root, path) == ARC_FILE_NONE)
        return ARC_OK;
    ARC_TRY(arc_yaml_read_in(root, path, 0, &out->yaml, err));
    ARC_TRY(arc_fields_read(out->yaml.root, &table, out, err));
    ARC_TRY(read_waivers(out, err));
    return read_facts(out, err);
}
