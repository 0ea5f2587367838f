#include "arcci/lint.h"
#include "base/json.h"
#include "git/git.h"
#include "lint/rule.h"
#include "os/file.h"

/* Deepest folder to enter outside of a repository. */
#define DEPTH_MAX 32

static void lint_free(struct lint *lint)
{
    for (struct lint_called *called = lint->called; called; called = called->next)
        arc_yaml_free(&called->yaml);
    arc_arena_free(&lint->memory);
    lint_settings_free(&lint->settings);
    json_decref(lint->files);
    json_decref(lint->counts);
    *lint = (struct lint){0};
}

static void walk_directory(struct lint *lint, const char *directory, unsigned depth,
                           int (*each)(void *lint, const char *file))
{
    ARC_AUTO_JSON json_t *names = lint_list(lint, directory);

    arc_json_each (item, names) {
        const char *name = json_string_value(item);
        const char *file = lint_join(lint, directory, name);
        if (strcmp(name, ".git") == 0)
            continue;
        if (depth < DEPTH_MAX && /* links could go round */
            arc_file_is_folder(lint_text(lint, "%s/%s", lint->root, file)))
            walk_directory(lint, file, depth + 1, each);
        else if (arc_file_kind_in(lint->root, file) == ARC_FILE_REGULAR)
            each(lint, file);
    }
}

void lint_walk(struct lint *lint, const char *directory, int (*each)(void *lint, const char *file))
{
    walk_directory(lint, directory, 0, each);
}

void lint_each_file(struct lint *lint, int (*each)(void *lint, const char *file))
{
    const struct arc_git *git = lint->project->git;
    int rc = git && git->worktree ? arc_git_tracked(git, each, lint, NULL) : ARC_ENOTFOUND;
    if (rc && !lint->memory.failed)
        lint_walk(lint, ".", each);
}

static int by_place(const void *a, const void *b)
{
    const struct lint_finding *x = a, *y = b;
    int order = strcmp(x->file, y->file);

    if (!order)
        order = (x->line > y->line) - (x->line < y->line);
    if (!order)
        order = strcmp(x->rule, y->rule);
    return arc_or(order, strcmp(x->message, y->message));
}

/* The findings sorted by file and line, without duplicates: a new array. */
static json_t *sort_findings(struct lint *lint)
{
    const struct lint_finding *all = lint->findings;
    json_t *out = json_array();

    if (all)
        qsort(lint->findings, lint->finding_count, sizeof *all, by_place);

    for (size_t i = 0; all && i < lint->finding_count; i++)
        if (!i || by_place(&all[i - 1], &all[i]) != 0)
            arc_json_push(&out, json_pack("{s:s, s:I, s:s, s:s}", "file", all[i].file, "line",
                                          (json_int_t)all[i].line, "rule", all[i].rule, "message",
                                          all[i].message));

    return out;
}

static int start_lint(struct lint *lint, struct arc_project *project, const char *rules,
                      struct arc_error *err)
{
    lint->project = project;
    lint->root = arc_project_root(project);
    lint->files = json_object();
    lint->counts = json_object();

    ARC_TRY_ALLOC(lint->files && lint->counts, err);

    return lint_settings_load(lint->root, rules, &lint->settings, err);
}

int arc_lint(struct arc_project *project, const char *rules, json_t **out, struct arc_error *err)
{
    ARC_AUTO(lint) struct lint lint = {0};
    ARC_AUTO(arc_error) struct arc_error wrong = {0};
    ARC_AUTO_JSON json_t *applied = json_object(); /* the rules */
    const char *shown = arc_or(project->wanted.config, ARC_CONFIG_PATH);

    ARC_TRY(start_lint(&lint, project, rules, err));
    for (const char *const *rule = lint_rules; *rule; rule++)
        if (lint_is_on(&lint, *rule))
            lint_set(&lint, applied, *rule, json_true());
    arc_each (fact, lint.settings.facts, lint.settings.fact_count)
        if (lint_is_on(&lint, fact->rule))
            lint_set(&lint, applied, fact->rule, json_true());

    /* a configuration that does not load is a finding; what depends on it is not checked */
    lint_looked_at(&lint, shown);
    if (arc_project_load_config(project, &wrong)) {
        const char *file = arc_or(wrong.place.file, shown);
        bool service = strcmp(file, shown) != 0;
        lint_find_error(&lint, service ? LINT_SERVICE : LINT_CONFIG, file, &wrong);
    }

    lint_services(&lint);
    lint_make(&lint);
    lint_workflows(&lint);
    lint_facts(&lint);
    lint_credentials(&lint);

    arc_each (waiver, lint.settings.waivers, lint.settings.waiver_count) {
        if (!waiver->used) /* a stale exception would hide the next such mistake */
            lint_find(&lint, LINT_ALLOW, lint.settings.yaml.source->name, waiver->line,
                      "nothing in %s breaks the rule %s any longer; remove this exception",
                      waiver->file, waiver->rule);
    }
    lint_find_rest(&lint);

    ARC_TRY(arc_arena_check(&lint.memory, err));
    json_t *findings = sort_findings(&lint);
    ARC_TRY_ALLOC(findings, err);
    bool ok = json_array_size(findings) == 0;
    *out =
        json_pack("{s:s, s:i, s:b, s:I, s:I, s:o}", "document", "lint", "format",
                  ARC_DOCUMENT_FORMAT, "ok", ok, "files", (json_int_t)json_object_size(lint.files),
                  "rules", (json_int_t)json_object_size(applied), "findings", findings);

    return arc_error_unless(*out, err);
}

static int add_rule(json_t *list, const char *name, const char *summary, const char *from)
{
    return json_array_append_new(
        list, json_pack("{s:s, s:s, s:s}", "name", name, "summary", summary, "from", from));
}

int arc_lint_rules(struct arc_project *project, const char *rules, json_t **out,
                   struct arc_error *err)
{
    ARC_AUTO(lint) struct lint lint = {0};
    ARC_AUTO_JSON json_t *list = json_array();
    int bad = 0;

    ARC_TRY(start_lint(&lint, project, rules, err));
    for (size_t i = 0; lint_rules[i]; i++)
        bad |= add_rule(list, lint_rules[i], lint_summaries[i], "arc-ci");
    arc_each (fact, lint.settings.facts, lint.settings.fact_count)
        bad |= add_rule(list, fact->rule, arc_or(fact->why, ""), lint.settings.yaml.source->name);

    if (!list || bad)
        return arc_error_nomem(err);
    *out = arc_steal(&list);

    return ARC_OK;
}
