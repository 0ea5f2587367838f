/* Workflows: every job, cell of a matrix and step that a run would have, as far as the files
 * tell. */
#include "base/auto.h"
#include "base/json.h"
#include "init/expression.h"
#include "init/sources.h"
#include "init/steps.h"
#include <string.h>

#define DEPTH_MAX 4
#define STEP_COST 6000 /* and of a cell */
#define CALL_COST 200000

/* A walk over workflows and what they call. */
struct walk {
    struct init *init;
    const char *when; /* the condition that what starts the workflow is */
};

static void read_workflow(struct walk *walk, const char *path, json_t *inputs, int depth);

/* ---- scopes --------------------------------------------------------------------------------- */

/* What every expression may name. A new reference. */
static json_t *make_scope(const struct walk *walk, json_t *inputs)
{
    struct init *init = walk->init;
    json_t *scope = init_made(
        init, json_pack("{s:{s:s, s:s, s:{s:{s:s}, s:{s:s}}}, s:{}, s:{}, s:{}}", "github", "sha",
                        "{revision}", "ref_name", *walk->when ? "{branch}" : "{image-tag}", "event",
                        "repository", "name", init->repository, "release", "tag_name",
                        "{image-tag}", "env", "steps", "needs"));
    json_t *github = json_object_get(scope, "github");

    if (init->owner) {
        init_set(init, github, "repository", json_sprintf("%s/%s", init->owner, init->repository));
        init_set(init, github, "repository_owner", json_string(init->owner));
    }

    if (inputs)
        init_set(init, scope, "inputs", json_incref(inputs));

    return scope;
}

/* A scope inside of another: with variables of its own. A new reference. */
static json_t *copy_scope(struct init *init, const json_t *outer)
{
    json_t *scope = init_copy(init, outer);
    init_set(init, scope, "env", init_copy(init, json_object_get(outer, "env")));
    return scope;
}

/* The owner's variables, and the folder in which its commands work. */
static void add_settings(struct init *init, json_t *scope, const struct arc_yaml_node *owner)
{
    const struct arc_yaml_node *inside =
        arc_yaml_at(owner, "defaults", "run", "working-directory", (char *)NULL);
    ARC_AUTO_JSON json_t *added = init_expand_node(init, arc_yaml_get(owner, "env"), scope);

    init_update(init, json_object_get(scope, "env"), added);
    if (inside)
        init_set(init, scope, "directory", init_expand_node(init, inside, scope));
}

/* The values of what is called: its defaults, and over them what the caller gives. A new
 * reference. */
static json_t *bind_inputs(struct init *init, const struct arc_yaml_node *declared,
                           const json_t *given)
{
    json_t *inputs = init_made(init, json_object());

    for (size_t i = 0; i < arc_yaml_pairs(declared); i++) {
        const struct arc_yaml_node *initial = arc_yaml_get(declared->pairs[i].value, "default");
        if (initial && initial->text && declared->pairs[i].key->text)
            init_set(init, inputs, declared->pairs[i].key->text, json_string(initial->text));
    }

    init_update(init, inputs, given);

    return inputs;
}

/* A local path of `uses`, "./x": from the root; NULL for anything else. */
static char *local_path(struct init *init, const struct arc_yaml_node *uses)
{
    if (!uses || !uses->text || strncmp(uses->text, "./", 2) != 0)
        return NULL;
    return init_resolve(init, ".", uses->text);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void read_steps(struct walk *walk, const char *path, const struct arc_yaml_node *steps,
                       json_t *scope, const char *runner, int depth);

/* A composite action of the repository: its steps, with its inputs. */
static void read_action(struct walk *walk, const char *folder, const struct arc_yaml_node *step,
                        const json_t *scope, const char *runner, int depth)
{
    struct init *init = walk->init;
    char *path = init_join(init, folder, "action.yml");

    if (!init_has_file(init, path))
        path = init_join(init, folder, "action.yaml");
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    if (depth >= DEPTH_MAX || !init_spend(init, CALL_COST) || !init_read_yaml(init, path, &yaml))
        return;
    ARC_AUTO_JSON json_t *with = init_expand_node(init, arc_yaml_get(step, "with"), scope);
    ARC_AUTO_JSON json_t *inputs = bind_inputs(init, arc_yaml_get(yaml.root, "inputs"), with);
    ARC_AUTO_JSON json_t *inner = make_scope(walk, inputs);
    init_set(init, inner, "env", json_incref(json_object_get(scope, "env")));
    read_steps(walk, path, arc_yaml_at(yaml.root, "runs", "steps", (char *)NULL), inner, runner,
               depth + 1);
}

/* Whether a command of the steps pushes what is built here. */
static bool push_images(const struct arc_yaml_node *steps)
{
    for (size_t i = 0; i < arc_yaml_items(steps); i++) {
        const struct arc_yaml_node *run = arc_yaml_get(steps->items[i], "run");
        if (run && run->text && strstr(run->text, "docker push"))
            return true;
    }

    return false;
}

/* What the commands of a step build. */
static void read_commands(const struct init_step *step, const struct arc_yaml_node *node,
                          bool pushes)
{
    struct init *init = step->init;
    ARC_AUTO_JSON json_t *scope = copy_scope(init, step->scope);
    add_settings(init, scope, node);
    ARC_AUTO_JSON json_t *all = init_expand_node(init, node, scope);
    const char *inside = arc_json_text_of(all, "working-directory");
    struct init_step inner = *step;

    inside = *inside ? inside : arc_json_text_of(scope, "directory");
    inner.line = arc_yaml_get(node, "run")->line;
    init_take_commands(&inner, arc_json_text_of(all, "run"), json_object_get(scope, "env"),
                       *inside ? inside : ".", pushes);
}

static void read_steps(struct walk *walk, const char *path, const struct arc_yaml_node *steps,
                       json_t *scope, const char *runner, int depth)
{
    bool pushes = push_images(steps);

    for (size_t i = 0; i < arc_yaml_items(steps); i++) {
        const struct arc_yaml_node *node = steps->items[i], *uses = arc_yaml_get(node, "uses");
        const struct arc_yaml_node *id = arc_yaml_get(node, "id");
        bool is_action = uses && uses->text;
        if (!(is_action || arc_yaml_get(node, "run")) || !init_spend(walk->init, STEP_COST))
            continue;
        struct init_step step = {.init = walk->init,
                                 .uses = is_action ? uses->text : "",
                                 .id = id ? id->text : NULL,
                                 .scope = scope,
                                 .runner = runner,
                                 .when = walk->when,
                                 .file = path,
                                 .line = is_action ? uses->line : 0};
        if (!is_action) {
            read_commands(&step, node, pushes);
            continue;
        }
        char *folder = local_path(walk->init, uses);
        if (folder) {
            read_action(walk, folder, node, scope, runner, depth);
            continue;
        }
        ARC_AUTO_JSON json_t *with =
            init_expand_node(walk->init, arc_yaml_get(node, "with"), scope);
        step.with = with;
        init_take_step(&step);
    }
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static void read_cell(struct walk *walk, const char *path, const struct arc_yaml_pair *pair,
                      const json_t *outer, json_t *cell, int depth)
{
    struct init *init = walk->init;
    const struct arc_yaml_node *job = pair->value;
    const struct arc_yaml_node *matrix = arc_yaml_at(job, "strategy", "matrix", (char *)NULL);
    ARC_AUTO_JSON json_t *scope = copy_scope(init, outer);

    init_set(init, scope, "steps", json_object());
    if (!matrix || matrix->type == ARC_YAML_MAP)
        init_set(init, scope, "matrix", json_incref(cell));
    add_settings(init, scope, job);
    const struct arc_yaml_node *uses = arc_yaml_get(job, "uses");
    char *called = local_path(init, uses);
    if (called && depth < DEPTH_MAX) {
        ARC_AUTO_JSON json_t *with = init_expand_node(init, arc_yaml_get(job, "with"), scope);
        read_workflow(walk, called, with, depth + 1);
        return;
    }

    ARC_AUTO_JSON json_t *runs_on = init_expand_node(init, arc_yaml_get(job, "runs-on"), scope);
    const char *runner =
        json_string_value(json_is_array(runs_on) ? json_array_get(runs_on, 0) : runs_on);
    read_steps(walk, path, arc_yaml_get(job, "steps"), scope, runner ? runner : "", depth);

    json_t *outputs = init_expand_node(init, arc_yaml_get(job, "outputs"), scope);
    if (pair->key->text) /* for jobs that need it */
        init_set(init, json_object_get(outer, "needs"), pair->key->text,
                 json_pack("{s:O}", "outputs", outputs));
    json_decref(outputs);
}

static bool starts_on(const struct arc_yaml_node *on, const char *event)
{
    if (arc_yaml_is(on, event) || arc_yaml_key(on, event))
        return true;
    for (size_t i = 0; i < arc_yaml_items(on); i++)
        if (arc_yaml_is(on->items[i], event))
            return true;
    return false;
}

/* The condition of a name that is given whenever the workflow runs; where that may be a release. */
static const char *condition_of(struct init *init, const struct arc_yaml_node *on)
{
    const struct arc_yaml_node *push = arc_yaml_get(on, "push");
    const struct arc_yaml_node *branches = arc_yaml_get(push, "branches");

    if (starts_on(on, "release") || arc_yaml_get(push, "tags"))
        return "";

    if (branches && branches->type == ARC_YAML_LIST && branches->count == 1 &&
        branches->items[0]->text && !strpbrk(branches->items[0]->text, "*?[!"))
        return init_print(init, "branch:%s", branches->items[0]->text);

    if (branches)
        return "push";

    return starts_on(on, "schedule") && !starts_on(on, "push") ? "schedule" : "";
}

/* `with` of a caller: NULL for a workflow that starts by itself. */
static void read_workflow(struct walk *walk, const char *path, json_t *with, int depth)
{
    struct init *init = walk->init;
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    if (with && !init_spend(init, CALL_COST))
        return;

    if (!init_read_yaml(init, path, &yaml)) {
        if (init_has_file(init, path))
            init_ask(init, path, 0, "it could not be read as YAML: what does it build?");
        return;
    }

    const struct arc_yaml_node *on = arc_yaml_get(yaml.root, "on");
    const struct arc_yaml_node *call = arc_yaml_get(on, "workflow_call");
    bool called_only =
        arc_yaml_is(on, "workflow_call") ||
        (on && on->type == ARC_YAML_MAP && on->count == 1 && arc_yaml_key(on, "workflow_call"));
    if (called_only && !with)
        return;
    if (!with)
        walk->when = condition_of(init, on);
    ARC_AUTO_JSON json_t *inputs = bind_inputs(init, arc_yaml_get(call, "inputs"), with);
    ARC_AUTO_JSON json_t *scope = make_scope(walk, with ? inputs : NULL);
    add_settings(init, scope, yaml.root);
    const struct arc_yaml_node *jobs = arc_yaml_get(yaml.root, "jobs");
    for (size_t i = 0; i < arc_yaml_pairs(jobs); i++) {
        ARC_AUTO_JSON json_t *cells = init_matrix_cells(init, jobs->pairs[i].value, scope);
        size_t c;
        json_t *cell;
        json_array_foreach (cells, c, cell)
            if (init_spend(init, STEP_COST))
                read_cell(walk, path, &jobs->pairs[i], scope, cell, depth);
    }
}

void init_read_workflows(struct init *init)
{
    static const char folder[] = ".github/workflows";
    struct walk walk = {.init = init, .when = ""};
    size_t read = 0;

    for (size_t i = init_first_below(init, folder); i < init->file_count; i++) {
        const char *path = init->files[i], *dot = strrchr(path, '.');
        if (!init_is_below(path, folder) || read == INIT_FILES_MAX)
            break;
        if (!dot || (strcmp(dot, ".yml") != 0 && strcmp(dot, ".yaml") != 0))
            continue;
        read_workflow(&walk, path, NULL, 0);
        read++;
    }

    init_end_workflows(init);
}
