/* `.github/arc-ci-lint.yaml`. */
#include "base/suggest.h"
#include "config/fields.h"
#include "lint/rule.h"
#include "os/file.h"

#define DEFAULT_PATH ".github/arc-ci-lint.yaml"
#define AT(member)   offsetof(struct lint_settings, member)

/* Whether a name is a rule of style, which is off by default. */
static bool check_style(const char *text, struct arc_buf *why)
{
    return arc_check_among(text, lint_styles, "is not a rule of style", "", why);
}

#define OF(member) offsetof(struct lint_waiver, member)

static const struct arc_field waiver_fields[] = {
    {"rule", FIELD_TEXT, OF(rule), .required = true, .check = arc_check_line},
    {"file", FIELD_TEXT, OF(file), .required = true, .check = arc_check_path},
    {"has", FIELD_TEXT, OF(has), .check = arc_check_line},
    {"why", FIELD_TEXT, OF(why), .required = true, .check = arc_check_line},
    {0},
};
static const struct arc_table waiver_table = {"an entry of 'allow'", waiver_fields,
                                              .size = sizeof(struct lint_waiver), .line = OF(line)};

#define FACT(member) offsetof(struct lint_fact, member)

static const struct arc_field fact_fields[] = {
    {"rule", FIELD_TEXT, FACT(rule), .required = true, .check = arc_check_codename},
    {"why", FIELD_TEXT, FACT(why), .check = arc_check_line},
    {"for", FIELD_TEXT, FACT(each), .words = ARC_WORDS("service", "group")},
    {"in", FIELD_TEXTS, FACT(in), .check = arc_check_group},
    {"file", FIELD_TEXT, FACT(file), .required = true, .check = arc_check_path},
    {"at", FIELD_TEXTS, FACT(at), .check = arc_check_line},
    {"except", FIELD_TEXTS, FACT(except), .check = arc_check_line},
    {"is", FIELD_NODE, .offset = FACT(is)},
    {"has", FIELD_TEXTS, FACT(has), .check = arc_check_line},
    {"lacks", FIELD_TEXTS, FACT(lacks), .check = arc_check_line},
    {"absent", FIELD_FLAG, .offset = FACT(absent)},
    {"lines", FIELD_TEXTS, FACT(lines), .check = arc_check_line},
    {"text", FIELD_TEXTS, FACT(text), .check = arc_check_line},
    {"targets", FIELD_TEXTS, FACT(targets), .check = arc_check_line},
    {"until", FIELD_TEXT, FACT(until), .check = arc_check_day},
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

static const struct arc_table fact_table = {"a fact", fact_fields, .size = sizeof(struct lint_fact),
                                            .check = check_fact};

static const struct arc_field fields[] = {
    {"service-name", FIELD_TEXT, AT(service_name), .check = arc_check_line},
    {"network", FIELD_TEXT, AT(network), .check = arc_check_line},
    {"labels", FIELD_PAIRS, AT(labels), .check = arc_check_line},
    {"actions", FIELD_TEXTS, AT(actions), .check = arc_check_line},
    {"credentials-ignore", FIELD_TEXTS, AT(credentials_ignore), .check = arc_check_path},
    {"off", FIELD_TEXTS, AT(off), .check = arc_check_line},
    {"style", FIELD_TEXTS, AT(style), .check = check_style},
    {"allow", FIELD_ITEMS, AT(waivers), .fields = &waiver_table, .count = AT(waiver_count)},
    {"facts", FIELD_ITEMS, AT(facts), .fields = &fact_table, .count = AT(fact_count)},
    {0},
};
static const struct arc_table table = {"the rules file", .fields = fields};

void lint_settings_free(struct lint_settings *settings)
{
    arc_arena_free(&settings->memory);
    arc_yaml_free(&settings->yaml);
    *settings = (struct lint_settings){0};
}

/* Checks that a rule which `off` or `allow` names exists, built in or as a fact. */
static int check_rule(const struct lint_settings *settings, const char *key,
                      const struct arc_yaml_node *rule, struct arc_error *err)
{
    bool known = arc_text_among(rule->text, lint_rules);
    arc_each (fact, settings->facts, settings->fact_count)
        known = known || strcmp(rule->text, fact->rule) == 0;
    if (known)
        return ARC_OK;

    const char *meant = arc_suggest(rule->text, lint_rules);
    if (meant)
        return arc_yaml_error(rule, err, "%s: there is no rule '%s'; did you mean '%s'?", key,
                              rule->text, meant);
    return arc_yaml_error(rule, err, "%s: there is no rule '%s'; 'arc-ci lint --rules' lists them",
                          key, rule->text);
}

static int check_rules(const struct lint_settings *settings, struct arc_error *err)
{
    const struct arc_yaml_node *off = arc_yaml_get(settings->yaml.root, "off"), *rule;

    for (size_t i = 0; (rule = arc_yaml_entry(off, i)); i++)
        ARC_TRY(check_rule(settings, "off", rule, err));
    arc_yaml_each (entry, arc_yaml_get(settings->yaml.root, "allow"))
        ARC_TRY(check_rule(settings, "allow", arc_yaml_get(entry, "rule"), err));

    return ARC_OK;
}

int lint_settings_load(const char *root, const char *path, struct lint_settings *out,
                       struct arc_error *err)
{
    const struct arc_loading l = {.root = root, .memory = &out->memory, .err = err};
    bool asked_for = path != NULL;
    path = arc_or(path, DEFAULT_PATH);
    *out = (struct lint_settings){0};
    bool missing = !asked_for && arc_file_kind_in(root, path) == ARC_FILE_NONE;
    if (missing && arc_file_kind_in(root, ".github/arc-ci-lint.yml") == ARC_FILE_REGULAR)
        return arc_error_set(err, ARC_EINPUT, "there is a .github/arc-ci-lint.yml: call it %s",
                             path);
    if (missing)
        return ARC_OK;
    ARC_TRY(arc_yaml_read_in(root, path, 0, &out->yaml, err));
    ARC_TRY(arc_fields_read(&l, out->yaml.root, &table, out));
    return check_rules(out, err);
}
