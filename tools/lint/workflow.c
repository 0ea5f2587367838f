/* Workflows and composite actions.
 * Source: GitHub docs, "Workflow syntax for GitHub Actions" and "Metadata syntax". */
#include "base/auto.h"
#include "lint/rule.h"
#include <ctype.h>
#include <string.h>

#define WORKFLOWS ".github/workflows"
#define ACTIONS   ".github/actions"

/* A file under inspection. */
struct workflow {
    struct lint *lint;
    const char *file;
    const struct arc_yaml_node *root;
};

static bool allowed(const struct lint *lint, const char *name, size_t len)
{
    char **list = lint->settings.actions;
    if (!list)
        return len > 8 && memcmp(name, "actions/", 8) == 0;
    for (; *list; list++)
        if (strlen(*list) == len && memcmp(*list, name, len) == 0)
            return true;
    return false;
}

static bool is_commit(const char *ref)
{
    return strlen(ref) == 40 && strspn(ref, "0123456789abcdef") == 40;
}

/* An action or workflow of another repository: "owner/name[/path]@ref" or "docker://image". */
static void check_foreign(const struct workflow *w, const struct arc_yaml_node *uses)
{
    const char *text = uses->text, *ref = strchr(text, '@');
    if (strncmp(text, "docker://", 9) == 0) {
        lint_find(w->lint, LINT_ALLOWED, w->file, uses->line, "'%s' runs an image as an action",
                  text);
        if (!strstr(text, "@sha256:"))
            lint_find(w->lint, LINT_PINNED, w->file, uses->line,
                      "'%s' is not pinned by its digest (@sha256:…)", text);
        return;
    }
    size_t len = ref ? (size_t)(ref - text) : uses->len;
    if (!allowed(w->lint, text, len))
        lint_find(w->lint, LINT_ALLOWED, w->file, uses->line,
                  "'%.*s' is not among the allowed actions", (int)len, text);
    if (!ref || !is_commit(ref + 1))
        lint_find(w->lint, LINT_PINNED, w->file, uses->line,
                  "'%s' is not pinned by a commit (40 digits); a tag can be moved", text);
}

/* Compares what is given with what is declared: `with` of a call, `inputs` of its target. */
static void check_inputs(const struct workflow *w, const struct arc_yaml_node *uses,
                         const struct arc_yaml_node *with, const struct arc_yaml_node *inputs)
{
    for (size_t i = 0; with && with->type == ARC_YAML_MAP && i < with->count; i++) {
        const struct arc_yaml_node *key = with->pairs[i].key;
        if (!arc_yaml_key(inputs, key->text))
            lint_find(w->lint, LINT_INPUTS, w->file, key->line, "%s has no input '%s'", uses->text,
                      key->text);
    }
    for (size_t i = 0; inputs && inputs->type == ARC_YAML_MAP && i < inputs->count; i++) {
        const struct arc_yaml_pair *input = &inputs->pairs[i];
        bool required = arc_yaml_bool(arc_yaml_get(input->value, "required"));
        if (required && !arc_yaml_get(input->value, "default") &&
            !arc_yaml_key(with, input->key->text))
            lint_find(w->lint, LINT_INPUTS, w->file, uses->line,
                      "%s needs the input '%s', which is not given", uses->text, input->key->text);
    }
}

/* Reads the file that a local `uses` names; false, with a finding, if there is none. */
static bool read_target(const struct workflow *w, const struct arc_yaml_node *uses,
                        struct arc_yaml *out)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    const char *path = uses->text + 2;
    bool file = strstr(path, ".yml") || strstr(path, ".yaml");
    ARC_AUTO_FREE char *name = lint_text(w->lint, file ? "%s" : "%s/action.yml", path);
    ARC_AUTO_FREE char *full = name ? lint_text(w->lint, "%s/%s", w->lint->root, name) : NULL;
    if (!full)
        return false;
    if (arc_yaml_read(full, name, ARC_YAML_ANY_TAG, out, &err) == ARC_OK)
        return true;
    if (err.code == ARC_ENOMEM || !err.message)
        w->lint->failed = ARC_ENOMEM;
    lint_find(w->lint, LINT_INPUTS, w->file, uses->line, "%s: %s", uses->text,
              arc_error_text(&err));
    return false;
}

static void check_local(const struct workflow *w, const struct arc_yaml_node *uses,
                        const struct arc_yaml_node *with)
{
    ARC_AUTO(arc_yaml) struct arc_yaml target = {0};
    if (strstr(uses->text, "..")) {
        lint_find(w->lint, LINT_INPUTS, w->file, uses->line, "'%s' leaves the repository",
                  uses->text);
        return;
    }
    if (!read_target(w, uses, &target))
        return;
    const struct arc_yaml_node *on = arc_yaml_get(target.root, "on");
    const struct arc_yaml_node *call =
        on ? arc_yaml_get(on, "workflow_call") : arc_yaml_get(target.root, "runs");
    if (!call && !arc_yaml_key(on, "workflow_call"))
        lint_find(w->lint, LINT_INPUTS, w->file, uses->line, "%s cannot be called: it has no %s",
                  uses->text, on ? "workflow_call" : "runs");
    else
        check_inputs(w, uses, with, arc_yaml_get(on ? call : target.root, "inputs"));
}

static void check_uses(const struct workflow *w, const struct arc_yaml_node *holder)
{
    const struct arc_yaml_node *uses = arc_yaml_get(holder, "uses");
    if (!uses || !uses->text)
        return;
    if (strncmp(uses->text, "./", 2) == 0)
        check_local(w, uses, arc_yaml_get(holder, "with"));
    else
        check_foreign(w, uses);
}

static void check_steps(const struct workflow *w, const struct arc_yaml_node *steps)
{
    for (size_t i = 0; steps && steps->type == ARC_YAML_LIST && i < steps->count; i++) {
        const struct arc_yaml_node *run = arc_yaml_get(steps->items[i], "run");
        const char *expression = run && run->text ? strstr(run->text, "${{") : NULL;
        check_uses(w, steps->items[i]);
        if (!expression)
            continue;
        unsigned line = run->line + (run->plain ? 0 : 1); /* a block starts below its `|` */
        for (const char *at = run->text; at < expression; at++)
            line += *at == '\n';
        lint_find(w->lint, LINT_SCRIPT, w->file, line,
                  "a script holds '%.*s}}'; pass the value by env and quote it",
                  (int)strcspn(expression, "}"), expression);
    }
}

static bool in_needs(const struct arc_yaml_node *needs, const char *name)
{
    if (arc_yaml_reads(needs, name))
        return true;
    for (size_t i = 0; needs && needs->type == ARC_YAML_LIST && i < needs->count; i++)
        if (arc_yaml_reads(needs->items[i], name))
            return true;
    return false;
}

/* The outputs that a job declares, or the workflow that it calls does (in *called). NULL, if there
 * are none; *known is false if they cannot be known. */
static const struct arc_yaml_node *outputs_of(const struct workflow *w,
                                              const struct arc_yaml_node *job,
                                              struct arc_yaml *called, bool *known)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    const struct arc_yaml_node *uses = arc_yaml_get(job, "uses");
    *known = true;
    if (!uses || !uses->text)
        return arc_yaml_get(job, "outputs");
    ARC_AUTO_FREE char *path = strncmp(uses->text, "./", 2) == 0 && !strstr(uses->text, "..")
                                   ? lint_text(w->lint, "%s/%s", w->lint->root, uses->text + 2)
                                   : NULL;
    *known = path && arc_yaml_read(path, NULL, ARC_YAML_ANY_TAG, called, &err) == ARC_OK;
    if (err.code == ARC_ENOMEM)
        w->lint->failed = ARC_ENOMEM;
    return *known ? arc_yaml_at(called->root, "on", "workflow_call", "outputs", (char *)NULL)
                  : NULL;
}

static size_t name_length(const char *text)
{
    size_t len = 0;
    while (isalnum((unsigned char)text[len]) || text[len] == '_' || text[len] == '-')
        len++;
    return len;
}

/* One "needs.JOB…" of an expression. */
static void check_reference(const struct workflow *w, const struct arc_yaml_node *job,
                            const struct arc_yaml_node *at, const char *text)
{
    size_t len = name_length(text);
    ARC_AUTO_FREE char *name = strndup(text, len);
    if (!name)
        w->lint->failed = ARC_ENOMEM;
    if (!len || !name)
        return;
    if (!in_needs(arc_yaml_get(job, "needs"), name)) {
        lint_find(w->lint, LINT_NEEDS, w->file, at->line,
                  "'needs.%s' is used, but the job does not need '%s'", name, name);
        return;
    }
    if (strncmp(text + len, ".outputs.", 9) != 0)
        return;
    ARC_AUTO(arc_yaml) struct arc_yaml called = {0};
    ARC_AUTO_FREE char *output = strndup(text + len + 9, name_length(text + len + 9));
    const struct arc_yaml_node *other = arc_yaml_at(w->root, "jobs", name, (char *)NULL);
    bool known;
    const struct arc_yaml_node *outputs = outputs_of(w, other, &called, &known);
    if (!output)
        w->lint->failed = ARC_ENOMEM;
    if (output && *output && known && !arc_yaml_key(outputs, output))
        lint_find(w->lint, LINT_NEEDS, w->file, at->line, "the job '%s' has no output '%s'", name,
                  output);
}

/* Every expression below a job, wherever it stands. `if` holds one without the braces. */
static void check_expressions(const struct workflow *w, const struct arc_yaml_node *job,
                              const struct arc_yaml_node *node)
{
    for (size_t i = 0; node->type == ARC_YAML_MAP && i < node->count; i++)
        check_expressions(w, job, node->pairs[i].value);
    for (size_t i = 0; node->type == ARC_YAML_LIST && i < node->count; i++)
        check_expressions(w, job, node->items[i]);
    for (const char *at = node->text; at && (at = strstr(at, "needs.")); at++)
        if (at == node->text || (!isalnum((unsigned char)at[-1]) && !strchr("_-./", at[-1])))
            check_reference(w, job, node, at + 6);
}

static void check_needs(const struct workflow *w, const struct arc_yaml_pair *job)
{
    const struct arc_yaml_node *needs = arc_yaml_get(job->value, "needs");
    const struct arc_yaml_node *jobs = arc_yaml_get(w->root, "jobs");
    size_t count = !needs ? 0 : needs->type == ARC_YAML_LIST ? needs->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct arc_yaml_node *name = needs->type == ARC_YAML_LIST ? needs->items[i] : needs;
        if (!name->text || !arc_yaml_key(jobs, name->text))
            lint_find(w->lint, LINT_NEEDS, w->file, name->line, "'%s' needs '%s', which is no job",
                      job->key->text, name->text ? name->text : "");
    }
    check_expressions(w, job->value, job->value);
}

static void check_job(const struct workflow *w, const struct arc_yaml_pair *job)
{
    const struct arc_yaml_node *runs_on = arc_yaml_get(job->value, "runs-on");
    const struct arc_yaml_node *uses = arc_yaml_get(job->value, "uses");
    if (!runs_on && !uses)
        lint_find(w->lint, LINT_WORKFLOW, w->file, job->key->line,
                  "the job '%s' has neither runs-on nor uses", job->key->text);
    if (runs_on && !arc_yaml_get(job->value, "steps"))
        lint_find(w->lint, LINT_WORKFLOW, w->file, job->key->line, "the job '%s' has no steps",
                  job->key->text);
    if (!arc_yaml_key(w->root, "permissions") && !arc_yaml_key(job->value, "permissions"))
        lint_find(w->lint, LINT_PERMISSIONS, w->file, job->key->line,
                  "neither the workflow nor the job '%s' says its permissions", job->key->text);
    check_uses(w, job->value);
    check_steps(w, arc_yaml_get(job->value, "steps"));
    check_needs(w, job);
}

static void check_workflow(struct lint *lint, const char *file)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    if (!lint_read_yaml(lint, LINT_WORKFLOW, file, &yaml))
        return;
    struct workflow w = {lint, file, yaml.root};
    const struct arc_yaml_node *jobs = arc_yaml_get(yaml.root, "jobs");
    if (!arc_yaml_key(yaml.root, "on"))
        lint_find(lint, LINT_WORKFLOW, file, 1, "'on' is missing: nothing starts it");
    if (!jobs || jobs->type != ARC_YAML_MAP || !jobs->count)
        lint_find(lint, LINT_WORKFLOW, file, 1, "there are no jobs");
    for (size_t i = 0; jobs && jobs->type == ARC_YAML_MAP && i < jobs->count; i++)
        check_job(&w, &jobs->pairs[i]);
}

static void check_action(struct lint *lint, const char *directory)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_AUTO_FREE char *yml = lint_text(lint, ACTIONS "/%s/action.yml", directory);
    if (!yml || !lint_exists(lint, yml) || !lint_read_yaml(lint, LINT_WORKFLOW, yml, &yaml))
        return;
    struct workflow w = {lint, yml, yaml.root};
    if (!arc_yaml_get(yaml.root, "runs"))
        lint_find(lint, LINT_WORKFLOW, yml, 1, "'runs' is missing");
    check_steps(&w, arc_yaml_at(yaml.root, "runs", "steps", (char *)NULL));
}

static bool is_yaml(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcmp(dot, ".yml") == 0 || strcmp(dot, ".yaml") == 0);
}

void lint_workflows(struct lint *lint)
{
    ARC_AUTO_JSON json_t *workflows = lint_list(lint, WORKFLOWS);
    ARC_AUTO_JSON json_t *actions = lint_list(lint, ACTIONS);
    size_t i;
    json_t *name;
    for (int rule = LINT_WORKFLOW; rule <= LINT_SCRIPT; rule++)
        lint_applied(lint, lint_rule_name((enum lint_rule)rule));
    json_array_foreach (workflows, i, name) {
        if (!is_yaml(json_string_value(name)))
            continue;
        ARC_AUTO_FREE char *file = lint_text(lint, WORKFLOWS "/%s", json_string_value(name));
        if (file)
            check_workflow(lint, file);
    }
    json_array_foreach (actions, i, name)
        check_action(lint, json_string_value(name));
}
