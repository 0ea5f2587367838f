/* What GitHub does with a workflow that reads right: what it skips, drops, cancels, keeps and forgets (GitHub docs, "Workflow
 * syntax", "Events that trigger workflows", "Usage limits"; the runner's source). */
#define _GNU_SOURCE /* memmem */
#include "lint/rule.h"
#include <string.h>

/* A workflow or an action. */
struct subject {
    struct lint *lint;
    const char *file;
    const struct arc_yaml_node *root; /* NULL for an action */
    bool refreshed;                   /* a step so far has fetched the package index */
    bool drafted, promoted;           /* a step so far has drafted the release, moved the tags */
};

static const char *text_at(const struct arc_yaml_node *node, const char *key)
{
    const struct arc_yaml_node *value = arc_yaml_get(node, key);
    return value && value->text ? value->text : "";
}

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* What starts it: `on: NAME`, `on: [NAME]` or `on: {NAME: …}`. */
static bool starts_on(const struct subject *s, const char *event)
{
    const struct arc_yaml_node *on = arc_yaml_get(s->root, "on");
    for (size_t i = 0; on && on->type == ARC_YAML_LIST && i < on->count; i++)
        if (arc_yaml_reads(on->items[i], event))
            return true;
    return arc_yaml_reads(on, event) || arc_yaml_key(on, event);
}

/* Whether the job's token may write there: by its own permissions, else by the workflow's. */
static bool may_write(const struct subject *s, const struct arc_yaml_node *job, const char *scope)
{
    const struct arc_yaml_node *holder = arc_yaml_key(job, "permissions") ? job : s->root;
    const struct arc_yaml_node *permissions = arc_yaml_get(holder, "permissions");
    return arc_yaml_reads(permissions, "write-all") ||
           strcmp(text_at(permissions, scope), "write") == 0;
}

static bool any_may_write(const struct subject *s, const char *scope)
{
    const struct arc_yaml_node *jobs = arc_yaml_get(s->root, "jobs");
    for (size_t i = 0; jobs && jobs->type == ARC_YAML_MAP && i < jobs->count; i++)
        if (may_write(s, jobs->pairs[i].value, scope))
            return true;
    return false;
}

/* ---- scripts -------------------------------------------------------------------------------- */

/* A finding at the line of a script that `at` points into. */
static void find_in_script(const struct subject *s, enum lint_rule rule,
                           const struct arc_yaml_node *script, const char *at, const char *message)
{
    lint_find(s->lint, rule, s->file, lint_script_line(script, at), "%s", message);
}

/* Whether all of the parts stand between two places, in this order. */
static bool in_order(const char *start, const char *end, const char *const parts[])
{
    for (; *parts; parts++) {
        start = memmem(start, (size_t)(end - start), *parts, strlen(*parts));
        if (!start)
            return false;
        start += strlen(*parts);
    }
    return true;
}

static void check_line(struct subject *s, const struct arc_yaml_node *script, const char *line,
                       const char *end)
{
    static const char *const lost[] = {"echo", "$(", ">>", "GITHUB_", NULL};
    static const char *const update[] = {"apt", " update", NULL};
    static const char *const install[] = {"apt", " install", NULL};
    static const char *const engine[] = {"apt", " install", " docker.io", NULL};
    static const char *const builder[] = {"docker buildx create", NULL};
    static const char *const image[] = {"image=", NULL};
    static const char *const remote[] = {"driver remote", NULL};
    s->refreshed = s->refreshed || in_order(line, end, update);
    if (in_order(line, end, lost))
        find_in_script(s, LINT_SHELL, script, line,
                       "where $(…) fails, echo succeeds and writes nothing: assign the value on a "
                       "line of its own first");
    if (in_order(line, end, install) && !s->refreshed)
        find_in_script(s, LINT_SHELL, script, line,
                       "the runner's package index is as old as its image: run `apt-get update` "
                       "before");
    if (in_order(line, end, engine))
        find_in_script(s, LINT_SHELL, script, line,
                       "docker.io removes the Docker that GitHub's runners have: use that");
    if (in_order(line, end, builder) && !in_order(line, end, image) && !in_order(line, end, remote))
        find_in_script(s, LINT_PINNED, script, line,
                       "the builder's BuildKit is whatever its tag is today: pin it by "
                       "its option image=NAME@sha256:…");
}

static void check_script(struct subject *s, const struct arc_yaml_node *script)
{
    const char *name =
        script && script->text ? strstr(script->text, "GITHUB_ACTION_REPOSITORY") : NULL;
    if (!s->root && name)
        find_in_script(s, LINT_SHELL, script, name,
                       "in a step of a composite action this variable is empty: pass ${{ "
                       "github.action_repository }} by env");
    for (const char *line = script ? script->text : NULL; line && *line;) {
        size_t len = strcspn(line, "\n");
        check_line(s, script, line, line + len);
        line += len + (line[len] == '\n');
    }
}

/* ---- steps ---------------------------------------------------------------------------------- */

static bool takes_tag(const struct subject *s)
{
    static const char *const names[] = {"tag", "release-tag", "release_tag"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (arc_yaml_at(s->root, "on", "workflow_call", "inputs", names[i], (char *)NULL) ||
            arc_yaml_at(s->root, "on", "workflow_dispatch", "inputs", names[i], (char *)NULL))
            return true;
    return false;
}

static void check_checkout(const struct subject *s, const struct arc_yaml_node *uses,
                           const struct arc_yaml_node *with)
{
    if (strncmp(uses->text, "actions/checkout@", 17) != 0 || !takes_tag(s) ||
        arc_yaml_key(with, "ref") || arc_yaml_key(with, "repository"))
        return;
    lint_find(s->lint, LINT_TAG_REF, s->file, uses->line,
              "without `ref`, checkout takes the event's commit, not the tag that the workflow is "
              "given");
}

static void check_cache(const struct subject *s, const struct arc_yaml_node *job,
                        const struct arc_yaml_node *uses)
{
    static const char *const scopes[] = {"contents", "packages", "id-token"};
    if (strncmp(uses->text, "actions/cache@", 14) != 0 &&
        strncmp(uses->text, "actions/cache/restore@", 22) != 0)
        return;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        if (!may_write(s, job, scopes[i]))
            continue;
        lint_find(s->lint, LINT_CACHE, s->file, uses->line,
                  "every run on the default branch may have filled this cache, and what it "
                  "restores runs with %s: write",
                  scopes[i]);
        return;
    }
}

/* The order of the last steps: what GitHub refuses, it shall refuse before anything is public. */
static void check_last(struct subject *s, const struct arc_yaml_node *run)
{
    if (!run || !run->text)
        return;
    bool release = holds(run->text, "arc-ci release");
    s->drafted = s->drafted || (release && holds(run->text, "--draft"));
    s->promoted =
        s->promoted || (holds(run->text, "arc-ci build") && holds(run->text, "--promote"));
    if (release && s->promoted && !s->drafted)
        lint_find(s->lint, LINT_LAST, s->file, run->line,
                  "the public tags have moved when GitHub may still refuse the release: draft it "
                  "before (`arc-ci release --draft`)");
}

static void check_steps(struct subject *s, const struct arc_yaml_node *job)
{
    const struct arc_yaml_node *steps = arc_yaml_get(job, "steps");
    s->refreshed = s->drafted = s->promoted = false;
    for (size_t i = 0; steps && steps->type == ARC_YAML_LIST && i < steps->count; i++) {
        const struct arc_yaml_node *step = steps->items[i], *uses = arc_yaml_get(step, "uses");
        check_script(s, arc_yaml_get(step, "run"));
        check_last(s, arc_yaml_get(step, "run"));
        if (!s->root || !uses || !uses->text)
            continue;
        check_checkout(s, uses, arc_yaml_get(step, "with"));
        check_cache(s, job, uses);
    }
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static void check_results(const struct subject *s, const struct arc_yaml_node *job)
{
    const struct arc_yaml_node *outputs = arc_yaml_get(job, "outputs");
    const struct arc_yaml_node *condition = arc_yaml_get(job, "if");
    for (size_t i = 0; outputs && outputs->type == ARC_YAML_MAP && i < outputs->count; i++) {
        const struct arc_yaml_node *value = outputs->pairs[i].value;
        if (value->text && holds(value->text, "fromJSON(steps."))
            lint_find(
                s->lint, LINT_RESULTS, s->file, value->line,
                "outputs are evaluated when the job failed, too: fromJSON of a step that did "
                "not run is one more error that hides the first; let the step give the value");
    }
    if (condition && condition->text &&
        holds(condition->text, "contains(needs.*.result, 'success')"))
        lint_find(s->lint, LINT_RESULTS, s->file, condition->line,
                  "any job in needs makes this true: name the one whose success counts");
}

static void check_job(struct subject *s, const struct arc_yaml_pair *pair)
{
    const struct arc_yaml_node *job = pair->value, *name = arc_yaml_get(job, "name");
    if (name && name->text && holds(name->text, "matrix.") && arc_yaml_key(job, "if"))
        lint_find(s->lint, LINT_REQUIRED, s->file, name->line,
                  "where `if` skips the job, its check has this text as name, expressions and all");
    if (arc_yaml_key(job, "runs-on") && !arc_yaml_key(job, "timeout-minutes"))
        lint_find(s->lint, LINT_TIMEOUT, s->file, pair->key->line,
                  "the job '%s' has no timeout-minutes: one that hangs runs for six hours",
                  pair->key->text);
    check_results(s, job);
    check_steps(s, job);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void check_required(const struct subject *s)
{
    const struct arc_yaml_node *on = arc_yaml_get(s->root, "on");
    const struct arc_yaml_node *pull = arc_yaml_get(on, "pull_request");
    if (!starts_on(s, "pull_request") ||
        !(any_may_write(s, "statuses") || any_may_write(s, "checks")))
        return;

    const struct arc_yaml_node *paths = arc_yaml_key(pull, "paths");
    paths = paths ? paths : arc_yaml_key(pull, "paths-ignore");
    if (paths)
        lint_find(
            s->lint, LINT_REQUIRED, s->file, paths->line,
            "a run that its paths leave out reports nothing: a required status then waits for "
            "ever");
    if (!starts_on(s, "merge_group"))
        lint_find(s->lint, LINT_REQUIRED, s->file, on->line,
                  "without `merge_group` nothing reports in a merge queue, and it never merges");
}

/* Where a run must not be lost: it publishes a tag, or what a push has changed. */
static void check_queue(const struct subject *s)
{
    const struct arc_yaml_node *push = arc_yaml_at(s->root, "on", "push", (char *)NULL);
    const struct arc_yaml_node *concurrency = arc_yaml_get(s->root, "concurrency");
    const struct arc_yaml_node *group = arc_yaml_get(concurrency, "group");
    const char *key = group && group->text               ? group->text
                      : concurrency && concurrency->text ? concurrency->text
                                                         : "";
    bool own = holds(key, "github.run_id") || holds(key, "github.ref");
    bool queues = arc_yaml_key(concurrency, "queue") != NULL;
    if (*key && !own && !queues && arc_yaml_key(push, "tags"))
        lint_find(s->lint, LINT_QUEUE, s->file, concurrency->line,
                  "one run waits, and GitHub cancels it for the next: of three tags one is never "
                  "released; add `queue: max`");
    if (holds(key, "github.sha"))
        lint_find(s->lint, LINT_QUEUE, s->file, concurrency->line,
                  "two events about one commit are one group, and a waiting one is cancelled: use "
                  "github.run_id");
    const struct arc_yaml_node *paths = arc_yaml_key(push, "paths");
    if (paths && any_may_write(s, "packages") && !starts_on(s, "schedule"))
        lint_find(s->lint, LINT_QUEUE, s->file, paths->line,
                  "GitHub looks for paths in the first 300 files of a push: add a `schedule` that "
                  "builds what was missed (arc-ci changes --since-image)");
}

void lint_runner(struct lint *lint, const char *file, const struct arc_yaml_node *root)
{
    struct subject s = {.lint = lint, .file = file, .root = root};
    const struct arc_yaml_node *jobs = arc_yaml_get(root, "jobs");
    check_required(&s);
    check_queue(&s);
    for (size_t i = 0; jobs && jobs->type == ARC_YAML_MAP && i < jobs->count; i++)
        check_job(&s, &jobs->pairs[i]);
}

void lint_runner_action(struct lint *lint, const char *file, const struct arc_yaml_node *runs)
{
    static const char *const gone[] = {"node12", "node16", "node20"};
    struct subject s = {.lint = lint, .file = file};
    const struct arc_yaml_node *using = arc_yaml_get(runs, "using");
    for (size_t i = 0; using && i < sizeof gone / sizeof *gone; i++)
        if (arc_yaml_reads(using, gone[i]))
            lint_find(lint, LINT_NODE, file, using->line,
                      "GitHub's runners have no %s any more: use node24", gone[i]);
    check_steps(&s, runs);
}
