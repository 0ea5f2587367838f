/* Workflows and composite actions.
 * Source: GitHub docs, "Workflow syntax for GitHub Actions" and "Metadata syntax". */
#include "base/json.h"
#include "base/own.h"
#include "lint/rule.h"
#include "os/file.h"
#include <ctype.h>

#define WORKFLOWS ".github/workflows"
#define ACTIONS   ".github/actions"

/* At most this many local files are read for `uses`; GitHub accepts 50 in one workflow. */
#define CALLED_MAX 256

/* At most this many expressions of a script are shown: more than of a file. */
#define EXPRESSIONS_MAX 101

/* Enough of a reference to tell it from others: two GitHub names and what surrounds them. */
#define KEY_MAX 256

/* A file under inspection. */
struct workflow {
    struct lint *lint;
    const struct arc_yaml_node *root;
    json_t *jobs;   /* object: the names of all jobs → their places; NULL for an action */
    json_t *inputs; /* object: the names of the inputs */
    json_t *needs;  /* object: the jobs that the current job needs */
    json_t *ids;    /* object: the ids of its steps */
    const struct arc_yaml_node *steps;
    json_t *matrix; /* object: the keys of its matrix; NULL if an expression makes it */
    json_t *seen;   /* object: references that were checked */
};                  /* all in lower case, since they have no case */

/* Whether `name` is the repository or a path below it. */
static bool is_below(const char *name, size_t len, const char *repository)
{
    size_t own = strlen(repository);
    return own && len >= own && strncasecmp(name, repository, own) == 0 &&
           (len == own || name[own] == '/');
}

/* Checks an action or workflow of another repository: "owner/name[/path]@ref" or "docker://image".
 * Allowed are the repository's own, arc-ci's and those in `actions`; without `actions`, any. */
static void check_foreign(const struct workflow *w, const struct arc_yaml_node *uses)
{
    const char *text = uses->text, *ref = strchr(text, '@');
    const char *here = arc_env_nonempty(w->lint->project->env, "GITHUB_REPOSITORY");
    char **list = w->lint->settings.actions;

    if (ARC_STARTS(text, "docker://")) {
        if (list)
            lint_find_at(w->lint, LINT_ALLOWED, uses,
                         "'%s' runs an image as an action, which the list of actions cannot name",
                         text);
        if (!strstr(text, "@sha256:"))
            lint_find_at(w->lint, LINT_PINNED, uses, "'%s' is not pinned to a digest (@sha256:…)",
                         text);
        return;
    }

    size_t len = ref ? (size_t)(ref - text) : uses->len;
    if (!*text || ARC_STARTS(text, ".\\")) /* valid on Windows */
        return;
    if (!ref || !ref[1] || strchr(ref + 1, '@') || !memchr(text, '/', len)) {
        lint_find_at(w->lint, LINT_WORKFLOW, uses,
                     "'%s' is not OWNER/REPOSITORY@REF, and a path in the repository starts with "
                     "./",
                     text);
        return;
    }

    bool allowed =
        !list || is_below(text, len, ARC_OWN_REPOSITORY) || (here && is_below(text, len, here));
    for (; !allowed && *list; list++)
        allowed = is_below(text, len, *list);
    if (!allowed)
        lint_find_at(w->lint, LINT_ALLOWED, uses, "'%.*s' is not among the allowed actions",
                     (int)len, text);

    if (!arc_text_is_hex(ref + 1, 40))
        lint_find_at(w->lint, LINT_PINNED, uses,
                     "'%s' is not pinned to a commit (40 digits); a tag can be moved", text);
}

/* Compares `with` of a call with the `inputs` of its target, or `secrets` with `secrets`; `what`
 * names one of them. */
static void check_inputs(const struct workflow *w, const struct arc_yaml_node *uses,
                         const struct arc_yaml_node *with, const struct arc_yaml_node *inputs,
                         const char *what)
{
    arc_yaml_each_pair (given, with)
        if (!lint_input(inputs, given->key->text))
            lint_find_at(w->lint, LINT_INPUTS, given->key, "%s has no %s '%s'", uses->text, what,
                         given->key->text);

    arc_yaml_each_pair (input, inputs) {
        bool required = arc_yaml_bool(arc_yaml_get(input->value, "required"));
        if (required && !arc_yaml_get(input->value, "default") &&
            !lint_input(with, input->key->text))
            lint_find_at(w->lint, LINT_INPUTS, uses, "%s needs the %s '%s', which is missing",
                         uses->text, what, input->key->text);
    }
}

/* Finds values that GitHub refuses when it has already started the run. */
static void check_types(const struct workflow *w, const struct arc_yaml_node *uses,
                        const struct arc_yaml_node *with, const struct arc_yaml_node *inputs)
{
    w->lint->document = w->root; /* reading what is called has changed it */
    arc_yaml_each_pair (given, with) {
        const char *type = arc_yaml_text_at(lint_input(inputs, given->key->text), "type");
        if (lint_misfits(w->lint, given->value, type))
            lint_find_at(w->lint, LINT_INPUTS, given->value,
                         "%s takes a %s as '%s', and GitHub ends the run for a text: give the "
                         "value without quotes, by inputs.NAME, or by fromJSON(TEXT)",
                         uses->text, type, given->key->text);
    }
}

static int check_action(void *context, const char *file);

static const char *find_target(struct lint *lint, const char *path)
{
    size_t len = arc_text_strip(path, strlen(path), "/");

    if (arc_text_ends(path, ".yml") || arc_text_ends(path, ".yaml"))
        return lint_text(lint, "%s", path);
    const char *folder = len ? arc_arena_cut(&lint->memory, path, len) : ".";
    const char *name = lint_join(lint, folder, "action.yml");

    return lint_exists(lint, name) ? name : lint_join(lint, folder, "action.yaml");
}

static const struct lint_called *add_called(struct lint *lint, const char *name)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct lint_called *called = arc_arena_array(&lint->memory, 1, sizeof *called);

    if (!called)
        return NULL;
    *called = (struct lint_called){.next = lint->called, .name = name};
    lint->called = called;
    lint->called_count++;

    int rc = arc_yaml_read_in(lint->root, name, 0, &called->yaml, &err);
    if (rc)
        called->problem = lint_text(lint, "%s", arc_error_text(&err));
    lint->memory.failed |= rc == ARC_ENOMEM || (rc && !err.message); /* lost when memory ran out */
    if (!rc && arc_yaml_get(called->yaml.root, "runs"))
        check_action(lint, name);

    return called;
}

/* Whether `uses` names a file of this repository: in the work tree, or ("$/", GitHub docs, "Workflow
 * syntax for GitHub Actions") at the run's commit. */
static bool is_local(const char *uses)
{
    return ARC_STARTS(uses, "./", "$/");
}

/* The action or workflow that a local `uses` names, read only once. NULL beyond CALLED_MAX, or if
 * the path leaves the repository, where earlier steps may put anything. */
static const struct lint_called *read_called(struct lint *lint, const char *uses)
{
    if (!is_local(uses) || strstr(uses, ".."))
        return NULL;
    const char *name = find_target(lint, uses + 2);
    for (const struct lint_called *called = lint->called; called; called = called->next)
        if (strcmp(called->name, name) == 0)
            return called;
    return lint->called_count < CALLED_MAX ? add_called(lint, name) : NULL;
}

const struct arc_yaml_node *lint_called_root(struct lint *lint, const char *uses)
{
    const struct lint_called *called = uses ? read_called(lint, uses) : NULL;
    return called && !called->problem ? called->yaml.root : NULL;
}

static const struct arc_yaml_node *find_way(struct lint *lint, const struct arc_yaml_node *root,
                                            const char *file, json_t *seen);

/* Whether a job or a step uses that file, by itself or through what it uses. */
static bool leads_to(struct lint *lint, const struct arc_yaml_node *holder, const char *file,
                     json_t *seen)
{
    const struct arc_yaml_node *called = lint_called_root(lint, arc_yaml_text_at(holder, "uses"));
    const char *name = called ? called->source->name : NULL;
    if (!name || json_object_get(seen, name))
        return false;
    if (strcmp(name, file) == 0)
        return true;
    lint_set(lint, seen, name, json_true());
    return find_way(lint, called, file, seen);
}

/* The `uses` of a workflow or an action that leads to that file; visits each file once. */
static const struct arc_yaml_node *find_way(struct lint *lint, const struct arc_yaml_node *root,
                                            const char *file, json_t *seen)
{
    arc_yaml_each_pair (job, arc_yaml_get(root, "jobs"))
        if (leads_to(lint, job->value, file, seen))
            return arc_yaml_get(job->value, "uses");
    arc_yaml_each (step, arc_yaml_at(root, "runs", "steps"))
        if (leads_to(lint, step, file, seen))
            return arc_yaml_get(step, "uses");

    return NULL;
}

static void check_loop(struct lint *lint, const struct arc_yaml_node *root)
{
    ARC_AUTO_JSON json_t *seen = json_object();
    const struct arc_yaml_node *uses = find_way(lint, root, root->source->name, seen);
    if (uses)
        lint_find_at(lint, LINT_WORKFLOW, uses, "%s leads back to this file, which GitHub refuses",
                     uses->text);
}

static void check_local(const struct workflow *w, const struct arc_yaml_node *uses,
                        const struct arc_yaml_node *holder)
{
    const struct lint_called *target = read_called(w->lint, uses->text);
    if (!target)
        return;

    /* an action may use what a step of the workflow puts beside the repository's files */
    const char *path = uses->text + 2;
    const char *top = lint_text(w->lint, "%s/%.*s", w->lint->root, (int)strcspn(path, "/"), path);
    if (target->problem && (w->jobs || arc_file_is_folder(top)))
        lint_find_at(w->lint, LINT_INPUTS, uses, "%s: %s", uses->text, target->problem);
    if (target->problem)
        return;

    const struct arc_yaml_node *root = target->yaml.root;
    const struct arc_yaml_node *with = arc_yaml_get(holder, "with");
    const struct arc_yaml_node *secrets = arc_yaml_get(holder, "secrets");
    const struct arc_yaml_node *on = arc_yaml_get(root, "on");
    const struct arc_yaml_node *call =
        on ? arc_yaml_get(on, "workflow_call") : arc_yaml_get(root, "runs");
    if (!call && !arc_yaml_names(on, "workflow_call"))
        lint_find_at(w->lint, LINT_INPUTS, uses, "%s cannot be called: it has no %s", uses->text,
                     on ? "workflow_call" : "runs");
    else
        check_inputs(w, uses, with, arc_yaml_get(on ? call : root, "inputs"), "input");
    if (on)
        check_types(w, uses, with, arc_yaml_get(call, "inputs"));
    if (on && !arc_yaml_is(secrets, "inherit"))
        check_inputs(w, uses, secrets, arc_yaml_get(call, "secrets"), "secret");
}

static void check_uses(const struct workflow *w, const struct arc_yaml_node *holder)
{
    const struct arc_yaml_node *uses = arc_yaml_get(holder, "uses");
    if (!uses || !uses->text || strstr(uses->text, "${{")) /* never valid, as places.c finds */
        return;
    if (is_local(uses->text)) {
        check_local(w, uses, holder);
        return;
    }

    check_foreign(w, uses);
    const struct arc_yaml_node *secrets = arc_yaml_get(holder, "secrets");
    if (arc_yaml_reads(secrets, "inherit"))
        lint_find_at(w->lint, LINT_TRUST, secrets,
                     "another repository gets every secret of this one: name those it needs");
}

const char *lint_line(struct lint *lint, const struct arc_yaml_node *node, unsigned number)
{
    bool within = lint->script && number == lint->number; /* not at the start of the line */
    if (lint->text != node->source->text || number < lint->number || within) {
        lint->text = lint->line = node->source->text;
        lint->number = 1;
    }
    for (const char *end; lint->number < number && (end = strchr(lint->line, '\n')); lint->number++)
        lint->line = end + 1;
    lint->script = NULL;
    return lint->line;
}

static void skip_blanks(struct lint *lint)
{
    for (; *lint->line && isspace((unsigned char)*lint->line); lint->line++)
        lint->number += *lint->line == '\n';
}

unsigned lint_script_line(struct lint *lint, const struct arc_yaml_node *script, const char *at)
{
    if (!script->block)
        return script->line;
    if (lint->script != script->text || lint->text != script->source->text || at < lint->at) {
        lint_line(lint, script, script->line + 1); /* a block starts below its `|` */
        lint->script = lint->at = script->text;
    }

    for (; lint->at < at; lint->at++) { /* without blanks: `>` makes one line of several */
        if (isspace((unsigned char)*lint->at))
            continue;
        skip_blanks(lint);
        lint->line += *lint->line != '\0';
    }
    skip_blanks(lint);

    return lint->number;
}

/* Checks text that a shell or an interpreter runs: GitHub inserts values of expressions
 * unescaped. */
static void check_script(const struct workflow *w, const struct arc_yaml_node *script)
{
    const char *at = script ? script->text : NULL, *expression;
    size_t len, left = EXPRESSIONS_MAX;

    while (at && left-- && arc_text_expression(&at, &expression, &len) && expression[len])
        lint_find_in(w->lint, LINT_SCRIPT, script, expression,
                     "a script contains '${{%.*s}}'; pass the value by env and quote it", (int)len,
                     expression);
}

/* Checks the shell of a script: one that the runner knows (its source, ScriptHandler.cs), or a
 * command line for the script's file. */
static void check_shell(const struct workflow *w, const struct arc_yaml_node *shell)
{
    static const char known[] = "bash sh pwsh python cmd powershell";
    const char *text = shell ? arc_or(shell->text, "") : "";

    check_script(w, shell);
    if (*text && !ARC_HOLDS(text, "{0}", "${{") && !arc_text_lists(known, text, strlen(text)))
        lint_find_at(w->lint, LINT_WORKFLOW, shell,
                     "'%s' is none of GitHub's shells (bash, sh, pwsh, python, cmd, powershell), "
                     "and a command line names the script as {0}",
                     text);
}

/* Whether a local `uses` is inside a folder that a step creates, with another repository's files or
 * a second copy of ours. */
static bool is_checked_out(struct lint *lint, const json_t *folders, const char *uses)
{
    if (!ARC_STARTS(uses, "./"))
        return false;
    arc_json_each_pair (folder, value, folders)
        if (strcmp(folder, ".") == 0 ? !lint_exists(lint, find_target(lint, uses + 2))
                                     : arc_path_below(folder, uses + 2) != NULL)
            return true;
    return false;
}

/* Adds the folders that steps create, from their input `path`; "." if another repository is checked
 * out instead of ours, or an expression names the folder. */
static void add_checkouts(struct lint *lint, const struct arc_yaml_node *steps, json_t *folders)
{
    arc_yaml_each (step, steps) {
        const struct arc_yaml_node *with = arc_yaml_get(step, "with");
        ARC_AUTO_FREE char *clean = NULL;
        if (arc_path_resolve(".", arc_yaml_text_at(with, "path"), &clean, NULL) || !clean)
            continue;
        bool other = lint_input(with, "repository") &&
                     ARC_STARTS(arc_yaml_text_at(step, "uses"), "actions/checkout@");
        if (strcmp(clean, ".") != 0 || other)
            lint_set(lint, folders, strstr(clean, "${{") ? "." : clean, json_true());
    }
}

static size_t name_length(const char *text)
{
    size_t len = 0;
    while (arc_is_word(text[len]) || text[len] == '-')
        len++;
    return len;
}

static void check_id(struct lint *lint, const struct arc_yaml_node *id)
{
    const char *text = id->text;
    if (name_length(text) != id->len || arc_is_digit(*text) || *text == '-' || id->len >= 100)
        lint_find_at(lint, LINT_WORKFLOW, id,
                     "'%s' is not a valid id: letters, digits, '_' and '-', not starting with a "
                     "digit or '-'",
                     text);
    else if (ARC_STARTS(text, "__"))
        lint_find_at(lint, LINT_WORKFLOW, id, "'%s' is not a valid id: GitHub reserves '__'", text);
}

/* Lists the ids of steps and checks that they are unique. */
static void list_ids(const struct workflow *w, const struct arc_yaml_node *steps)
{
    arc_yaml_each (step, steps) {
        const struct arc_yaml_node *id = arc_yaml_get(step, "id");
        list_ids(w, arc_yaml_get(step, "parallel"));
        if (!id || !id->text || !id->len)
            continue;
        const char *small = lint_small(w->lint, id->text, id->len);
        check_id(w->lint, id);
        if (json_object_get(w->ids, small))
            lint_find_at(w->lint, LINT_WORKFLOW, id, "two steps have the id '%s'", id->text);
        lint_set(w->lint, w->ids, small, json_true());
    }
}

static void list_names(struct lint *lint, json_t *names, const struct arc_yaml_node *map)
{
    arc_yaml_each_pair (pair, map)
        lint_set(lint, names, lint_small(lint, pair->key->text, pair->key->len), json_true());
}

static void check_steps(const struct workflow *w, const struct arc_yaml_node *steps)
{
    /* inputs that actions run as a script: actions/github-script, azure/cli, nick-fields/retry,
     * … */
    static const char *const scripts[] = {
        "script", "inlineScript", "inline-script", "run", "command", "commands", "cmd"};
    ARC_AUTO_JSON json_t *folders = json_object();

    add_checkouts(w->lint, steps, folders);
    arc_yaml_each (step, steps) {
        const char *shell = arc_yaml_text_at(step, "shell");
        check_steps(w, arc_yaml_get(step, "parallel"));
        if (!is_checked_out(w->lint, folders, arc_yaml_text_at(step, "uses")))
            check_uses(w, step);
        bool keeps = strlen(shell) > 12 && ARC_STARTS(shell, "cp {0} ") &&
                     arc_text_ends(shell, ".json") && !strpbrk(shell + 7, " \t\n");
        if (!keeps) /* prints text instead of running it */
            check_script(w, arc_yaml_get(step, "run"));
        check_shell(w, arc_yaml_get(step, "shell"));
        arc_each_in (name, scripts)
            check_script(w, lint_input(arc_yaml_get(step, "with"), *name));
    }
}

static void check_digest(const struct workflow *w, const struct arc_yaml_node *image)
{
    const char *text = image->text;
    if (text && *text && !ARC_HOLDS(text, "${{", "@sha256:"))
        lint_find_at(w->lint, LINT_PINNED, image, "'%s' is not pinned to a digest (@sha256:…)",
                     text);
}

/* Checks the image of a container, in a mapping or by itself. `job` may be NULL. */
static void check_image(const struct workflow *w, const struct arc_yaml_node *job,
                        const struct arc_yaml_node *holder)
{
    bool map = holder && holder->type == ARC_YAML_MAP;
    const struct arc_yaml_node *image = map ? arc_yaml_get(holder, "image") : holder;
    const struct arc_yaml_node *password = arc_yaml_at(holder, "credentials", "password");
    const char *text = image ? arc_or(image->text, "") : "", *rest = text, *expression;
    size_t len;

    if (password && password->text && password->len && !strstr(password->text, "${{"))
        lint_find_credential(w->lint, password->source->name, password->line,
                             "a password, key or token");
    if (image)
        check_digest(w, image);

    /* Of an image that is whole in the matrix, each value is checked. */
    if (!arc_text_expression(&rest, &expression, &len) || expression != text + 3 || *rest)
        return;
    arc_text_trim(&expression, &len);
    const struct arc_yaml_node *const *value = lint_matrix_values(w->lint, job, text);
    for (; strspn(expression, ARC_ALNUM "._-") == len && *value; value++)
        check_digest(w, *value);
}

/* The member that an expression reads from a context, `.name` or `['name']`; moves *text past it.
 * Returns its length; 0 if it is not a literal. */
static size_t take_member(const char **text, const char **name)
{
    bool index = ARC_STARTS(*text, "['");
    *name = *text + (index ? 2 : 1);
    if (!index && **text != '.')
        return 0;

    size_t len = index ? strcspn(*name, "'") : name_length(*name);
    *text = *name + len;
    if (index)
        *text += strspn(*text, "']");
    return len;
}

/* Checks an output of a job that an expression names; `rest` is what follows "outputs". */
static void check_output(const struct workflow *w, const struct arc_yaml_node *at, const char *name,
                         const char *rest)
{
    const char *text;
    size_t len = take_member(&rest, &text);
    if (!len)
        return;

    const char *output = arc_arena_cut(&w->lint->memory, text, len);
    const struct arc_yaml_node *job = lint_input(arc_yaml_get(w->root, "jobs"), name);
    const struct arc_yaml_node *uses = arc_yaml_get(job, "uses");
    const struct arc_yaml_node *outputs = arc_yaml_get(job, "outputs");
    bool known = true;
    if (uses && uses->text) { /* the outputs of the workflow that it calls */
        const struct arc_yaml_node *called = lint_called_root(w->lint, uses->text);
        outputs = arc_yaml_at(called, "on", "workflow_call", "outputs");
        known = called;
    }
    if (known && !(outputs && outputs->text) && !lint_input(outputs, output))
        lint_find_at(w->lint, LINT_NEEDS, at, "the job '%s' has no output '%s'", name, output);
}

/* The same for a step with a local composite action, which has only the outputs that it lists. */
static void check_step_output(const struct workflow *w, const struct arc_yaml_node *at,
                              const char *id, const char *rest)
{
    const char *text;
    size_t len = take_member(&rest, &text);

    arc_yaml_each (step, w->steps) {
        const struct arc_yaml_node *action =
            strcasecmp(arc_yaml_text_at(step, "id"), id) == 0
                ? lint_called_root(w->lint, arc_yaml_text_at(step, "uses"))
                : NULL;
        bool composite = arc_yaml_reads(arc_yaml_at(action, "runs", "using"), "composite");
        if (len && composite &&
            !lint_input(arc_yaml_get(action, "outputs"),
                        arc_or(arc_arena_cut(&w->lint->memory, text, len), "")))
            lint_find_at(w->lint, LINT_NEEDS, at, "%s has no output '%.*s'",
                         arc_yaml_text_at(step, "uses"), (int)len, text);
    }
}

/* Checks that a context with these `names` has the member; `rest` is what follows. */
static void check_member(const struct workflow *w, const struct arc_yaml_node *at,
                         const json_t *names, const char *name, const char *rest)
{
    struct lint *lint = w->lint;
    bool known = json_object_get(names, lint_small(lint, name, strlen(name)));
    bool job = names == w->needs || names == w->jobs;
    const char *members = job ? "outputs result" : "outputs outcome conclusion", *member;
    size_t len = known && (job || names == w->ids) ? take_member(&rest, &member) : 0;

    if (len && !arc_text_lists(members, member, len))
        lint_find_at(lint, LINT_NEEDS, at, "'%s' has no '%.*s', but %s", name, (int)len, member,
                     job ? "outputs and result" : "outputs, outcome and conclusion");
    else if (len && job && arc_text_is_caseless(member, len, "outputs"))
        check_output(w, at, name, rest);
    else if (len && names == w->ids && arc_text_is_caseless(member, len, "outputs"))
        check_step_output(w, at, name, rest);
    else if (!known && names == w->inputs)
        lint_find_at(lint, LINT_INPUTS, at, "there is no input '%s'", name);
    else if (!known && names == w->needs)
        lint_find_at(lint, LINT_NEEDS, at, "'needs.%s' is used, but the job does not need '%s'",
                     name, name);
    else if (!known && names == w->matrix)
        lint_find_at(lint, LINT_NEEDS, at, "the job's matrix has no '%s'", name);
    else if (!known)
        lint_find_at(lint, LINT_NEEDS, at, "there is no %s '%s'",
                     names == w->jobs ? "job" : "step with the id", name);
}

/* Checks a member of a context that GitHub fills (its docs, "Contexts reference"). */
static void check_fixed(const struct workflow *w, const struct arc_yaml_node *node, const char *at)
{
    static const char *const contexts[][2] = {
        {"github",
         "action action_path action_ref action_repository action_status actor actor_id api_url "
         "artifact_cache_size_limit base_ref env event event_name event_path graphql_url head_ref "
         "job job_workflow_sha output path ref ref_name ref_protected ref_type repository "
         "repository_id repository_owner repository_owner_id repository_visibility repositoryUrl "
         "retention_days run_attempt run_id run_number secret_source server_url sha state "
         "step_summary token triggering_actor workflow workflow_ref workflow_repository "
         "workflow_sha workspace"},
        {"job", "check_run_id container services status workflow_file_path workflow_ref "
                "workflow_repository workflow_sha"},
        {"runner", "arch debug environment name os temp tool_cache workspace"},
        {"strategy", "fail-fast job-index job-total max-parallel"}};

    arc_each_in (context, contexts) {
        size_t context_len = strlen((*context)[0]);
        const char *name, *rest = at + context_len;
        if (strncasecmp(at, (*context)[0], context_len) != 0)
            continue;
        size_t len = take_member(&rest, &name);
        if (len && !arc_text_lists((*context)[1], name, len))
            lint_find_at(w->lint, LINT_NEEDS, node, "'%s' has no '%.*s'", (*context)[0], (int)len,
                         name);
    }
}

/* Checks the references of an expression, skipping its strings ('' is a quote in one). */
static void check_references(const struct workflow *w, const struct arc_yaml_node *node,
                             const char *text, size_t len)
{
    const struct {
        const char *context;
        const json_t *names;
    } all[] = {{"needs", w->needs},
               {"jobs", w->jobs},
               {"steps", w->ids},
               {"inputs", w->inputs},
               {"matrix", w->matrix}};
    bool quoted = false;

    for (const char *at = text; at < text + len; at++) {
        bool starts = at == text || (!arc_is_alnum(at[-1]) && !strchr("_-./", at[-1]));
        quoted ^= *at == '\'';
        if (!quoted && starts)
            check_fixed(w, node, at);
        for (size_t i = 0; !quoted && starts && arc_is_alnum(*at) && i < ARC_COUNT(all); i++) {
            size_t context = strlen(all[i].context);
            const char *name, *rest = at + context;
            if (!all[i].names || strncasecmp(at, all[i].context, context) != 0)
                continue;
            size_t name_len = take_member(&rest, &name), key_len = 0;
            while (key_len < KEY_MAX && !strchr(" )&|=!<>,\n", at[key_len]))
                key_len++;
            const char *key = lint_small(w->lint, at, key_len);
            if (!name_len || json_object_get(w->seen, key))
                continue; /* not a literal, or checked before */
            lint_set(w->lint, w->seen, key, json_true());
            check_member(w, node, all[i].names, arc_arena_cut(&w->lint->memory, name, name_len),
                         rest);
        }
    }
}

/* Whether a condition asks for somebody as who started the run. */
static bool wants_actor(const char *text)
{
    const char *list = strstr(text, "contains(");
    bool is_listed = list && (list == text || list[-1] != '!') &&
                     ARC_HOLDS(list, ", github.actor)", ",github.actor)",
                               ", github.triggering_actor)", ",github.triggering_actor)");

    return is_listed || ARC_HOLDS(text, "github.actor =", "github.actor=", "triggering_actor =",
                                  "triggering_actor=", "== github.actor", "==github.actor",
                                  "== github.triggering_actor", "==github.triggering_actor");
}

/* A bot's name in `github.actor`, by which nobody knows a pull request's author: anybody makes
 * Dependabot the actor, by a comment for it or a fork of its branch. */
static void check_bot(const struct workflow *w, const struct arc_yaml_node *condition)
{
    const char *text = condition->text;
    if (strstr(text, "[bot]") && wants_actor(text) &&
        !ARC_HOLDS(text, "user.login", ".head.repo") &&
        arc_yaml_names(arc_yaml_get(w->root, "on"), "pull_request_target"))
        lint_find_at(w->lint, LINT_TRUST, condition,
                     "others can make a bot the actor of their pull request's run: compare "
                     "github.event.pull_request.user.login");
}

/* All secrets in one text, or a part of one. */
static void check_secrets(const struct workflow *w, const struct arc_yaml_node *node,
                          const char *text, size_t len)
{
    const char *open = memchr(text, '(', len), *close = memchr(text, ')', len);
    if (!open || !close || close < open)
        return;

    const char *given = open + 1, *rest = close + 1;
    size_t call = (size_t)(open - text), size = (size_t)(close - given),
           left = (size_t)(text + len - rest);
    bool part = left && (*rest == '.' || *rest == '[');
    arc_text_trim(&text, &call);
    arc_text_trim(&given, &size);
    arc_text_trim(&rest, &left);

    if (part && arc_text_is_caseless(text, call, "fromJSON") && size > 7 &&
        strncasecmp(given, "secrets", 7) == 0 && (given[7] == '.' || given[7] == '['))
        lint_find_at(w->lint, LINT_TRUST, node,
                     "GitHub masks this secret as a whole, and no part of it: make each part a "
                     "secret of its own");
    if (!left && arc_text_is_caseless(text, call, "toJSON") &&
        arc_text_is_caseless(given, size, "secrets"))
        lint_find_at(w->lint, LINT_TRUST, node,
                     "this hands on every secret that there is: name those that are needed");
}

/* Checks every expression below a node: `if` is one as a whole, other texts have them in braces. */
static void check_expressions(const struct workflow *w, const struct arc_yaml_node *node,
                              bool condition)
{
    arc_yaml_each_pair (pair, node)
        check_expressions(w, pair->value, arc_yaml_is(pair->key, "if"));
    arc_yaml_each (item, node)
        check_expressions(w, item, false);
    if (!node || !node->text || (!condition && !strstr(node->text, "${{")))
        return;

    w->lint->expressions += node->len;
    if (w->lint->expressions > LINT_EXPRESSIONS_MAX)
        return;
    if (condition) {
        check_references(w, node, node->text, strlen(node->text));
        check_bot(w, node);
    }

    const char *at = condition ? NULL : node->text, *text;
    for (size_t len; arc_text_expression(&at, &text, &len);) {
        check_references(w, node, text, len);
        check_secrets(w, node, text, len);
    }
}

/* The state of a job in the walk along `needs`. */
struct walk {
    size_t above; /* the previous job on the path */
    size_t depth; /* its place on the path, from 1; 0: not visited */
    size_t reach; /* the earliest place on the path that it waits for */
    size_t next;  /* the next entry of its `needs` */
    bool done;    /* it has left the path */
};

static void walk_from(const struct workflow *w, const struct arc_yaml_node *jobs,
                      struct walk *walks, size_t at)
{
    walks[at] = (struct walk){.depth = 1, .reach = SIZE_MAX};

    while (!walks[at].done) {
        struct walk *walk = &walks[at], *above = &walks[walk->above];
        const struct arc_yaml_node *needs = arc_yaml_get(jobs->pairs[at].value, "needs");
        const struct arc_yaml_node *name = arc_yaml_entry(needs, walk->next++);

        if (!name) {
            walk->done = true;
            if (walk->depth == 1)
                return;
            above->reach = ARC_MIN(walk->reach, above->reach);
            at = walk->above;
            continue;
        }

        const char *small = lint_small(w->lint, arc_or(name->text, ""), name->len);
        const json_t *job = json_object_get(w->jobs, small);
        size_t to = (size_t)json_integer_value(job);
        if (!job || walks[to].done)
            continue;
        if (walks[to].depth) {
            walk->reach = ARC_MIN(walks[to].depth, walk->reach);
            continue;
        }
        walks[to] = (struct walk){.above = at, .depth = walk->depth + 1, .reach = SIZE_MAX};
        at = to;
    }
}

/* Finds jobs that wait for themselves through the jobs they need. Follows every entry of `needs`
 * once, so it is linear; if circles share jobs, some jobs may not be listed. */
static void check_circles(const struct workflow *w, const struct arc_yaml_node *jobs)
{
    size_t count = arc_yaml_pairs(jobs);
    struct walk *walks = arc_arena_array(&w->lint->memory, count, sizeof *walks);

    for (size_t i = 0; walks && i < count; i++)
        if (!walks[i].depth)
            walk_from(w, jobs, walks, i);

    for (size_t i = 0; walks && i < count; i++)
        if (walks[i].reach <= walks[i].depth)
            lint_find_at(w->lint, LINT_NEEDS, arc_yaml_get(jobs->pairs[i].value, "needs"),
                         "the job '%s' waits for itself", jobs->pairs[i].key->text);
}

/* Lists the keys of a job's matrix. False if an expression makes it. */
static bool list_matrix(struct lint *lint, const struct arc_yaml_node *job, json_t *names)
{
    const struct arc_yaml_node *strategy = arc_yaml_get(job, "strategy");
    const struct arc_yaml_node *matrix = arc_yaml_get(strategy, "matrix");
    const struct arc_yaml_node *include = arc_yaml_get(matrix, "include");

    list_names(lint, names, matrix);
    arc_yaml_each (item, include) {
        list_names(lint, names, item);
        if (item->text)
            return false;
    }

    arc_json_each_pair (name, value, names)
        if (strstr(name, "${{"))
            return false;
    return !(strategy && strategy->text) && !(matrix && matrix->text) &&
           !(include && include->text);
}

static bool is_expression(const struct arc_yaml_node *node)
{
    return node->text && strstr(node->text, "${{");
}

/* Checks that a matrix has what it excludes: otherwise that excludes nothing, or is an error.
 * GitHub adds what is included later. */
static void check_excludes(struct lint *lint, const struct arc_yaml_node *matrix)
{
    arc_yaml_each (row, arc_yaml_get(matrix, "exclude"))
        arc_yaml_each_pair (pair, row) {
            const struct arc_yaml_node *values = NULL;
            arc_yaml_each_pair (own, matrix)
                if (is_expression(own->key)) /* which may be any name */
                    values = own->key;
                else if (strcasecmp(own->key->text, pair->key->text) == 0)
                    values = own->value;
            if (!values)
                lint_find_at(lint, LINT_NEEDS, pair->key, "the job's matrix has no '%s' to exclude",
                             pair->key->text);
            if (!arc_yaml_items(values) || !pair->value->text || is_expression(pair->value))
                continue;

            bool found = false;
            arc_yaml_each (value, values)
                found = found || !value->text || is_expression(value) ||
                        strcasecmp(value->text, pair->value->text) == 0;
            if (!found)
                lint_find_at(lint, LINT_NEEDS, pair->value,
                             "'%s' is not among the values of '%s' in the matrix: this excludes "
                             "nothing",
                             pair->value->text, pair->key->text);
        }
}

static void check_needs(const struct workflow *w, const struct arc_yaml_pair *job)
{
    const struct arc_yaml_node *needs = arc_yaml_get(job->value, "needs");
    const struct arc_yaml_node *name;
    ARC_AUTO_JSON json_t *names = json_object(), *seen = json_object();
    ARC_AUTO_JSON json_t *ids = json_object(), *matrix = json_object();
    struct workflow own = *w;

    own.needs = names;
    own.seen = seen;
    own.ids = ids;
    for (size_t i = 0; (name = arc_yaml_entry(needs, i)); i++) {
        if (!name->text || !name->len)
            continue;
        const char *small = lint_small(w->lint, name->text, name->len);
        lint_set(w->lint, names, small, json_true());
        if (!json_object_get(w->jobs, small))
            lint_find_at(w->lint, LINT_NEEDS, name, "'%s' needs '%s', which is not a job",
                         job->key->text, name->text);
    }

    own.steps = arc_yaml_get(job->value, "steps");
    list_ids(&own, own.steps);
    check_excludes(w->lint, arc_yaml_at(job->value, "strategy", "matrix"));
    if (list_matrix(w->lint, job->value, matrix))
        own.matrix = matrix;
    check_expressions(&own, job->value, false);
}

/* Checks that a local workflow that a job calls exists in .github/workflows and can be called. */
static bool check_call(const struct workflow *w, const struct arc_yaml_node *uses)
{
    static const char folder[] = WORKFLOWS "/";
    const char *name = uses && uses->text && is_local(uses->text) ? uses->text + 2 : "";
    const char *file = ARC_STARTS(name, folder) ? name + sizeof folder - 1 : "/";
    const char *wrong = NULL;

    if (strchr(file, '/'))
        wrong = "is not a file of " WORKFLOWS;
    else if (strchr(file, '@'))
        wrong = "is in this repository and used from this commit, so it has no @REF";
    if (*name && wrong)
        lint_find_at(w->lint, LINT_WORKFLOW, uses, "'%s' %s", uses->text, wrong);

    return !*name || !wrong;
}

static void check_grant(struct lint *lint, const struct arc_yaml_node *node)
{
    const struct arc_yaml_node *granted = arc_yaml_get(node, "permissions");
    if (arc_yaml_reads(granted, "write-all"))
        lint_find_at(lint, LINT_PERMISSIONS, granted,
                     "write-all lets the job write everything: name what it needs");
}

static void check_job(const struct workflow *w, const struct arc_yaml_pair *job)
{
    check_id(w->lint, job->key);
    if (!arc_yaml_key(w->root, "permissions") && !arc_yaml_key(job->value, "permissions"))
        lint_find_at(w->lint, LINT_PERMISSIONS, job->key,
                     "neither the workflow nor the job '%s' sets permissions", job->key->text);
    check_grant(w->lint, job->value);

    if (check_call(w, arc_yaml_get(job->value, "uses")))
        check_uses(w, job->value);
    check_steps(w, arc_yaml_get(job->value, "steps"));
    check_shell(w, arc_yaml_at(job->value, "defaults", "run", "shell"));

    check_image(w, job->value, arc_yaml_get(job->value, "container"));
    arc_yaml_each_pair (service, arc_yaml_get(job->value, "services"))
        check_image(w, job->value, service->value);
    check_needs(w, job);
}

/* A field of a cron expression. */
struct field {
    long least, most;
    const char *names; /* of three letters each, from `least` on */
};

/* A number or a name; -1: neither. */
static long read_time(const char **at, const struct field *field)
{
    if (arc_is_digit(**at)) {
        long value = strtol(*at, (char **)at, 10);
        return value >= field->least && value <= field->most ? value : -1;
    }
    for (size_t i = 0; field->names[i]; i += 3)
        if (strncasecmp(*at, field->names + i, 3) == 0) {
            *at += 3;
            return field->least + (long)(i / 3);
        }
    return -1;
}

/* "*", "1,3", "mon-fri", "0-30/5" */
static bool read_field(const char **at, const struct field *field)
{
    do {
        long first = 0;
        if (**at == '*')
            ++*at;
        else if ((first = read_time(at, field)) < 0)
            return false;
        else if (**at == '-' && (++*at, read_time(at, field) < first))
            return false;
        if (**at == '/' && (++*at, !arc_is_digit(**at) || read_time(at, field) < 1))
            return false;
    } while (**at == ',' && ++*at);

    return **at == ' ' || !**at;
}

static bool is_cron(const char *at)
{
    static const struct field fields[] = {{0, 59, ""},
                                          {0, 23, ""},
                                          {1, 31, ""},
                                          {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                                          {0, 6, "sunmontuewedthufrisat"}};
    arc_each_in (field, fields) {
        at += strspn(at, " ");
        if (!read_field(&at, field))
            return false;
    }
    return !at[strspn(at, " ")];
}

/* Checks what is outside of `jobs`. */
static void check_whole(struct workflow *w)
{
    static const char *const keys[] = {"on", "env", "concurrency", "run-name"};
    static const char *const starts[] = {"workflow_call", "workflow_dispatch"};
    const struct arc_yaml_node *on = arc_yaml_get(w->root, "on");
    ARC_AUTO_JSON json_t *seen = json_object();

    w->seen = seen;
    arc_each_in (start, starts) {
        const struct arc_yaml_node *event = arc_yaml_get(on, *start);
        list_names(w->lint, w->inputs, arc_yaml_get(event, "inputs"));
    }
    arc_yaml_each_pair (input, arc_yaml_at(on, "workflow_call", "inputs")) {
        const struct arc_yaml_node *given = arc_yaml_get(input->value, "default");
        const char *type = arc_yaml_text_at(input->value, "type");
        if (given && lint_misfits(w->lint, given, type))
            lint_find_at(w->lint, LINT_WORKFLOW, given, "the default of '%s' is not a %s",
                         input->key->text, type);
    }
    arc_yaml_each (item, arc_yaml_get(on, "schedule")) {
        const struct arc_yaml_node *cron = arc_yaml_get(item, "cron");
        const char *text = arc_yaml_text_at(item, "cron");
        if (*text && !is_cron(text))
            lint_find_at(w->lint, LINT_WORKFLOW, cron,
                         "'%s' is not a valid time: minute (0-59), hour (0-23), day (1-31), month "
                         "(1-12), day of the week (0-6)",
                         text);
        else if (ARC_STARTS(text, "* ", "*/1 ", "*/2 ", "*/3 ", "*/4 "))
            lint_find_at(w->lint, LINT_WORKFLOW, cron,
                         "GitHub starts a workflow at most every five minutes, not by '%s'", text);
    }
    arc_each_in (key, keys)
        check_expressions(w, arc_yaml_get(w->root, *key), false);
    w->seen = NULL;
}

static void check_workflow(struct lint *lint, const char *file)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    if (!lint_read_yaml(lint, LINT_WORKFLOW, file, 0, &yaml))
        return;
    const struct arc_yaml_node *jobs = arc_yaml_get(yaml.root, "jobs");
    ARC_AUTO_JSON json_t *names = json_object(), *inputs = json_object();
    struct workflow w = {.lint = lint, .root = yaml.root, .inputs = inputs};
    lint_places(lint, "workflow", yaml.root);

    arc_yaml_each_pair (job, jobs)
        lint_set(lint, names, lint_small(lint, job->key->text, job->key->len),
                 json_integer(job - jobs->pairs));
    w.jobs = names;
    check_whole(&w);
    check_grant(lint, yaml.root);
    check_shell(&w, arc_yaml_at(yaml.root, "defaults", "run", "shell"));
    arc_yaml_each_pair (job, jobs)
        check_job(&w, job);
    check_circles(&w, jobs);
    check_loop(lint, yaml.root);
    lint_heads(lint, yaml.root);
    lint_trust(lint, yaml.root);
    lint_runner(lint, yaml.root);
}

/* Checks an action anywhere in the repository. A file of that name that is not an action is a
 * finding only below .github/actions. */
static int check_action(void *context, const char *file)
{
    struct lint *lint = context;
    const char *name = arc_path_name(file);
    bool must = strncmp(file, ACTIONS "/", sizeof ACTIONS) == 0;
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};

    if (strcmp(name, "action.yml") != 0 && strcmp(name, "action.yaml") != 0)
        return lint->memory.failed;
    if (json_object_get(lint->files,
                        file)) /* checked before, for what uses it or by another walk */
        return lint->memory.failed;
    lint_looked_at(lint, file);
    int rc = arc_yaml_read_in(lint->root, file, 0, &yaml, &err);
    if (rc && must)
        lint_find_error(lint, LINT_WORKFLOW, file, &err);
    const struct arc_yaml_node *runs = rc ? NULL : arc_yaml_get(yaml.root, "runs");
    if (!rc && !runs && must)
        lint_find(lint, LINT_WORKFLOW, file, 1, "'runs' is missing");
    if (!runs)
        return lint->memory.failed;

    lint_places(lint, "action", yaml.root);
    check_loop(lint, yaml.root);
    lint_trust(lint, yaml.root);
    lint_runner_action(lint, runs);
    ARC_AUTO_JSON json_t *inputs = json_object(), *seen = json_object(), *ids = json_object();
    struct workflow w = {
        .lint = lint, .root = yaml.root, .inputs = inputs, .ids = ids, .seen = seen};
    const struct arc_yaml_node *image = arc_yaml_get(runs, "image");
    list_names(lint, inputs, arc_yaml_get(yaml.root, "inputs"));
    w.steps = arc_yaml_get(runs, "steps");
    list_ids(&w, w.steps);
    check_expressions(&w, yaml.root, false);
    check_steps(&w, arc_yaml_get(runs, "steps"));
    if (image && image->text && ARC_STARTS(image->text, "docker://"))
        check_image(&w, NULL, image);

    return lint->memory.failed;
}

void lint_workflows(struct lint *lint)
{
    ARC_AUTO_JSON json_t *workflows = lint_list(lint, WORKFLOWS);

    arc_json_each (name, workflows) {
        ARC_AUTO(arc_buf) struct arc_buf text = {0};
        ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
        const char *file = lint_text(lint, WORKFLOWS "/%s", json_string_value(name));
        int rc = arc_file_read_in(lint->root, file, LINT_FILE_MAX, &text, NULL);
        if (!rc && !lint->queue && strstr(arc_buf_text(&text), "merge_group"))
            rc = arc_yaml_parse(arc_buf_text(&text), text.len, file, 0, &yaml, NULL);
        lint->memory.failed |= rc == ARC_ENOMEM;
        lint->queue = lint->queue || arc_yaml_names(arc_yaml_get(yaml.root, "on"), "merge_group");
    }

    arc_json_each (name, workflows) {
        const char *file = json_string_value(name);
        if (arc_text_ends(file, ".yml") || arc_text_ends(file, ".yaml"))
            check_workflow(lint, lint_text(lint, WORKFLOWS "/%s", file));
    }

    lint_walk(lint, ACTIONS, check_action);
    lint_each_file(lint, check_action);
}
