/* Valid workflows that do not do what they seem to, because of what GitHub skips, drops, cancels or
 * keeps (GitHub docs, "Workflow syntax", "Events that trigger workflows", "Usage limits"; the
 * runner's source). */
#define _GNU_SOURCE /* memmem, strcasestr */
#include "lint/rule.h"
#include "os/file.h"

/* A workflow or an action. */
struct subject {
    struct lint *lint;
    const struct arc_yaml_node *root; /* NULL for an action */
    bool refreshed;                   /* a previous step fetched the package index */
    bool drafted, promoted;           /* a previous step drafted the release, moved the tags */
    bool handles_tag;                 /* a step makes a git tag, or checks one out */
};

/* The finding for a builder without a pinned BuildKit. */
#define FLOATING_BUILDKIT                                                                          \
    "the builder's BuildKit is whatever its tag points to today: pin it by its option "            \
    "image=NAME@sha256:…"

static bool starts_on(const struct subject *s, const char *event)
{
    return arc_yaml_names(arc_yaml_get(s->root, "on"), event);
}

/* What `permissions` grants for a scope: 0 none, 1 read, 2 write. */
static int grant_of(const struct arc_yaml_node *permissions, const char *scope)
{
    const char *value = arc_yaml_text_at(permissions, scope);
    if (arc_yaml_reads(permissions, "write-all") || strcmp(value, "write") == 0)
        return 2;
    return arc_yaml_reads(permissions, "read-all") || strcmp(value, "read") == 0;
}

/* The permissions of a job: its own, else the workflow's; NULL if neither has any. */
static const struct arc_yaml_node *permissions_of(const struct arc_yaml_node *root,
                                                  const struct arc_yaml_node *job)
{
    return arc_yaml_key(job, "permissions") ? arc_yaml_get(job, "permissions")
                                            : arc_yaml_get(root, "permissions");
}

static bool may_write(const struct subject *s, const struct arc_yaml_node *job, const char *scope)
{
    return grant_of(permissions_of(s->root, job), scope) == 2;
}

static bool any_may_write(const struct subject *s, const char *scope)
{
    arc_yaml_each_pair (job, arc_yaml_get(s->root, "jobs"))
        if (may_write(s, job->value, scope))
            return true;
    return false;
}

/* ---- scripts -------------------------------------------------------------------------------- */

/* Whether all parts occur between `start` and `end` in this order, each as a word. */
#define stands(start, end, ...) stand_in_order(start, end, ARC_WORDS(__VA_ARGS__))
static bool stand_in_order(const char *start, const char *end, const char *const parts[])
{
    for (const char *from = start; *parts; parts++) {
        size_t len = strlen(*parts);
        const char *at;
        bool whole;
        do {
            at = memmem(from, (size_t)(end - from), *parts, len);
            if (!at)
                return false;
            from = at + len;
            whole = (!arc_is_word(*at) || at == start || !arc_is_word(at[-1])) &&
                    (!arc_is_word(from[-1]) || from[-1] == '_' || from == end ||
                     (!arc_is_word(*from) && !strchr("/.:", *from)));
        } while (!whole);
    }

    return true;
}

/* Whether a pipeline, `echo … | tr …`, works whatever it is given. */
static bool never_fails(const char *at, const char *end)
{
    const char *sure = "date pwd echo printf basename dirname uname";
    while (at < end) {
        at += strspn(at, " ");
        if (!arc_text_lists(sure, at, strcspn(at, " |)")))
            return false;
        at = memchr(at, '|', (size_t)(end - at));
        at = at ? at + 1 : end;
        sure = "tr cut sed awk head tail rev sort uniq wc base64";
    }
    return true;
}

/* Whether a part of a line runs a command for its output that may fail: not $((1+2)), nor
 * $(this || that), nor one that does not. */
static bool takes_output(const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '`')
            return true;
        if (!ARC_STARTS(at, "$(") || at[2] == '(')
            continue;

        int depth = 0;
        const char *inner = at++;
        for (; at < end; at++) {
            depth += (*at == '(') - (*at == ')');
            if (!depth)
                break;
        }
        inner += 2;
        if (!memmem(inner, (size_t)(at - inner), "||", 2) && !never_fails(inner, at))
            return true;
    }

    return false;
}

/* Whether a line is `export A=$(…)`, whose status is that of export. */
static bool exports_output(const char *line, const char *end)
{
    const char *at = line + strspn(line, " \t");

    if (!ARC_STARTS(at, "export ", "local ", "readonly ", "declare "))
        return false;
    for (at += strcspn(at, " ") + 1; at < end && arc_is_word(*at);)
        at++;

    return ARC_STARTS(at, "=$(", "=\"$(") && takes_output(at, end);
}

/* Whether a line writes to a file called "GITHUB_OUTPUT", for want of a '$'. */
static bool writes_name(const char *line, const char *end, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = line; (at = memmem(at, (size_t)(end - at), name, len)); at += len) {
        const char *before = at, *behind = at + len;
        before -= before > line && strchr("\"'", before[-1]);
        while (before > line && before[-1] == ' ')
            before--;
        if (before > line && before[-1] == '>' && !arc_is_word(*behind) && !strchr("./-", *behind))
            return true;
    }
    return false;
}

/* The files that the runner reads, and the commands that they replaced. */
static const char *const files[][2] = {{"GITHUB_OUTPUT", "::set-output "},
                                       {"GITHUB_ENV", "::set-env "},
                                       {"GITHUB_PATH", "::add-path::"},
                                       {"GITHUB_STATE", "::save-state "}};

static void check_files(struct subject *s, const struct arc_yaml_node *script, const char *line,
                        const char *end)
{
    arc_each_in (file, files) {
        const char *name = (*file)[0], *command = (*file)[1];
        if (writes_name(line, end, name))
            lint_find_in(s->lint, LINT_SHELL, script, line,
                         "this makes a file called %s, which GitHub does not read: write to "
                         "\"$%s\"",
                         name, name);
        if (memmem(line, (size_t)(end - line), command, strlen(command)))
            lint_find_in(s->lint, LINT_SHELL, script, line,
                         "GitHub has given up '%s…', which any printed line could say: write to "
                         "\"$%s\"",
                         command, name);
    }
}

static void check_line(struct subject *s, const struct arc_yaml_node *script, const char *line,
                       const char *end)
{
    static const char *const engines[] = {" docker.io", " containerd", " runc"};
    static const char *const prints[][2] = {{"echo", "$("}, {"echo", "`"}, {"printf", "$("}};
    bool loses_status = false; /* of a command in `echo "x=$(…)"` to a file of the runner */

    check_files(s, script, line, end);
    arc_each_in (engine, engines)
        if (stands(line, end, "apt", " install", *engine))
            lint_find_in(s->lint, LINT_SHELL, script, line,
                         "this removes the Docker that GitHub's runners have: use that instead");

    arc_each_in (print, prints)
        arc_each_in (file, files)
            loses_status = loses_status || stands(line, end, (*print)[0], (*print)[1], (*file)[0]);
    if (loses_status && takes_output(line, end) && !stands(line, end, "$env:"))
        lint_find_in(s->lint, LINT_SHELL, script, line,
                     "where $(…) fails, echo succeeds and writes nothing: assign the value on a "
                     "line of its own first");

    if (exports_output(line, end))
        lint_find_in(s->lint, LINT_SHELL, script, line,
                     "where $(…) fails, the line succeeds: assign the value on a line of its own "
                     "first");

    s->refreshed |= stands(line, end, "apt", " update") || stands(line, end, "apt", " --update");
    if (stands(line, end, "apt", " install") && !s->refreshed)
        lint_find_in(s->lint, LINT_SHELL, script, line,
                     "the runner's package index is as old as its image: run `apt-get update` "
                     "before");

    if (stands(line, end, "docker buildx create") && !stands(line, end, "image=") &&
        !stands(line, end, "driver", "remote"))
        lint_find_in(s->lint, LINT_PINNED, script, line, FLOATING_BUILDKIT);
}

/* Whether a variable's value is an unchanged field of the event that may have several lines. */
static bool has_lines(const char *value)
{
    const char *at = value, *text;
    size_t len;
    if (!arc_text_expression(&at, &text, &len) || text != value + 3 || *at)
        return false;

    arc_text_trim(&text, &len);
    for (size_t i = 0; i < len; i++)
        if (!arc_is_word(text[i]) && !strchr(".[]*'-", text[i]))
            return false;

    return ARC_STARTS(text, "github.event.") && len > 8 &&
           (memcmp(text + len - 5, ".body", 5) == 0 || memcmp(text + len - 8, ".message", 8) == 0);
}

static bool is_quoted(const char *line, const char *at)
{
    bool quoted = false;
    for (; line < at; line++)
        quoted ^= *line == '"';
    return quoted;
}

/* Whether a line writes "NAME=$variable" unchanged to a file of the runner. Without quotes, the
 * shell makes one line of it. */
static bool writes_variable(const char *line, size_t len, const char *variable)
{
    const char *end = line + len, *at = line;
    size_t name = strlen(variable);
    bool file = false;

    arc_each_in (row, files)
        file = file || memmem(line, len, (*row)[0], strlen((*row)[0]));
    if (!file || !name || memchr(line, '|', len) || memchr(line, '`', len) ||
        memmem(line, len, "$(", 2))
        return false;

    while ((at = memmem(at, (size_t)(end - at), variable, name))) {
        const char *start = at;
        bool brace = start > line && start[-1] == '{';
        start -= brace;
        bool value = start > line && *--start == '$' && is_quoted(line, start);
        start -= value && start > line && start[-1] == '"';
        value = value && start > line && start[-1] == '=';
        at += name;
        if (value && (brace ? *at == '}' : !arc_is_word(*at)))
            return true;
    }

    return false;
}

/* Where a script writes a variable between `NAME<<WORD` and WORD, which the text may hold; NULL:
 * nowhere. */
static const char *find_delimiter(const char *script, const char *variable)
{
    const char *word = NULL;
    size_t len = 0;

    arc_each_piece (line, script, "\n") {
        const char *end = line.text + line.len, *at = memmem(line.text, line.len, "<<", 2);
        if (at && at > line.text && arc_is_word(at[-1]) && !len) {
            word = at + 2;
            while (arc_is_word(word[len]))
                len++;
            len = word[len] == '$' ? 0 : len;
        } else if (len && memmem(line.text, line.len, word, len)) {
            len = 0;
        }
        if (len && stands(line.text, end, "$", variable))
            return word;
    }

    return NULL;
}

/* Checks for a text of the event in one line of a file of the runner, which would take its second
 * line for another variable, or refuse it; and for one whose end others can guess. */
static void check_lines(struct subject *s, const struct arc_yaml_node *job,
                        const struct arc_yaml_node *step)
{
    const struct arc_yaml_node *script = arc_yaml_get(step, "run");
    const struct arc_yaml_node *from[] = {arc_yaml_get(s->root, "env"), arc_yaml_get(job, "env"),
                                          arc_yaml_get(step, "env")};

    for (size_t i = 0, left = LINT_SOUGHT_MAX; script && script->text && i < ARC_COUNT(from); i++)
        arc_yaml_each_pair (pair, from[i]) {
            if (!left || !pair->value->text || !has_lines(pair->value->text))
                continue;
            left--;
            bool others = ARC_HOLDS(pair->value->text, "comment.body", "issue.body", "review.body",
                                    "pull_request.body", "discussion.body");
            const char *end = others && ARC_HOLDS(script->text, "GITHUB_OUTPUT", "GITHUB_ENV")
                                  ? find_delimiter(script->text, pair->key->text)
                                  : NULL;
            if (end)
                lint_find_in(s->lint, LINT_SHELL, script, end,
                             "who writes this text can put the delimiter into it, and set any "
                             "variable after that: take one that nobody can guess, such as "
                             "\"$(openssl rand -hex 16)\"");
            arc_each_piece (line, script->text, "\n")
                if (writes_variable(line.text, line.len, pair->key->text))
                    lint_find_in(s->lint, LINT_SHELL, script, line.text,
                                 "this text may have several lines, and the runner takes the "
                                 "others for variables of their own: write NAME<<DELIMITER, with "
                                 "a delimiter that nobody can guess");
        }
}

/* Whether lines from here on test a file: a script may go by what a command printed. */
static bool tests_file(const char *lines, const char *file, size_t len)
{
    static const char *const tests[] = {"grep", "test", "[", "awk", "jq"};
    arc_each_piece (line, lines, "\n")
        arc_each_in (test, tests)
            if (memmem(line.text, line.len, file, len) &&
                stands(line.text, line.text + line.len, *test))
                return true;
    return false;
}

/* Whether GitHub's own shell runs a step's script: without pipefail, which a shell that is named has
 * (ScriptHandlerHelpers.cs). */
static bool lacks_pipefail(const struct subject *s, const struct arc_yaml_node *job,
                           const struct arc_yaml_node *step)
{
    const struct arc_yaml_node *runs_on = arc_yaml_get(job, "runs-on"), *label;

    for (size_t i = 0; (label = arc_yaml_entry(runs_on, i)); i++)
        if (label->text && strcasestr(label->text, "windows"))
            return false;

    return s->root && !arc_yaml_get(step, "shell") &&
           !arc_yaml_at(job, "defaults", "run", "shell") &&
           !arc_yaml_at(s->root, "defaults", "run", "shell");
}

/* Finds commands whose failure tee hides, unless it does not matter. A block mostly prints. */
static void check_pipes(struct subject *s, const struct arc_yaml_node *job,
                        const struct arc_yaml_node *step)
{
    const struct arc_yaml_node *script = arc_yaml_get(step, "run");
    size_t left = LINT_SOUGHT_MAX;
    if (!script || !script->text || ARC_HOLDS(script->text, "pipefail", "PIPESTATUS") ||
        arc_yaml_get(step, "continue-on-error") || !lacks_pipefail(s, job, step))
        return;

    arc_each_piece (line, script->text, "\n") {
        const char *tee = memmem(line.text, line.len, "| tee ", 6), *end = line.text + line.len;
        const char *start = line.text + strspn(line.text, " \t");
        bool prints = ARC_STARTS(start, "echo ", "printf ", "cat ", "#", "if ", "elif ", "while ",
                                 "until ", "}", ")", "done", "fi");
        if (!tee || prints || stands(tee, end, "||") || end[-1] == '&')
            continue;
        if (!left--)
            return;

        const char *file = tee + 6;
        while (*file == '-') {
            file += strcspn(file, " \n");
            file += strspn(file, " ");
        }
        file += strspn(file, "\"'");
        size_t len = strcspn(file, " \t\n\"'|&;)");
        if (!len || !tests_file(end, file, len))
            lint_find_in(s->lint, LINT_SHELL, script, tee,
                         "where the command before tee fails, the step succeeds: `shell: bash` "
                         "lets it fail (it sets pipefail)");
    }
}

static void check_script(struct subject *s, const struct arc_yaml_node *script)
{
    static const char *const emptied[] = {"GITHUB_ACTION_REPOSITORY", "GITHUB_ACTION_REF"};
    for (size_t i = 0; !s->root && i < ARC_COUNT(emptied); i++) {
        const char *name = script && script->text ? strstr(script->text, emptied[i]) : NULL;
        if (name)
            lint_find_in(s->lint, LINT_SHELL, script, name,
                         "in a step of a composite action this variable is empty: pass ${{ "
                         "github.action_repository }} or action_ref by env");
    }

    for (const char *line = script ? script->text : NULL; line && *line;) {
        size_t len = strcspn(line, "\n");
        while (len && line[len - 1] == '\\' && line[len]) /* goes on */
            len += 1 + strcspn(line + len + 1, "\n");
        if (line[strspn(line, " \t")] != '#')
            check_line(s, script, line, line + len);
        line += len + (line[len] == '\n');
    }
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* Whether a workflow creates the given tag, which does not exist yet, or checks it out by itself. */
static bool handles_tag(const struct arc_yaml_node *root)
{
    arc_yaml_each_pair (job, arc_yaml_get(root, "jobs")) {
        arc_yaml_each (step, arc_yaml_get(job->value, "steps")) {
            const char *run = arc_yaml_text_at(step, "run"), *tag = run;
            if (ARC_HOLDS(run, "arc-ci tag", "git checkout ", "git switch ") ||
                (strstr(run, "gh release create") && !strstr(run, "--verify-tag")))
                return true;
            while ((tag = strstr(tag, "git tag "))) {
                tag += 8;
                if (!ARC_STARTS(tag, "-l", "--", "-n", "-d", "-v", "|", "\n"))
                    return true;
            }
        }
    }

    return false;
}

/* Whether an input is the name of a git tag that exists, not of an image's ("image:${{ inputs.tag }}")
 * or a draft's, nor what a default without any digit says (latest, dry-run). */
static bool is_git_tag(const struct subject *s, const char *event, const char *name)
{
    const struct arc_yaml_node *input = arc_yaml_at(s->root, "on", event, "inputs", name);
    const char *says = arc_yaml_text_at(input, "description");
    const char *usual = arc_yaml_text_at(input, "default");
    return input && !arc_yaml_reads(arc_yaml_get(input, "type"), "boolean") &&
           (!*usual || strpbrk(usual, "0123456789")) &&
           !strstr(s->root->source->text, lint_text(s->lint, ":${{ inputs.%s }}", name)) &&
           !ARC_HOLDS(says, "image", "Image", "Docker", "docker", "container", "Container",
                      "draft");
}

/* A workflow that gets a git tag as an input must check it out: the event's ref is another. */
static void check_checkout(const struct subject *s, const struct arc_yaml_node *uses,
                           const struct arc_yaml_node *with)
{
    static const char *const names[] = {"tag",         "tag-name", "tag_name", "release-tag",
                                        "release_tag", "git-tag",  "git_tag"};
    static const char *const events[] = {"workflow_call", "workflow_dispatch"};
    const char *ref = lint_input_text(with, "ref");
    bool takes_tag = false;
    bool events_own =
        !*ref || (strstr(ref, "github.") && !ARC_HOLDS(ref, "inputs.", "needs.", "steps.", "env."));

    arc_each_in (name, names)
        arc_each_in (event, events)
            takes_tag = takes_tag || is_git_tag(s, *event, *name);

    if (ARC_STARTS(uses->text, "actions/checkout@") && takes_tag && events_own &&
        !lint_input(with, "repository") && !s->handles_tag)
        lint_find_at(
            s->lint, LINT_TAG_REF, uses,
            "without the tag as `ref`, checkout uses the event's commit instead of the tag given "
            "to the workflow");
}

/* Whether a step restores a cache with what later runs, also unasked (setup-go). */
static bool restores_cache(const struct arc_yaml_node *step)
{
    static const struct {
        const char *uses, *input; /* that asks for a cache; NULL: it has one anyway */
        bool unasked;
    } rows[] = {
        {"actions/cache@", NULL, false},
        {"actions/cache/restore@", NULL, false},
        {"actions/setup-go@", "cache", true},
        {"actions/setup-", "cache", false},
        {"actions-rust-lang/setup-rust-toolchain@", "cache", true},
        {"astral-sh/setup-uv@", "enable-cache", false},
        {"gradle/actions/setup-gradle@", NULL, false},
        {"ruby/setup-ruby@", "bundler-cache", false},
        {"Swatinem/rust-cache@", NULL, false},
    };
    const char *uses = arc_yaml_text_at(step, "uses");
    const struct arc_yaml_node *with = arc_yaml_get(step, "with");

    if (strcmp(lint_input_text(with, "lookup-only"), "true") == 0)
        return false;
    arc_each_in (row, rows) {
        const char *asked = row->input ? lint_input_text(with, row->input) : "";
        if (ARC_STARTS(uses, row->uses))
            return !row->input || (*asked ? strcmp(asked, "false") != 0 : row->unasked);
    }

    return false;
}

/* The same for the steps of a local action, unless an input in their `if` turns them off. */
static bool restores_within(const struct subject *s, const struct arc_yaml_node *step)
{
    const struct arc_yaml_node *action = lint_called_root(s->lint, arc_yaml_text_at(step, "uses"));

    arc_yaml_each (inner, arc_yaml_at(action, "runs", "steps")) {
        const char *input = strstr(arc_yaml_text_at(inner, "if"), "inputs.");
        bool given = false;
        arc_yaml_each_pair (pair, arc_yaml_get(step, "with"))
            given |= input && strncmp(input + 7, pair->key->text, pair->key->len) == 0;
        if (restores_cache(inner) && !given)
            return true;
    }

    return false;
}

static void check_cache(const struct subject *s, const struct arc_yaml_node *job,
                        const struct arc_yaml_node *step)
{
    static const char *const scopes[] = {"contents", "packages", "id-token"};
    const struct arc_yaml_node *uses = arc_yaml_get(step, "uses");

    arc_each_in (scope, scopes) {
        if (!may_write(s, job, *scope) || (!restores_cache(step) && !restores_within(s, step)))
            continue;
        lint_find_at(s->lint, LINT_CACHE, uses,
                     "any run on the default branch may have written this cache, and what is "
                     "restored runs with %s: write",
                     *scope);
        return;
    }
}

/* Whether a step runs a command of arc-ci with an option ("": any), by script or action; `flag` and
 * `variable` are the option's other names. */
static bool runs_command(const struct arc_yaml_node *step, const char *command, const char *option,
                         const char *flag, const char *variable)
{
    static const char program[] = "arc-ci ", actions[] = "/.github/actions/";
    const char *action = strstr(arc_yaml_text_at(step, "uses"), actions);
    const char *run = arc_yaml_text_at(step, "run");
    size_t len = strlen(command);

    if (action && strncmp(action + sizeof actions - 1, command, len) == 0 &&
        strchr("@/", action[sizeof actions - 1 + len]))
        return !*option || strcmp(lint_input_text(arc_yaml_get(step, "with"), option), "true") == 0;

    bool set = strcmp(arc_yaml_text_at(arc_yaml_get(step, "env"), variable), "true") == 0;
    for (; (run = strstr(run, program)); run += sizeof program - 1)
        if (strncmp(run + sizeof program - 1, command, len) == 0 &&
            !arc_is_word(run[sizeof program - 1 + len]) && run[sizeof program - 1 + len] != '-')
            return !*option || set || strstr(run, flag);

    return false;
}

static void note_step(struct subject *s, const struct arc_yaml_node *step)
{
    s->drafted |= runs_command(step, "release", "draft", "--draft", "INPUT_DRAFT");
    s->promoted |= runs_command(step, "build", "promote", "--promote", "INPUT_PROMOTE");
}

/* Checks the order of the last steps: if GitHub refuses something, it must do so before anything is
 * public. */
static void check_last(struct subject *s, const struct arc_yaml_node *step)
{
    note_step(s, step);
    if (!runs_command(step, "release", "", "", "") || !s->promoted || s->drafted)
        return;
    const struct arc_yaml_node *run = arc_yaml_get(step, "run");
    lint_find_at(s->lint, LINT_LAST, arc_or(run, arc_yaml_get(step, "uses")),
                 "the public tags move before GitHub has accepted the release: draft it first "
                 "(`arc-ci release --draft`)");
}

static void check_list(struct subject *s, const struct arc_yaml_node *job,
                       const struct arc_yaml_node *steps)
{
    arc_yaml_each (step, steps) {
        const struct arc_yaml_node *uses = arc_yaml_get(step, "uses");
        const struct arc_yaml_node *with = arc_yaml_get(step, "with");
        const char *driver = lint_input_text(with, "driver");

        check_list(s, job, arc_yaml_get(step, "parallel"));
        check_script(s, arc_yaml_get(step, "run"));
        check_lines(s, job, step);
        check_pipes(s, job, step);
        check_last(s, step);
        if (!uses || !uses->text)
            continue;
        if (ARC_STARTS(uses->text, "docker/setup-buildx-action@") &&
            (!*driver || strcmp(driver, "docker-container") == 0) &&
            !strstr(lint_input_text(with, "driver-opts"), "image="))
            lint_find_at(s->lint, LINT_PINNED, uses, FLOATING_BUILDKIT);
        if (!s->root && ARC_STARTS(uses->text, "actions/cache@"))
            lint_find_at(s->lint, LINT_CACHE, uses,
                         "actions/cache saves only if the job succeeds: restore, and save after "
                         "the step that makes it (actions/cache/restore and /save)");
        if (!s->root)
            continue;
        check_checkout(s, uses, with);
        check_cache(s, job, step);
    }
}

static void check_steps(struct subject *s, const struct arc_yaml_node *job)
{
    const struct arc_yaml_node *needs = arc_yaml_get(job, "needs"), *name;

    s->refreshed = s->drafted = s->promoted = false;

    for (size_t i = 0; (name = arc_yaml_entry(needs, i)); i++) { /* steps of a job that it needs */
        const struct arc_yaml_node *before =
            name->text ? arc_yaml_at(s->root, "jobs", name->text, "steps") : NULL;
        arc_yaml_each (step, before)
            note_step(s, step);
    }

    check_list(s, job, arc_yaml_get(job, "steps"));
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* Whether an expression calls fromJSON() on a step's output without a fallback; functions have no
 * case. */
static bool reads_json(const char *text)
{
    for (const char *at = text; (at = strcasestr(at, "fromJSON("));) {
        at += 9 + strspn(at + 9, " ");
        size_t len = strcspn(at, ")");
        if (ARC_STARTS(at, "steps.") && !memmem(at, len, "||", 2))
            return true;
    }
    return false;
}

/* Whether it says `contains(needs.*.result, 'success')`, with the list joined or not. */
static bool takes_any_success(const char *text)
{
    const char *results = strstr(text, "needs.*.result");
    if (!results || !strcasestr(text, "contains("))
        return false;
    results += 14;
    results += strspn(results, " ,')");
    return ARC_STARTS(results, "success'");
}

static void check_results(const struct subject *s, const struct arc_yaml_node *job)
{
    const struct arc_yaml_node *outputs = arc_yaml_get(job, "outputs");
    const struct arc_yaml_node *condition = arc_yaml_get(job, "if");

    arc_yaml_each_pair (output, outputs) {
        const struct arc_yaml_node *value = output->value;
        if (value->text && reads_json(value->text))
            lint_find_at(
                s->lint, LINT_RESULTS, value,
                "outputs are evaluated even if the job failed: fromJSON of a step that did not "
                "run is another error, which hides the first; let the step set the value");
        if (value->text && ARC_HOLDS(value->text, "${{ secrets.", "${{secrets."))
            lint_find_at(s->lint, LINT_RESULTS, value,
                         "GitHub drops an output that contains a secret: the next job gets "
                         "nothing");
    }

    if (condition && condition->text && takes_any_success(condition->text))
        lint_find_at(s->lint, LINT_RESULTS, condition,
                     "any job in needs makes this true: name the job that must succeed");
}

/* The group of a workflow's or a job's `concurrency`; "" if there is none. */
static const char *group_of(const struct arc_yaml_node *holder)
{
    const struct arc_yaml_node *concurrency = arc_yaml_get(holder, "concurrency");
    return concurrency && concurrency->text ? concurrency->text
                                            : arc_yaml_text_at(concurrency, "group");
}

/* Checks that a job does not wait for the concurrency group of its own workflow or the calling job,
 * since GitHub would cancel the run. In a called workflow, `github` is the caller's and the
 * other contexts are its own; group names ignore case. */
static void check_deadlock(const struct subject *s, const struct arc_yaml_node *job)
{
    static const char message[] = "waits for the concurrency group that the run is in, so that "
                                  "GitHub cancels it: give the group another name";
    const char *held[] = {group_of(s->root), group_of(job)};
    const struct arc_yaml_node *uses = arc_yaml_get(job, "uses");
    const struct arc_yaml_node *called = uses ? lint_called_root(s->lint, uses->text) : NULL;

    if (*held[0] && strcasecmp(held[0], held[1]) == 0)
        lint_find_at(s->lint, LINT_QUEUE, arc_yaml_get(job, "concurrency"), "the job %s", message);

    for (size_t i = 0; called && i < ARC_COUNT(held); i++) {
        bool same = strcasecmp(held[i], group_of(called)) == 0;
        arc_yaml_each_pair (inner, arc_yaml_get(called, "jobs"))
            same = same || strcasecmp(held[i], group_of(inner->value)) == 0;
        bool own = ARC_HOLDS(held[i], "inputs.", "matrix.", "strategy.", "needs.");
        if (!same || !*held[i] || own)
            continue;
        lint_find_at(s->lint, LINT_QUEUE, uses, "%s %s", uses->text, message);
        return;
    }
}

/* Checks that no run is dropped that publishes a tag or what a push changed. */
static void check_queue(const struct subject *s, const struct arc_yaml_node *holder)
{
    const struct arc_yaml_node *concurrency = arc_yaml_get(holder, "concurrency");
    const char *key = group_of(holder);
    bool own = ARC_HOLDS(key, "github.run_id", "github.ref", "github.workflow_ref",
                         "github.event.release.", "github.event.after", "github.sha");
    bool tags = arc_yaml_at(s->root, "on", "push", "tags") || starts_on(s, "release");
    bool queues = strcmp(arc_yaml_text_at(concurrency, "queue"), "max") == 0;
    bool cancels = strcmp(arc_yaml_text_at(concurrency, "cancel-in-progress"), "true") == 0;

    const char *lost = "one run waits, and GitHub cancels it for the next: one of three tags is "
                       "never released; add `queue: max`";
    if (cancels)
        lost = "the next tag cancels the release of this one halfway: set `cancel-in-progress: "
               "false`, and add `queue: max`";
    if (*key && !own && !queues && tags)
        lint_find_at(s->lint, LINT_QUEUE, concurrency, "%s", lost);

    if (queues && cancels)
        lint_find_at(s->lint, LINT_QUEUE, concurrency,
                     "GitHub starts nothing of a workflow with both `queue: max` and "
                     "`cancel-in-progress: true`");

    /* In a pull request, the first of "github.head_ref || github.sha" counts. */
    const struct arc_yaml_node *on = arc_yaml_get(s->root, "on");
    bool is_pull = starts_on(s, "pull_request") && arc_yaml_pairs(on) + arc_yaml_items(on) <= 1 &&
                   ARC_HOLDS(key, "event.number ||", "pull_request.number ||", "head_ref ||");

    if (strstr(key, "github.sha") && !is_pull && !(cancels && (!tags || strstr(key, "github.ref"))))
        lint_find_at(s->lint, LINT_QUEUE, concurrency,
                     "two events for one commit share this group, and one run is cancelled: use "
                     "github.run_id");
}

/* Adds a finding for everything that `theirs` requests and `ours` does not grant. */
static void compare_grants(const struct subject *s, const struct arc_yaml_node *uses,
                           const struct arc_yaml_node *ours, const struct arc_yaml_node *theirs,
                           const char *who)
{
    if (grant_of(theirs, "") > grant_of(ours, "")) /* read-all, write-all */
        lint_find_at(s->lint, LINT_PERMISSIONS, uses,
                     "%s asks for %s, which is not granted here: GitHub then starts nothing of "
                     "this workflow",
                     who, theirs->text);

    arc_yaml_each_pair (grant, theirs) {
        const char *scope = grant->key->text, *value = arc_yaml_text_at(theirs, scope);
        if (grant_of(theirs, scope) > grant_of(ours, scope))
            lint_find_at(s->lint, LINT_PERMISSIONS, uses,
                         "%s asks for %s: %s, which is not granted here: GitHub then starts "
                         "nothing of this workflow",
                         who, scope, value);
    }
}

/* GitHub compares what a called workflow and its jobs request before any job starts; the workflow's
 * permissions count even if each job has its own. */
static void check_grants(const struct subject *s, const struct arc_yaml_node *job)
{
    const struct arc_yaml_node *ours = permissions_of(s->root, job),
                               *uses = arc_yaml_get(job, "uses");
    const struct arc_yaml_node *called = uses ? lint_called_root(s->lint, uses->text) : NULL;

    if (!ours || !called)
        return;

    compare_grants(s, uses, ours, arc_yaml_get(called, "permissions"), uses->text);
    arc_yaml_each_pair (other, arc_yaml_get(called, "jobs"))
        compare_grants(s, uses, ours, arc_yaml_get(other->value, "permissions"),
                       lint_text(s->lint, "the job '%s' of %s", other->key->text, uses->text));
}

/* Whether a label, or one of those in a matrix, is this runner, also a larger one of its kind. */
static bool names_runner(const struct arc_yaml_node *labels, const char *runner)
{
    const char *text = labels && labels->text ? labels->text : "";
    size_t len = strlen(runner);
    if (strncmp(text, runner, len) == 0 && ARC_AMONG(text + len, "", "-large", "-xlarge"))
        return true;
    arc_yaml_each (label, labels)
        if (names_runner(label, runner))
            return true;
    return false;
}

/* Checks for runners that GitHub has no more (its runner-images, "Available Images"), also among the
 * values of a matrix. Of several labels, one is a runner of one's own. */
static void check_runner(const struct subject *s, const struct arc_yaml_node *job)
{
    static const char *const gone[] = {
        "ubuntu-16.04", "ubuntu-18.04", "ubuntu-20.04", "macos-10.15",  "macos-11",
        "macos-12",     "macos-13",     "macos-14",     "windows-2016", "windows-2019"};
    const struct arc_yaml_node *runs_on = arc_yaml_get(job, "runs-on");
    const char *text = runs_on && runs_on->text ? runs_on->text : "";
    const struct arc_yaml_node *const *values = lint_matrix_values(s->lint, job, text);

    for (size_t i = 0; *text && i < ARC_COUNT(gone); i++) {
        bool named = names_runner(runs_on, gone[i]);
        for (size_t k = 0; values[k]; k++)
            named = named || names_runner(values[k], gone[i]);
        if (named)
            lint_find_at(s->lint, LINT_WORKFLOW, runs_on,
                         "GitHub has no runners %s any more: the job waits for one for a day",
                         gone[i]);
    }
}

static void check_job(struct subject *s, const struct arc_yaml_pair *pair)
{
    const struct arc_yaml_node *job = pair->value, *name = arc_yaml_get(job, "name");
    if (name && name->text && strstr(name->text, "matrix.") && arc_yaml_key(job, "if"))
        lint_find_at(
            s->lint, LINT_REQUIRED, name,
            "when `if` skips the job, its check has this text as its name, expressions unevaluated");

    if (arc_yaml_key(job, "runs-on") && !arc_yaml_key(job, "timeout-minutes"))
        lint_find_at(s->lint, LINT_TIMEOUT, pair->key,
                     "the job '%s' has no timeout-minutes: one that hangs runs for six hours",
                     pair->key->text);

    const char *condition = arc_yaml_text_at(job, "if");
    bool reports = false;
    arc_yaml_each (step, arc_yaml_get(job, "steps"))
        reports = reports || runs_command(step, "report", "", "", "") ||
                  strstr(arc_yaml_text_at(step, "run"), "/statuses/");
    if (reports && starts_on(s, "pull_request") && arc_yaml_key(job, "needs") &&
        may_write(s, job, "statuses") && !ARC_HOLDS(condition, "always()", "cancelled()"))
        lint_find_at(
            s->lint, LINT_REQUIRED, pair->key,
            "'%s' reports nothing if a previous job failed or was skipped: give it `if: always()`",
            pair->key->text);

    check_runner(s, job);
    check_queue(s, job);
    check_deadlock(s, job);
    check_grants(s, job);
    check_results(s, job);
    check_steps(s, job);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void check_required(const struct subject *s)
{
    const struct arc_yaml_node *on = arc_yaml_get(s->root, "on");
    const struct arc_yaml_node *pull = arc_yaml_get(on, "pull_request");
    const struct arc_yaml_node *types = arc_yaml_get(pull, "types");
    bool before = !types || arc_yaml_names(types, "opened") || arc_yaml_names(types, "synchronize");

    if (!starts_on(s, "pull_request") || !before ||
        !(any_may_write(s, "statuses") || any_may_write(s, "checks")))
        return;

    const struct arc_yaml_node *paths = arc_yaml_key(pull, "paths");
    paths = arc_or(paths, arc_yaml_key(pull, "paths-ignore"));
    if (paths)
        lint_find_at(
            s->lint, LINT_REQUIRED, paths,
            "a run that its paths exclude reports nothing: a required status then waits forever");

    if (!starts_on(s, "merge_group") && s->lint->queue)
        lint_find_at(s->lint, LINT_REQUIRED, on,
                     "without `merge_group` nothing reports in a merge queue, and it never merges");
}

/* Whether a path is a folder with files of this repository; a submodule is one entry. */
static bool is_folder(struct lint *lint, const char *path)
{
    if (strpbrk(path, "\\*?+[") || !arc_file_is_folder(lint_text(lint, "%s/%s", lint->root, path)))
        return false;
    ARC_AUTO_JSON json_t *names = lint_list(lint, path);
    return json_array_size(names) && !lint_exists(lint, lint_join(lint, path, ".git"));
}

static void check_path(struct lint *lint, const struct arc_yaml_node *pattern)
{
    const char *path = pattern->text + (*pattern->text == '!');
    if (ARC_STARTS(path, "/", "./", "../") || arc_text_ends(path, "/"))
        lint_find_at(lint, LINT_QUEUE, pattern,
                     "'%s' matches nothing: paths start at the top of the repository, without a "
                     "slash or dots, and end with a file",
                     pattern->text);
    else if (is_folder(lint, path))
        lint_find_at(lint, LINT_QUEUE, pattern,
                     "'%s' matches nothing: it is a folder, and paths are those of files (%s/"
                     "**)",
                     pattern->text, path);
}

/* Branches and tags are matched by their names, as globs (git check-ref-format(1) says what no name
 * has). */
static void check_ref(struct lint *lint, const struct arc_yaml_node *pattern)
{
    const char *name = pattern->text + (*pattern->text == '!');
    const char *escape = strchr(name, '\\');
    if (ARC_STARTS(name, "refs/heads/", "refs/tags/", "/") ||
        strcspn(name, "^~: [") < strcspn(name, "[") || (escape && arc_is_alnum(escape[1])))
        lint_find_at(lint, LINT_QUEUE, pattern,
                     "'%s' matches nothing: a pattern is a glob, no regular expression, for the "
                     "name behind refs/heads/ or refs/tags/",
                     pattern->text);
}

/* Checks the filters of the events: with a wrong one, the workflow silently never starts. */
static void check_filters(const struct subject *s)
{
    static const char *const events[] = {"push", "pull_request", "pull_request_target",
                                         "workflow_run"};
    static const char *const keys[] = {"paths", "paths-ignore", "branches", "tags"};

    for (size_t i = 0; i < ARC_COUNT(events) * ARC_COUNT(keys); i++) {
        const char *key = keys[i % ARC_COUNT(keys)];
        const struct arc_yaml_node *list =
            arc_yaml_at(s->root, "on", events[i / ARC_COUNT(keys)], key);
        const struct arc_yaml_node *pattern;
        size_t count = 0, negated = 0;
        for (; (pattern = arc_yaml_entry(list, count)); count++) {
            if (!pattern->text || !*pattern->text)
                continue;
            negated += *pattern->text == '!' && strspn(pattern->text + 1, "*") + 1 < pattern->len;
            if (ARC_STARTS(key, "paths"))
                check_path(s->lint, pattern);
            else
                check_ref(s->lint, pattern);
        }
        if (count && negated == count && strcmp(key, "paths-ignore") != 0)
            lint_find_at(s->lint, LINT_QUEUE, list,
                         "nothing matches, since each pattern is an exception: use %s-ignore", key);
    }
}

void lint_runner(struct lint *lint, const struct arc_yaml_node *root)
{
    struct subject s = {.lint = lint, .root = root};
    s.handles_tag = handles_tag(root);
    check_required(&s);
    check_filters(&s);
    check_queue(&s, root);

    const struct arc_yaml_node *push = arc_yaml_at(root, "on", "push");
    const struct arc_yaml_node *paths = arc_yaml_key(push, "paths");
    paths = arc_or(paths, arc_yaml_key(push, "paths-ignore"));
    if (paths && any_may_write(&s, "packages") && !starts_on(&s, "schedule"))
        lint_find_at(
            lint, LINT_QUEUE, paths,
            "GitHub looks for paths in the first 300 files of a push: add a `schedule` that "
            "builds what was missed (arc-ci changes --since-image)");

    const struct arc_yaml_node *on = arc_yaml_get(root, "on");
    const struct arc_yaml_node *types = arc_yaml_at(on, "release", "types");
    if (!types && starts_on(&s, "release") &&
        !ARC_HOLDS(root->source->text, "github.event.action", "github.event.release.draft"))
        lint_find_at(lint, LINT_QUEUE, on,
                     "one release starts this several times (published, released, and edited, "
                     "deleted, …): name the one that is meant, `types: [published]`");
    if (lint->project->config.group_count &&
        (arc_yaml_names(types, "created") || arc_yaml_names(types, "prereleased")) &&
        !arc_yaml_names(types, "published"))
        lint_find_at(
            lint, LINT_QUEUE, types,
            "created and prereleased do not come for a release that was a draft, as arc-ci's "
            "are: use `published`");

    arc_yaml_each_pair (job, arc_yaml_get(root, "jobs"))
        check_job(&s, job);
}

void lint_runner_action(struct lint *lint, const struct arc_yaml_node *runs)
{
    static const char *const gone[] = {"node12", "node16", "node20"};
    struct subject s = {.lint = lint};
    const struct arc_yaml_node *using = arc_yaml_get(runs, "using");
    for (size_t i = 0; using && i < ARC_COUNT(gone); i++)
        if (arc_yaml_reads(using, gone[i]))
            lint_find_at(lint, LINT_NODE, using, "GitHub's runners no longer have %s: use node24",
                         gone[i]);
    check_steps(&s, runs);
}
