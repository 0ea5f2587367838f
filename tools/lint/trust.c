/* What a run hands to others, or takes from them: secrets, tokens and artifacts (GitHub docs, "Secure
 * use reference"; the audits of zizmor). */
#define _GNU_SOURCE /* strcasestr */
#include "lint/rule.h"

struct subject {
    struct lint *lint;
    const struct arc_yaml_node *root;
    bool follows; /* the workflow runs after another */
};

#define BUILT_IN                                                                                   \
    "a build argument stays in the image's history and provenance: pass the secret by `%s`, and "  \
    "mount it (RUN --mount=type=secret)"

/* Whether a step's action is this one, "owner/name[/path]". */
static bool step_uses(const struct arc_yaml_node *step, const char *action)
{
    const char *uses = arc_yaml_text_at(step, "uses");
    size_t len = strlen(action);
    return strncasecmp(uses, action, len) == 0 && uses[len] == '@';
}

static bool input_is(const struct arc_yaml_node *step, const char *input, const char *value)
{
    return strcmp(lint_input_text(arc_yaml_get(step, "with"), input), value) == 0;
}

/* The version of an action, by its ref or the comment behind its commit, in hundredths: 402 for
 * v4.2.2, 499 for v4. 0: unknown. */
static unsigned find_version(struct subject *s, const struct arc_yaml_node *uses)
{
    const char *text = strchr(uses->text, '@');
    if (text && arc_text_is_hex(text + 1, 40)) {
        text = lint_line(s->lint, uses, uses->line);
        text += strcspn(text, "#\n");
    }
    text = arc_or(text, "");
    text += strspn(text, "@# ");
    text += *text == 'v';

    char *end = (char *)text;
    unsigned long major = arc_is_digit(*text) ? strtoul(text, &end, 10) : 0;
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 99;
    return major && major < 1000 ? (unsigned)(major * 100 + ARC_MIN(minor, 99)) : 0;
}

/* Versions that GitHub refuses to run (its changelog, 16 April and 5 December 2024). */
static void check_version(struct subject *s, const struct arc_yaml_node *step)
{
    static const struct {
        const char *action;
        unsigned from, below;
    } gone[] = {{"actions/upload-artifact", 1, 400},
                {"actions/download-artifact", 1, 400},
                {"actions/cache", 1, 304},
                {"actions/cache", 400, 402}};
    const struct arc_yaml_node *uses = arc_yaml_get(step, "uses");

    arc_each_in (row, gone) {
        if (!step_uses(step, row->action))
            continue;
        unsigned version = find_version(s, uses);
        if (version >= row->from && version < row->below)
            lint_find_at(s->lint, LINT_WORKFLOW, uses,
                         "GitHub refuses to run this version of %s: use the newest", row->action);
    }
}

/* What makes each printed line a command. */
static void check_env(struct lint *lint, const struct arc_yaml_node *holder)
{
    const struct arc_yaml_node *unsafe =
        arc_yaml_get(arc_yaml_get(holder, "env"), "ACTIONS_ALLOW_UNSECURE_COMMANDS");
    if (unsafe && !arc_yaml_reads(unsafe, "false"))
        lint_find_at(lint, LINT_TRUST, unsafe,
                     "with this, any line that a step prints can set variables and PATH: write to "
                     "\"$GITHUB_ENV\" and \"$GITHUB_PATH\" instead");
}

/* An app's token: without an input `permission-…` it may do all that the app may. */
static void check_app(struct lint *lint, const struct arc_yaml_node *step)
{
    if (!step_uses(step, "actions/create-github-app-token"))
        return;
    arc_yaml_each_pair (input, arc_yaml_get(step, "with"))
        if (ARC_STARTS(input->key->text, "permission-"))
            return;
    lint_find_at(lint, LINT_TRUST, arc_yaml_get(step, "uses"),
                 "this token may do whatever the app may: name what it needs, as in "
                 "`permission-contents: write`");
}

/* Whether a script makes a variable's value a build argument: `--build-arg NAME=$VARIABLE`, or its
 * name alone. */
static bool is_build_arg(const char *script, const char *variable)
{
    size_t len = strlen(variable);

    while ((script = strstr(script, "--build-arg"))) {
        script += sizeof "--build-arg" - 1;
        script += strspn(script, "= \"'");
        if (arc_text_is(script, strcspn(script, " \t\n\"'"), variable))
            return true;
        size_t word = strcspn(script, " \t\n");
        for (const char *at = script; (at = memchr(at, '$', word - (size_t)(at - script)));) {
            at += 1 + (at[1] == '{');
            if (strncmp(at, variable, len) == 0 && !arc_is_word(at[len]))
                return true;
        }
    }

    return false;
}

/* The same in a script of a workflow that pushes images. */
static void check_build_args(struct subject *s, const struct arc_yaml_node *job,
                             const struct arc_yaml_node *step)
{
    const struct arc_yaml_node *script = arc_yaml_get(step, "run");
    const struct arc_yaml_node *from[] = {arc_yaml_get(s->root, "env"), arc_yaml_get(job, "env"),
                                          arc_yaml_get(step, "env")};

    if (!script || !script->text ||
        !ARC_HOLDS(script->source->text, "docker push", "--push", "push: true"))
        return;

    for (size_t i = 0, left = LINT_SOUGHT_MAX; i < ARC_COUNT(from); i++)
        arc_yaml_each_pair (pair, from[i])
            if (pair->value->text && strstr(pair->value->text, "secrets.") && pair->key->len &&
                left && left-- && is_build_arg(script->text, pair->key->text))
                lint_find_in(s->lint, LINT_TRUST, script, strstr(script->text, "--build-arg"),
                             BUILT_IN, "docker build --secret id=NAME,env=VARIABLE");
}

/* A secret as a build argument: anybody who may pull the image reads it in its history. */
static void check_arguments(struct lint *lint, const struct arc_yaml_node *step)
{
    static const char *const given[][2] = {{"docker/build-push-action", "build-args"},
                                           {"docker/bake-action", "set"}};
    arc_each_in (row, given) {
        const struct arc_yaml_node *input = lint_input(arc_yaml_get(step, "with"), (*row)[1]);
        const char *rest = input && step_uses(step, (*row)[0]) ? input->text : NULL, *expression;
        size_t len;
        bool secret = false;
        while (arc_text_expression(&rest, &expression, &len))
            secret = secret || memmem(expression, len, "secrets.", 8);
        if (secret)
            lint_find_at(lint, LINT_TRUST, input, BUILT_IN, "secrets");
    }
}

/* Whether a path is the whole work tree, without exceptions. */
static bool is_tree(const char *path)
{
    bool whole = *path && arc_text_strip(path, strlen(path), "*./ \t\n") == 0;
    return whole || ARC_AMONG(path, "${{ github.workspace }}", "${{github.workspace}}");
}

/* Whether a step leaves the job's token in the work tree's .git/config, as checkout does up to its
 * version 5. */
static bool leaves_token(struct subject *s, const struct arc_yaml_node *step)
{
    return step_uses(step, "actions/checkout") && !input_is(step, "persist-credentials", "false") &&
           input_is(step, "path", "") && find_version(s, arc_yaml_get(step, "uses")) < 600;
}

/* The work tree with that token as an artifact, which others may download while the job goes on.
 * upload-artifact takes hidden files up to its version 4.3. */
static void check_upload(struct subject *s, const struct arc_yaml_node *upload)
{
    const struct arc_yaml_node *path = lint_input(arc_yaml_get(upload, "with"), "path");

    if (path && path->text && is_tree(path->text) &&
        (input_is(upload, "include-hidden-files", "true") ||
         find_version(s, arc_yaml_get(upload, "uses")) < 404))
        lint_find_at(s->lint, LINT_TRUST, path,
                     "this artifact holds the job's token, in .git/config: check out with "
                     "`persist-credentials: false`, and upload only what is needed");
}

/* How many legs a matrix surely has. */
static size_t count_legs(const struct arc_yaml_node *matrix)
{
    size_t most = 0;
    if (arc_yaml_get(matrix, "exclude"))
        return 0;
    arc_yaml_each_pair (values, matrix)
        if (arc_yaml_pairs(matrix) == 1 || strcmp(values->key->text, "include") != 0)
            most = ARC_MAX(arc_yaml_items(values->value), most);
    return most;
}

/* Legs of a matrix that upload an artifact of one name: GitHub refuses the second. */
static void check_name(struct lint *lint, const struct arc_yaml_node *job,
                       const struct arc_yaml_node *upload)
{
    const char *name = lint_input_text(arc_yaml_get(upload, "with"), "name");
    const char *condition = arc_yaml_text_at(upload, "if");
    if (count_legs(arc_yaml_at(job, "strategy", "matrix")) < 2 || strstr(name, "${{") ||
        input_is(upload, "overwrite", "true") || input_is(upload, "archive", "false") ||
        ARC_HOLDS(condition, "matrix.", "strategy.", "failure()", "runner."))
        return;
    lint_find_at(lint, LINT_WORKFLOW, arc_yaml_get(upload, "uses"),
                 "each leg of the matrix uploads an artifact called '%s', and GitHub refuses the "
                 "second: name it by a value of the matrix",
                 arc_text_or(name, "artifact"));
}

/* Text of an artifact from another run, which may be a pull request's, as a variable of this one. */
static void check_taken(struct lint *lint, const struct arc_yaml_node *script, bool *taken)
{
    const char *text = script->text;
    const char *at = arc_or(strstr(text, "GITHUB_ENV"), strstr(text, "GITHUB_PATH"));
    const char *cat = strstr(text, "cat ");

    *taken |= strstr(text, "gh run download") != NULL;
    if (!*taken || !at || ARC_HOLDS(text, "=~", "grep ", "0-9]")) /* it is checked */
        return;
    if ((cat && cat[4] != '<') || ARC_HOLDS(text, "$(<", "source ", "unzip -p"))
        lint_find_in(lint, LINT_TRUST, script, at,
                     "the run before wrote the file that this variable is from, maybe for a pull "
                     "request, and a second line sets any other: check that it is a number or a "
                     "name first");
}

/* Whether a step runs a file of the work tree, by its name. */
static bool runs_file(const struct arc_yaml_node *job, const struct arc_yaml_node *step)
{
    if (arc_yaml_get(step, "working-directory") ||
        arc_yaml_at(job, "defaults", "run", "working-directory"))
        return false;

    arc_each_piece (command, arc_yaml_text_at(step, "run"), "\n&|;") {
        const char *at = command.text + strspn(command.text, " \t");
        const char *named = at + strcspn(at, " \t\n");
        named += strspn(named, " \t");
        if (ARC_STARTS(at, "cd ", "pushd "))
            return false;
        if (ARC_STARTS(at, "./"))
            return true;
        if (ARC_STARTS(at, ". ", "source ", "bash ", "sh ", "node ", "python ", "python3 ", "npm ",
                       "yarn ", "pnpm ", "make") &&
            !ARC_STARTS(named, "-", "/", "~", "$", "\"", "'", "<"))
            return true;
    }

    return false;
}

static void check_steps(struct subject *s, const struct arc_yaml_node *job,
                        const struct arc_yaml_node *steps)
{
    bool taken = false; /* an artifact of another run */
    bool token = false; /* it is in the work tree */
    bool own = false;   /* a checkout */
    bool alien = false; /* the work tree is such an artifact */

    arc_yaml_each (step, steps) {
        const struct arc_yaml_node *with = arc_yaml_get(step, "with");
        check_env(s->lint, step);
        check_app(s->lint, step);
        check_arguments(s->lint, step);
        check_build_args(s, job, step);
        check_version(s, step);
        token = token || leaves_token(s, step);
        if (step_uses(step, "actions/upload-artifact")) {
            check_name(s->lint, job, step);
            if (token)
                check_upload(s, step);
        }
        bool takes = *lint_input_text(with, "run-id") || *lint_input_text(with, "run_id");
        bool into = s->follows && takes && !*lint_input_text(with, "path");
        bool checks_out = step_uses(step, "actions/checkout") && input_is(step, "path", "");
        if (into && own)
            lint_find_at(s->lint, LINT_TRUST, arc_yaml_get(step, "uses"),
                         "this artifact of another run, maybe for a pull request, may replace "
                         "what is checked out here and runs later: give it a `path` of its own");
        taken = taken || takes || strstr(lint_input_text(with, "script"), "downloadArtifact");
        own |= checks_out;
        alien = (alien || (into && !own)) && !checks_out; /* which empties it first */
        const struct arc_yaml_node *run = arc_yaml_get(step, "run");
        if (alien && run && runs_file(job, step))
            lint_find_at(s->lint, LINT_TRUST, run,
                         "this runs a file that another run uploaded, maybe for a pull request: "
                         "check out what runs, and take data alone from there");
        if (s->follows && run && run->text)
            check_taken(s->lint, run, &taken);
    }
}

void lint_trust(struct lint *lint, const struct arc_yaml_node *root)
{
    struct subject s = {.lint = lint,
                        .root = root,
                        .follows = arc_yaml_names(arc_yaml_get(root, "on"), "workflow_run")};

    check_env(lint, root);
    arc_yaml_each_pair (job, arc_yaml_get(root, "jobs")) {
        check_env(lint, job->value);
        check_steps(&s, job->value, arc_yaml_get(job->value, "steps"));
    }
    check_steps(&s, NULL, arc_yaml_at(root, "runs", "steps"));
}
