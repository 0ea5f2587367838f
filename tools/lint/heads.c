/* Code of a pull request in a run with secrets (GitHub Security Lab, "Preventing pwn requests"),
 * whether checked out by the workflow, a workflow that it calls, or a local action. */
#define _GNU_SOURCE /* strcasestr */
#include "lint/rule.h"

/* Budget per workflow, in steps, variables and 256 bytes of a script, including what it uses each
 * time it does; and the deepest level of calls (GitHub accepts 10). */
#define WORK_MAX  200000
#define LEVEL_MAX 10

#define MERGE_COMMIT "pull_request.merge_commit_sha"
#define AFTER        "github.event.after" /* of a push to a pull request's branch */

struct search {
    struct lint *lint;
    size_t work;
    bool closed; /* runs after a pull request was closed, so its merge commit may be merged */
    bool target; /* runs for pull_request_target */
};

/* The values that a step's expressions can name. */
struct scope {
    const struct arc_yaml_node *env[3]; /* the workflow's, the job's, the step's */
    const struct arc_yaml_node *with;   /* inputs of its action or workflow; NULL: none */
    const struct arc_yaml_node *steps;  /* the steps of its job or action */
    const struct arc_yaml_node *jobs;   /* the jobs of the workflow; NULL in an action */
    const struct scope *outer;          /* the scope of the caller */
    unsigned level;
};

/* Takes one step and a text (or NULL) from the budget; false if it is spent. */
static bool spend(struct search *search, const char *text)
{
    search->work += 1 + (text ? strlen(text) / 256 : 0);
    return search->work <= WORK_MAX;
}

/* Whether a text contains `prefix` followed by exactly this name. */
static bool holds_name(const char *text, const char *prefix, const char *name)
{
    size_t before = strlen(prefix), len = strlen(name);
    for (const char *at = text; (at = strcasestr(at, prefix)); at += before)
        if (strncasecmp(at + before, name, len) == 0 && !arc_is_alnum(at[before + len]) &&
            !strchr("_-", at[before + len] ? at[before + len] : ' '))
            return true;
    return false;
}

/* Whether the text contains a ref such as "refs/pull/7/merge" or "pull/$NUMBER/head". */
static bool names_pull(const char *text)
{
    for (const char *at = text; (at = strstr(at, "pull/"));) {
        size_t len = strcspn(at, "\n");
        if (memmem(at, len, "/head", 5) || memmem(at, len, "/merge", 6))
            return true;
        at += len;
    }
    return strstr(text, "refs/pull/") != NULL;
}

/* Appends the text with x['y'], x[0].y and x.*.y as x.y. */
static void add_plain(struct arc_buf *out, const char *text)
{
    for (; *text; text++) {
        size_t len = *text == '[' ? 1 + strcspn(text + 1, "[]") : 0;
        bool closes = len > 1 && text[len] == ']';
        bool is_name = closes && len > 2 && text[1] == '\'';
        bool is_index = closes && strspn(text + 1, "*0123456789") == len - 1;

        if (is_name) {
            arc_buf_putc(out, '.');
            arc_buf_add(out, text + 2, len - 3);
        }
        if (is_name || is_index)
            text += len;
        else if (ARC_STARTS(text, ".*"))
            text++;
        else
            arc_buf_putc(out, *text);
    }
}

static bool names_head(const struct search *search, const char *text)
{
    static const char *const names[] = {"pull_request.head",
                                        "pull_requests.head",
                                        "github.head_ref",
                                        "github_head_ref",
                                        "check_run.head_",
                                        "check_suite.head_",
                                        "workflow_run.head_",
                                        "pull_request.diff_url",
                                        "pull_request.patch_url",
                                        "outputs.head_ref",
                                        "outputs.head_sha",
                                        MERGE_COMMIT,
                                        AFTER};
    ARC_AUTO(arc_buf) struct arc_buf plain = {0};

    add_plain(&plain, text);
    arc_each_in (name, names) {
        bool own = (search->closed && strcmp(*name, MERGE_COMMIT) == 0) ||
                   (!search->target && strcmp(*name, AFTER) == 0);
        if (plain.failed || (!own && strcasestr(arc_buf_text(&plain), *name)))
            return true;
    }

    return names_pull(text);
}

static bool leads_to_head(struct search *search, const struct scope *scope, const char *text,
                          unsigned level);

/* Whether a script sets a variable for later steps that the text names: "SHA=…" for "env.SHA". */
static bool sets_variable(const char *script, const char *text)
{
    if (!strstr(script, "GITHUB_ENV"))
        return false;

    for (const char *at = text; (at = strcasestr(at, "env."));) {
        size_t len = 0;
        at += strlen("env.");
        while (arc_is_word(at[len]))
            len++;
        for (const char *set = script; len && (set = memmem(set, strlen(set), at, len)); set += len)
            if (set[len] == '=' || set[len] == '<')
                return true;
    }

    return false;
}

/* Whether the text names an output or a variable of a step that gets the head as input or requests
 * it. */
static bool is_told_head(struct search *search, const struct scope *scope, const char *text,
                         unsigned level)
{
    arc_yaml_each (step, scope->steps) {
        const char *id = arc_yaml_text_at(step, "id"), *run = arc_yaml_text_at(step, "run");

        if (!arc_yaml_get(step, "run"))
            run = lint_input_text(arc_yaml_get(step, "with"), "script");
        if (!spend(search, text))
            return false;
        if (!(*id && holds_name(text, "steps.", id)) && !sets_variable(run, text))
            continue;
        if (ARC_HOLDS(run, "head.sha", "head.ref", "headRef") ||
            leads_to_head(search, scope, run, level))
            return true;
        arc_yaml_each_pair (pair, arc_yaml_get(step, "env"))
            if (leads_to_head(search, scope, pair->value->text, level))
                return true;
    }

    return false;
}

/* The same for an output of another job, "needs.JOB.outputs.NAME". */
static bool is_told_by_job(struct search *search, const struct scope *scope, const char *text,
                           unsigned level)
{
    arc_yaml_each_pair (job, scope->jobs) {
        struct scope there = *scope;
        if (!spend(search, text))
            return false;
        if (!holds_name(text, "needs.", job->key->text))
            continue;

        there.env[1] = arc_yaml_get(job->value, "env");
        there.env[2] = NULL;
        there.steps = arc_yaml_get(job->value, "steps");
        arc_yaml_each_pair (output, arc_yaml_get(job->value, "outputs"))
            if (holds_name(text, ".outputs.", output->key->text) &&
                leads_to_head(search, &there, output->value->text, level))
                return true;
    }

    return false;
}

/* Whether a member of the map that the text names, such as "env.NAME", leads to the head. */
static bool leads_by_member(struct search *search, const struct scope *scope, const char *text,
                            const char *prefix, const struct arc_yaml_node *map, unsigned level)
{
    arc_yaml_each_pair (pair, map) {
        if (!spend(search, text))
            break;
        if (holds_name(text, prefix, pair->key->text) &&
            leads_to_head(search, scope, pair->value->text, level))
            return true;
    }

    return false;
}

/* Whether a text names the head, directly or through variables, inputs and outputs. */
static bool leads_to_head(struct search *search, const struct scope *scope, const char *text,
                          unsigned level)
{
    if (!text || !scope || level > LEVEL_MAX)
        return false;
    if (names_head(search, text))
        return true;
    if (ARC_HOLDS(text, "steps.", "env.") && is_told_head(search, scope, text, level + 1))
        return true;
    if (strstr(text, "needs.") && is_told_by_job(search, scope, text, level + 1))
        return true;

    for (size_t e = 0; strcasestr(text, "env.") && e < 3; e++)
        if (leads_by_member(search, scope, text, "env.", scope->env[e], level + 1))
            return true;

    return leads_by_member(search, scope->outer, text, "inputs.", scope->with, level + 1);
}

/* Appends a script's lines without the comments, and without those that print alone: a comment on a
 * pull request often says how to get it. */
static void add_commands(struct arc_buf *out, const char *script)
{
    arc_each_piece (line, script, "\n") {
        size_t blank = strspn(line.text, " \t");
        const char *start = line.text + blank;
        bool alone = strcspn(start, ";&|`(\n") >= line.len - blank;
        if (blank < line.len && (*start == '#' || (alone && ARC_STARTS(start, "echo ", "printf "))))
            continue;
        arc_buf_add(out, line.text, line.len);
        arc_buf_putc(out, '\n');
    }
}

/* The same for what JavaScript runs, as exec.exec('git', ['checkout', …]). A regular expression has
 * an exec() too. */
static void add_executed(struct arc_buf *out, const char *script)
{
    bool runs = ARC_HOLDS(script, "exec.exec(", "getExecOutput(", "child_process", "$`");
    arc_each_piece (word, runs ? script : "", "'\"`,[] \t\n")
        arc_buf_printf(out, "%.*s%s", (int)word.len, word.text, word.len ? " " : "");
}

/* Whether a command of git, behind its options, puts a commit's files somewhere, or another program
 * fetches them. */
static bool gets_files(const char *script)
{
    static const char *const verbs[] = {"checkout", "switch",       "reset",     "merge",  "pull",
                                        "clone",    "worktree add", "read-tree", "restore"};

    for (const char *at = script; (at = strstr(at, "git "));) {
        at += 4;
        while (*at == '-') { /* "-C DIRECTORY", "-c NAME=VALUE", "--no-pager" */
            bool takes = ARC_STARTS(at, "-C ", "-c ");
            at += strcspn(at, " \n");
            at += *at == ' ';
            at += takes ? strcspn(at, " \n") : 0;
            at += takes && *at == ' ';
        }
        arc_each_in (verb, verbs)
            if (ARC_STARTS(at, *verb))
                return true;
    }

    return ARC_HOLDS(script, "/tarball/", "/zipball/", "/archive/", "codeload.", "gh repo clone",
                     "git+http", ".git#");
}

/* Whether a script without comments checks out the head, named by an expression or a variable, or
 * gets its files in another way. */
static bool checks_out(struct search *search, const struct scope *scope, const char *script)
{
    bool patches = ARC_HOLDS(script, "git apply", "git am", "patch -p");
    bool any = patches || gets_files(script);

    if (strstr(script, "gh pr checkout") || (patches && strstr(script, "gh pr diff")) ||
        names_pull(script))
        return true;
    if (any && leads_to_head(search, scope, script, 0))
        return true;

    for (size_t e = 0; any && e < 3; e++)
        arc_yaml_each_pair (pair, scope->env[e]) {
            if (!spend(search, script))
                break;
            if (strstr(script, pair->key->text) &&
                leads_to_head(search, scope, pair->value->text, 0))
                return true;
        }

    return false;
}

/* Whether a job or a step only runs for a pull request of this repository's own branches, or after a
 * run whose commit was in the repository: pushed by somebody who may write. */
static bool follows_own(const struct arc_yaml_node *holder)
{
    static const char *const events[] = {"'push'", "'release'", "'schedule'",
                                         "'workflow_dispatch'"};
    const char *text = arc_yaml_text_at(holder, "if");
    const char *at = strstr(text, "github.event.workflow_run.event");
    if (ARC_HOLDS(text, "||", "!("))
        return false;
    if (ARC_HOLDS(text, ".head.repo.full_name == github.repository",
                  "github.repository == github.event.pull_request.head.repo.full_name",
                  ".head_repository.full_name == github.repository",
                  "!github.event.pull_request.head.repo.fork", ".head.repo.fork == false",
                  ".head.repo.fork != true", ".head.repo.owner.login == github.repository_owner"))
        return true;

    at = at ? at + strlen("github.event.workflow_run.event") : text + strlen(text);
    at += strspn(at, " ");
    if (!ARC_STARTS(at, "=="))
        return false;
    at += 2 + strspn(at + 2, " ");
    arc_each_in (event, events)
        if (strncmp(at, *event, strlen(*event)) == 0)
            return true;

    return false;
}

/* `place`: the `uses` in the workflow that leads to this step; NULL for its own steps. */
static void check_step(struct search *search, const struct scope *scope,
                       const struct arc_yaml_node *step, const struct arc_yaml_node *place)
{
    static const char *const inputs[][2] = {{"checkout", "ref"},
                                            {"checkout", "repository"},
                                            {"docker/build-push-action", "context"},
                                            {"docker/bake-action", "source"}};
    const struct arc_yaml_node *run = arc_yaml_get(step, "run"), *at = NULL;
    const char *uses = arc_yaml_text_at(step, "uses");
    bool javascript = strcasestr(uses, "/github-script@") != NULL;
    ARC_AUTO(arc_buf) struct arc_buf script = {0};

    if (javascript)
        run = lint_input(arc_yaml_get(step, "with"), "script");
    arc_each_in (input, inputs) {
        const struct arc_yaml_node *given = lint_input(arc_yaml_get(step, "with"), (*input)[1]);
        if (given && strstr(uses, (*input)[0]) && leads_to_head(search, scope, given->text, 0))
            at = given;
    }

    if (run && run->text && spend(search, run->text)) {
        if (javascript)
            add_executed(&script, run->text);
        else
            add_commands(&script, run->text);
        search->lint->memory.failed |= script.failed != 0;
        at = checks_out(search, scope, arc_buf_text(&script)) ? run : at;
    }

    if (!at)
        return;

    const char *by = place ? lint_text(search->lint, " by %s", place->text) : "";
    const struct arc_yaml_node *shown = arc_or(place, at);
    lint_find_at(search->lint, LINT_HEAD, shown,
                 "code of a pull request is checked out%s in a run that holds this repository's "
                 "secrets; use pull_request, or treat it as data only",
                 by);
}

static void check_steps(struct search *search, const struct scope *scope,
                        const struct arc_yaml_node *steps, const struct arc_yaml_node *place)
{
    arc_yaml_each (step, steps) {
        if (!spend(search, NULL))
            return;
        if (follows_own(step))
            continue;
        check_steps(search, scope, arc_yaml_get(step, "parallel"), place);
        const struct arc_yaml_node *uses = arc_yaml_get(step, "uses");
        struct scope own = *scope;
        own.steps = steps;
        own.env[2] = arc_yaml_get(step, "env");
        check_step(search, &own, step, place);

        const struct arc_yaml_node *action =
            uses && own.level < LEVEL_MAX ? lint_called_root(search->lint, uses->text) : NULL;
        const struct scope inner = {
            .with = arc_yaml_get(step, "with"), .outer = &own, .level = own.level + 1};
        check_steps(search, &inner, arc_yaml_at(action, "runs", "steps"), arc_or(place, uses));
    }
}

static void check_jobs(struct search *search, const struct scope *scope,
                       const struct arc_yaml_node *root, const struct arc_yaml_node *place)
{
    arc_yaml_each_pair (pair, arc_yaml_get(root, "jobs")) {
        if (!spend(search, NULL))
            return;
        if (follows_own(pair->value))
            continue;
        const struct arc_yaml_node *job = pair->value, *uses = arc_yaml_get(job, "uses");
        struct scope own = *scope;
        own.jobs = arc_yaml_get(root, "jobs");
        own.env[0] = arc_yaml_get(root, "env");
        own.env[1] = arc_yaml_get(job, "env");
        check_steps(search, &own, arc_yaml_get(job, "steps"), place);

        const struct arc_yaml_node *called =
            uses && own.level < LEVEL_MAX ? lint_called_root(search->lint, uses->text) : NULL;
        const struct scope inner = {
            .with = arc_yaml_get(job, "with"), .outer = &own, .level = own.level + 1};
        if (called)
            check_jobs(search, &inner, called, arc_or(place, uses));
    }
}

void lint_heads(struct lint *lint, const struct arc_yaml_node *root)
{
    static const char *const events[] = {"pull_request_target", "workflow_run", "issue_comment",
                                         "check_run", "check_suite"};
    const struct arc_yaml_node *on = arc_yaml_get(root, "on");
    const struct scope scope = {.level = 0};
    const struct arc_yaml_node *types = arc_yaml_at(on, "pull_request_target", "types");
    struct search search = {.lint = lint,
                            .closed = arc_yaml_names(types, "closed"),
                            .target = arc_yaml_names(on, "pull_request_target")};
    bool any = false;

    arc_each_in (event, events)
        any = any || arc_yaml_names(on, *event);
    if (!any)
        return;

    check_jobs(&search, &scope, root, NULL);
    if (search.work > WORK_MAX)
        lint_find_at(lint, LINT_HEAD, on,
                     "it has more steps, including those of what it uses, than are checked: %d",
                     WORK_MAX);
}
