/* Workflows: every job, matrix cell and step of a run, as far as the files show. */
#include "init/sources.h"

#define DEPTH_MAX   4
#define ENTRIES_MAX 1000 /* of include and of exclude */
#define STEP_COST   6000 /* and of a cell */
#define CALL_COST   ((size_t)20000)

static void read_workflow(struct init *init, const char *path, const struct init_step *caller,
                          json_t *with, int depth);

/* Parses an action or a workflow that is called, each time anew. */
static bool read_called(struct init *init, const char *path, struct arc_yaml *yaml)
{
    const char *text = init_has_file(init, path) ? init_read(init, path) : NULL;
    return text && init_spend(init, CALL_COST + 8 * strlen(text)) &&
           init_read_yaml(init, path, yaml);
}

/* ---- scopes --------------------------------------------------------------------------------- */

/* The contexts for expressions, as for a stable release. In a called workflow, `declared` inputs get
 * their defaults, then the caller's values `given`. NULL: it is not called; if it is only started by
 * hand, those with usual names get a release's values. A new reference. */
static json_t *make_scope(const struct init_step *place, const struct arc_yaml_node *declared,
                          const json_t *given)
{
    struct init *init = place->init;
    const char *ref = *place->when ? "{branch}" : "{image-tag}";
    json_t *scope = init_made(
        init,
        json_pack("{s:{s:s, s:s, s:s, s:s, s:{s:{s:s, s:s}, s:{s:s, s:s}}}, s:{}, s:{}, s:{}}",
                  "github", "sha", "{revision}", "ref_type", "tag", "ref", ref, "ref_name", ref,
                  "event", "repository", "name", init->repository, "default_branch", init->branch,
                  "release", "tag_name", "{image-tag}", "prerelease", "false", "env", "steps",
                  "needs"));
    json_t *github = json_object_get(scope, "github");

    init_set(init, github, "workspace", json_sprintf("%c.", INIT_ROOT));
    if (init->owner) {
        init_set(init, github, "repository", json_sprintf("%s/%s", init->owner, init->repository));
        init_set_text(init, github, "repository_owner", init->owner);
    }

    if (*place->event)
        init_set_text(init, github, "event_name", place->event);
    if (*place->event && !*place->when) /* a release is not started by hand */
        init_set(init, json_object_get(github, "event"), "inputs", json_object());
    bool by_hand = declared && !given && !place->scope;
    if (!given && !by_hand && (*place->when || !*place->event))
        return scope;
    json_t *inputs = init_made(init, json_object());

    arc_yaml_each_pair (input, declared) {
        const char *name = input->key->text, *initial = arc_yaml_text_at(input->value, "default");
        if (by_hand) /* null: unknown */
            init_set(init, inputs, name, json_pack("s?", init_release_value(name, true)));
        else if (given && *initial)
            init_set_text(init, inputs, name, initial);
    }

    init_update(init, inputs, given);
    init_set(init, scope, "inputs", inputs);
    if (by_hand)
        init_set(init, json_object_get(github, "event"), "inputs", json_incref(inputs));

    return scope;
}

/* An inner scope with its own variables. A new reference. */
static json_t *copy_scope(struct init *init, const json_t *outer)
{
    json_t *scope = init_copy(init, outer);
    init_set(init, scope, "env", init_copy(init, json_object_get(outer, "env")));
    return scope;
}

/* Adds the `env` and the working directory of a workflow, job or step to its scope. */
static void add_settings(struct init *init, json_t *scope, const struct arc_yaml_node *owner)
{
    static const char key[] = "working-directory";
    ARC_AUTO_JSON json_t *added = init_expand_node(init, arc_yaml_get(owner, "env"), scope);

    init_update(init, json_object_get(scope, "env"), added);
    const struct arc_yaml_node *usual = arc_yaml_at(owner, "defaults", "run", key);
    const struct arc_yaml_node *given = arc_or(arc_yaml_get(owner, key), usual);
    if (given)
        init_set(init, scope, key, init_expand_node(init, given, scope));
}

/* The path from the root of a local `uses`: "./x", "$/x", or "OWNER/REPOSITORY/x@main" with this
 * repository's name; NULL for others. */
static char *find_called(struct init *init, const struct arc_yaml_node *owner)
{
    const char *uses = arc_yaml_text_at(owner, "uses");
    const char *own = init->owner ? init_print(init, "%s/%s/", init->owner, init->repository) : "";
    size_t len = strlen(own);

    if (len && strncasecmp(uses, own, len) == 0)
        return init_resolve(init, ".", init_cut(init, uses + len, strcspn(uses + len, "@")));

    if (!ARC_STARTS(uses, "./", "$/"))
        return NULL;

    return init_resolve(init, ".", init_print(init, ".%s", uses + 1));
}

/* Whether a condition holds only where a git tag started the run. */
static bool asks_for_tag(const char *condition)
{
    return ARC_HOLDS(condition, "refs/tags", "ref_type == 'tag'") &&
           !ARC_HOLDS(condition, "||", "!");
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void read_steps(const struct init_step *place, const struct arc_yaml_node *steps, int depth);

static void read_action(const struct init_step *place, const char *folder,
                        const struct arc_yaml_node *step, int depth)
{
    struct init *init = place->init;
    struct init_step inside = *place;
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    inside.file = init_join(init, folder, "action.yml");
    if (!init_has_file(init, inside.file))
        inside.file = init_join(init, folder, "action.yaml");
    if (depth >= DEPTH_MAX || !read_called(init, inside.file, &yaml))
        return;

    ARC_AUTO_JSON json_t *with = init_expand_node(init, arc_yaml_get(step, "with"), place->scope);
    ARC_AUTO_JSON json_t *scope = make_scope(place, arc_yaml_get(yaml.root, "inputs"), with);
    init_set(init, scope, "env", json_incref(json_object_get(place->scope, "env")));
    inside.scope = scope;
    read_steps(&inside, arc_yaml_at(yaml.root, "runs", "steps"), depth + 1);
}

static void read_steps(const struct init_step *place, const struct arc_yaml_node *steps, int depth)
{
    struct init *init = place->init;
    bool pushes = false;

    arc_yaml_each (node, steps) {
        const char *run = arc_yaml_text_at(node, "run"), *make = strstr(run, "make ");
        pushes = pushes || strstr(run, "docker push") || (make && strstr(make, "push"));
    }

    arc_yaml_each (node, steps) {
        const struct arc_yaml_node *uses = arc_yaml_get(node, "uses");
        const struct arc_yaml_node *run = arc_yaml_get(node, "run"), *id = arc_yaml_get(node, "id");
        struct init_step step = *place;
        bool is_action = uses && uses->text;
        if (!(is_action || run) || !init_spend(init, STEP_COST) ||
            !init_may_run(init, node, place->scope, &step.when))
            continue;

        step.id = id ? id->text : NULL;
        step.line = is_action ? uses->line : run->line;
        ARC_AUTO_JSON json_t *scope = copy_scope(init, place->scope);
        add_settings(init, scope, node);
        if (!is_action) {
            ARC_AUTO_JSON json_t *expanded = init_expand_node(init, run, scope);
            const char *text = arc_or(json_string_value(expanded), "");
            const char *inside = arc_text_or(arc_json_text_of(scope, "working-directory"), ".");
            if (strstr(text, " `\n") && strstr(text, "docker")) { /* so PowerShell joins lines */
                init_ask(init, step.file, step.line,
                         "which names, tags and platforms does it give to images? PowerShell is "
                         "not read");
                continue;
            }
            init_take_commands(&step, text, json_object_get(scope, "env"), inside, pushes);
            continue;
        }

        const char *folder = find_called(init, node);
        if (folder) {
            read_action(place, folder, node, depth);
            continue;
        }

        ARC_AUTO_JSON json_t *with = init_expand_node(init, arc_yaml_get(node, "with"), scope);
        step.is_of_tags = step.is_of_tags || asks_for_tag(arc_yaml_text_at(node, "if")) ||
                          asks_for_tag(arc_yaml_text_at(arc_yaml_get(node, "with"), "push"));
        step.uses = uses->text;
        step.with = with;
        step.env = json_object_get(scope, "env");
        init_take_step(&step);
        const char *command =
            arc_json_text_of(with, "command"); /* a step that retries a command, say */
        if (strstr(command, "docker"))
            init_take_commands(&step, command, json_object_get(scope, "env"), ".", false);
    }
}

/* ---- matrices ------------------------------------------------------------------------------- */

/* Whether the cell agrees with the entry on `keys` (NULL: all keys of the entry). `perhaps`: what
 * only a run knows may be the entry's value. */
static bool agrees(const json_t *cell, json_t *entry, const json_t *keys, bool perhaps)
{
    arc_json_each_pair (key, value, entry)
        if ((!keys || json_object_get(keys, key)) &&
            !json_equal(json_object_get(cell, key), value) &&
            !(perhaps && arc_json_says(cell, key, INIT_UNKNOWN_TEXT)))
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
 * there is none, it becomes a cell. Entries that list the values of an axis that only a run knows
 * take the place of its cells. */
static void include(struct init *init, json_t *cells, const json_t *entries, json_t *axes)
{
    size_t made = json_array_size(cells), i;
    bool listed = false;
    json_t *entry;

    for (i = 0; i < ENTRIES_MAX && (entry = json_array_get(entries, i)); i++) {
        bool taken = false;
        for (size_t c = 0; c < made && json_object_size(axes); c++) {
            json_t *cell = json_array_get(cells, c);
            if (!agrees(cell, entry, axes, true))
                continue;
            taken = true;
            bool is_new = !agrees(cell, entry, axes, false);
            listed = listed || is_new;
            if (is_new && json_array_size(cells) == INIT_CELLS_MAX)
                continue;
            json_t *one = is_new ? init_copy(init, cell) : cell;
            init_update(init, one, entry);
            if (is_new)
                init_push(init, cells, one);
        }
        if (!taken && json_array_size(cells) < INIT_CELLS_MAX)
            init_push(init, cells, json_incref(entry));
    }

    while (listed && made--)
        arc_json_each_pair (key, values, axes)
            if (arc_json_says(json_array_get(cells, made), key, INIT_UNKNOWN_TEXT)) {
                json_array_remove(cells, made);
                break;
            }
}

/* The cells of a job's matrix, with `include` and `exclude`, as an array of at most INIT_CELLS_MAX
 * objects: [{}] if there is no matrix, or only a run knows it. A new reference. */
static json_t *list_cells(struct init *init, const struct arc_yaml_node *job, const json_t *scope)
{
    const struct arc_yaml_node *node = arc_yaml_at(job, "strategy", "matrix");
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
            if (agrees(json_array_get(cells, c), entry, NULL, false))
                json_array_remove(cells, c);

    include(init, cells, more, axes);
    if (!json_array_size(cells))
        init_push(init, cells, json_object());

    return cells;
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static void read_cell(const struct init_step *workflow, const struct arc_yaml_pair *pair,
                      json_t *cell, int depth)
{
    struct init *init = workflow->init;
    const struct arc_yaml_node *job = pair->value;
    const struct arc_yaml_node *matrix = arc_yaml_at(job, "strategy", "matrix");
    ARC_AUTO_JSON json_t *scope = copy_scope(init, workflow->scope);
    struct init_step place = *workflow;

    init_set(init, scope, "steps", json_object());
    if (!matrix || matrix->type == ARC_YAML_MAP || json_object_size(cell))
        init_set(init, scope, "matrix", json_incref(cell));
    add_settings(init, scope, job);
    place.is_of_tags = place.is_of_tags || asks_for_tag(arc_yaml_text_at(job, "if"));
    if (!init_may_run(init, job, scope, &place.when))
        return;

    const char *called = find_called(init, job);
    if (called && depth < DEPTH_MAX) {
        ARC_AUTO_JSON json_t *with = init_expand_node(init, arc_yaml_get(job, "with"), scope);
        read_workflow(init, called, &place, with, depth + 1);
        return;
    }

    ARC_AUTO_JSON json_t *runs_on = init_expand_node(init, arc_yaml_get(job, "runs-on"), scope);
    place.scope = scope;
    place.runner = arc_or(init_first_text(runs_on), "");
    ARC_AUTO_JSON json_t *with = init_expand_node(init, arc_yaml_get(job, "with"), scope);
    place.uses = arc_yaml_text_at(job, "uses"); /* a workflow of another repository */
    place.runner = *place.uses ? INIT_UNKNOWN_TEXT : place.runner;
    place.line = pair->key->line;
    place.with = with;
    init_take_step(&place);
    read_steps(&place, arc_yaml_get(job, "steps"), depth);

    init_set(
        init, json_object_get(workflow->scope, "needs"), pair->key->text, /* for later jobs */
        json_pack("{s:o}", "outputs", init_expand_node(init, arc_yaml_get(job, "outputs"), scope)));
}

/* The condition of a tag that every run of the workflow gives; "" if that may be a release. */
static const char *condition_of(struct init *init, const struct arc_yaml_node *on)
{
    const struct arc_yaml_node *push = arc_yaml_get(on, "push");
    const struct arc_yaml_node *branches = arc_yaml_get(push, "branches");

    if (arc_yaml_names(on, "release") || arc_yaml_get(push, "tags"))
        return "";

    if (arc_yaml_items(branches) == 1 && branches->items[0]->text &&
        !strpbrk(branches->items[0]->text, "*?[!"))
        return init_print(init, "branch:%s", branches->items[0]->text);

    if (branches)
        return "push";

    return arc_yaml_names(on, "schedule") && !arc_yaml_names(on, "push") ? "schedule" : "";
}

/* The event that starts the workflow for a release or, if none does, at all; "" if there are
 * several. */
static const char *event_of(const struct arc_yaml_node *on)
{
    static const char *const events[] = {"release", "push", "schedule"};
    static const char *const tests[] = {"pull_request", "pull_request_target", "merge_group",
                                        "issue_comment"};
    size_t left = arc_yaml_pairs(on) + arc_yaml_items(on);
    const char *found = "";

    arc_each_in (event, tests)
        left -= left && arc_yaml_names(on, *event);
    if (!left && on && ARC_STARTS(arc_or(on->text, "pull_request"), "pull_request", "issue"))
        return "pull_request";

    arc_each_in (event, events)
        if (arc_yaml_names(on, *event) && !(*found && strcmp(*event, "schedule") == 0)) {
            if (*found)
                return "";
            found = *event;
        }

    return found;
}

/* "messaging/v" for a workflow that is started only by tags such as messaging/v1.2.3, by the patterns
 * messaging/v*, messaging/v*.*.* or messaging/v[0-9]+.[0-9]+; else NULL. */
static const char *find_tag(struct init *init, const struct arc_yaml_node *on)
{
    const char *found = NULL;

    arc_yaml_each (item, arc_yaml_at(on, "push", "tags")) {
        const char *pattern = arc_or(item->text, "*");
        size_t len = strcspn(pattern, "*?[]!+");
        const char *rest = pattern + len;
        if (*pattern == '!')
            continue;
        if (!*rest || rest[strspn(rest, "*?[]+-.0123456789")] || !(len || *rest == '['))
            return NULL;
        while (len && strchr("0123456789.", pattern[len - 1]))
            len--;
        const char *prefix = init_cut(init, pattern, len);
        if (found && strcmp(found, prefix) != 0)
            return NULL;
        found = prefix;
    }

    return found;
}

/* Whether only a person starts the workflow, and gives no version or tag. */
static bool is_by_hand(const struct arc_yaml_node *on)
{
    arc_yaml_each_pair (input, arc_yaml_at(on, "workflow_dispatch", "inputs"))
        if (init_release_value(input->key->text, true))
            return false;
    size_t calls = arc_yaml_names(on, "workflow_call");
    return arc_yaml_names(on, "workflow_dispatch") &&
           arc_yaml_pairs(on) + arc_yaml_items(on) <= 1 + calls;
}

/* `caller` and `with` are NULL for a workflow that is not called. */
static void read_workflow(struct init *init, const char *path, const struct init_step *caller,
                          json_t *with, int depth)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    if (!(with ? read_called(init, path, &yaml) : init_read_yaml(init, path, &yaml))) {
        if (init->spent <= INIT_SPENT_MAX && init_read(init, path))
            init_ask(init, path, 0, "it could not be read as YAML: what does it build?");
        return;
    }

    const struct arc_yaml_node *on = arc_yaml_get(yaml.root, "on");
    bool called_only = arc_yaml_is(on, "workflow_call") ||
                       (arc_yaml_pairs(on) == 1 && arc_yaml_key(on, "workflow_call"));
    if (called_only && !with)
        return;

    struct init_step place = {.init = init, .uses = "", .file = path};
    place.tag = caller ? caller->tag : find_tag(init, on);
    place.when = caller ? caller->when : condition_of(init, on);
    place.event = caller ? caller->event : event_of(on);
    bool on_pulls = arc_yaml_names(on, "pull_request") || arc_yaml_names(on, "pull_request_target");
    place.is_on_pulls = caller ? caller->is_on_pulls : on_pulls;
    const struct arc_yaml_node *schedule = arc_yaml_get(on, "schedule");
    place.cron = caller ? caller->cron : NULL;
    if (!caller && arc_yaml_items(schedule))
        place.cron = arc_yaml_text_at(schedule->items[0], "cron");
    place.is_scheduled = caller ? caller->is_scheduled
                                : arc_yaml_names(on, "schedule") && arc_yaml_names(on, "push");
    const struct arc_yaml_node *push = arc_yaml_get(on, "push");
    place.is_of_tags = caller ? caller->is_of_tags
                              : arc_yaml_get(push, "tags") && !arc_yaml_get(push, "branches") &&
                                    !arc_yaml_get(push, "branches-ignore");
    const char *start = !with && arc_yaml_pairs(on) == 1 ? "workflow_dispatch" : "workflow_call";
    place.is_by_hand = caller ? caller->is_by_hand : is_by_hand(on);
    ARC_AUTO_JSON json_t *scope = make_scope(&place, arc_yaml_at(on, start, "inputs"), with);
    place.scope = scope;
    add_settings(init, scope, yaml.root);

    arc_yaml_each_pair (job, arc_yaml_get(yaml.root, "jobs")) {
        ARC_AUTO_JSON json_t *cells = list_cells(init, job->value, scope);
        arc_json_each (cell, cells)
            if (init_spend(init, STEP_COST))
                read_cell(&place, job, cell, depth);
    }
}

void init_read_workflows(struct init *init)
{
    static const char folder[] = ".github/workflows";
    size_t read = 0;

    init_each_below (i, init, folder)
        if (init_is_yaml(init->files[i])) {
            if (!init_counts(init, &read))
                break;
            read_workflow(init, init->files[i], NULL, NULL, 0);
        }
}
