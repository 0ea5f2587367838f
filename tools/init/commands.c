/* What scripts build: each "docker build" of a shell script or a Makefile is a step of its own. */
#include "arcci/release_version.h"
#include "base/json.h"
#include "base/text.h"
#include "init/sources.h"

#define WORD_MAX     65536
#define COMMAND_COST 2500
#define CALLED_COST  800 /* most are assignments of a Makefile */

#define LOOPS_MAX   4
#define NESTED_MAX  8
#define CALLED_MAX  4
#define TARGETS_MAX 200

/* "for NAME in …; do": its commands are read once for each word. */
struct loop {
    const char *start; /* of its commands */
    json_t *words;     /* "for", NAME, "in" and what follows */
    size_t next;       /* of them */
};

/* A script that is read. */
struct script {
    struct init *init;
    const struct init_step *step;
    const char *at;
    char *directory;              /* it works in, from the root */
    char *left_behind;            /* it worked in before; NULL: none */
    json_t *variables;            /* it sets */
    json_t *outputs;              /* name → the value last given */
    json_t *builds;               /* `with` of each build */
    struct loop loops[LOOPS_MAX]; /* the inner one last */
    size_t depth;
    size_t nested;        /* calls of "or" and "echo" around the variable */
    size_t called;        /* files that run this one */
    size_t branches;      /* of a Makefile's conditions that the command stands in */
    const json_t *passed; /* variables before the command */
    const json_t *given;  /* to make, name → whether as its argument; NULL: nobody runs it */
    json_t *rules;        /* target → what it needs, as far as read */
    json_t *settings;     /* target → variables of it alone, as lists of words */
    const json_t *wanted; /* targets whose commands are read; NULL: all */
    json_t *
        left; /* of them, with what "%" stands for, for which the rule's commands are to be read again */
    const char *rule; /* start of its commands */
    bool skips;       /* they are another target's */
    bool mentions;    /* images: there may be a build */
    bool is_makefile;
    bool pushes;
};

static void read_text(struct script *script, const char *text);

/* ---- words ---------------------------------------------------------------------------------- */

/* What a variable of that name holds; NULL when only a run knows. */
static const char *find_value(const struct script *script, const char *name)
{
    const json_t *scope = script->step->scope;
    const json_t *places[] = {script->variables, json_object_get(scope, "env"),
                              script->init->dotenv};
    const char *value = init_release_value(name, true), *key = "";
    const char *own = json_string_value(json_object_get(script->variables, name));

    bool is_given = json_object_get(script->given, name) && own && arc_text_is_visible(own);
    if (own && (is_given || init_says_version(own) || ARC_HOLDS(own, "{revision}", "{sha7}")))
        return own; /* "${VERSION}-gpu" */
    if (ARC_STARTS(name, "GITHUB_"))
        key = strcmp(name, "GITHUB_REF") == 0 ? "ref_name" : init_lower(script->init, name + 7);
    if (!value)
        value = json_string_value(json_object_get(json_object_get(scope, "github"), key));
    for (size_t i = 0; i < ARC_COUNT(places) && !value; i++)
        value = json_string_value(json_object_get(places[i], name));

    return value;
}

static const char *expand_variable(struct script *script, const char *dollar, struct arc_buf *out);

/* The bracket that closes this one; NULL when none does. */
static const char *find_close(struct script *script, const char *open)
{
    const char closes = *open == '{' ? '}' : ')', *at = open;
    size_t depth = 0;

    for (; *at; at++) {
        depth += *at == *open;
        if (*at == closes && --depth == 0)
            break;
    }

    return init_spend(script->init, (size_t)(at - open)) && *at ? at : NULL;
}

/* Adds a text up to its end or that byte, without quotes, with its variables; returns where it
 * stopped. */
static const char *expand_text(struct script *script, const char *at, const char *end, char until,
                               struct arc_buf *out)
{
    for (script->nested++; at < end && *at != until && script->nested < NESTED_MAX;)
        if (*at == '$')
            at = expand_variable(script, at, out);
        else if (strchr("\"'", *at))
            at++;
        else
            arc_buf_putc(out, *at++);
    script->nested--;

    return at;
}

/* "$(or $(NAME),word)" of a Makefile: the first that is known to hold something. */
static void expand_or(struct script *script, const char *at, const char *end, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = WORD_MAX};
    const char *held = "";

    for (; at < end && !*held; at++) {
        arc_buf_reset(&word);
        at = expand_text(script, at, end, ',', &word);
        held = init_hold(script->init, &word);
        held = arc_text_is_visible(held) ? held : "";
    }

    arc_buf_puts(out, *held ? held : (char[]){INIT_UNKNOWN, '\0'});
}

/* "$(subst from,to,text)" of a Makefile. */
static void expand_subst(struct script *script, const char *at, const char *end,
                         struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = WORD_MAX};
    const char *parts[3] = {"", "", ""}, *found;

    for (size_t i = 0; i < ARC_COUNT(parts) && at < end; i++, at++) {
        arc_buf_reset(&word);
        at = expand_text(script, at, end, i < 2 ? ',' : '\0', &word);
        parts[i] = init_hold(script->init, &word);
    }

    const char *text = parts[2];
    for (size_t len = strlen(parts[0]); len && (found = strstr(text, parts[0])); text = found + len)
        arc_buf_printf(out, "%.*s%s", (int)(found - text), text, parts[1]);
    arc_buf_puts(out, text);
}

/* What is left of a release's tag when `how` cuts it from its ref: all of it, or the version. */
static const char *cut_tag(const char *how)
{
    bool letter = ARC_HOLDS(how, "^v", "#v", "tags/v", "tags\\/v", "/v/", ":1", "-c2-", "-c 2-",
                            "-c12-", "-c 12-", "-dv", "-d v", "-d 'v'", "-d'v'");
    return letter ? "{version}" : "{image-tag}";
}

/* "$(echo TEXT)", also in lower case by tr or awk: the text; of a ref what other filters leave.
 * False for other commands. */
static bool expand_echo(struct script *script, const char *at, const char *end, struct arc_buf *out)
{
    const char *bar = memchr(at, '|', (size_t)(end - at)), *stop = arc_or(bar, end);
    const char *filter = bar ? init_cut(script->init, bar + 1, (size_t)(end - bar - 1)) : "";
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = WORD_MAX};
    bool lowers = (strstr(filter, "tr ") && strstr(filter, "a-z")) || strstr(filter, ":lower:") ||
                  strstr(filter, "tolower");

    if (!ARC_STARTS(at, "echo ") || strchr(filter, ';') || (lowers && strchr(filter, '|')))
        return false;
    while (stop[-1] == ' ')
        stop--;
    (void)expand_text(script, at + 5, stop, '\0', &text);
    const char *held = init_hold(script->init, &text);
    bool is_tag = strcmp(held, "{image-tag}") == 0;
    if (bar && !lowers && !is_tag)
        return false;

    if (lowers)
        held = init_lower(script->init, held);
    else if (bar)
        held = cut_tag(filter);
    arc_buf_puts(out, held);

    return true;
}

/* Whether a file holds a version and nothing else, "v1.2.3". */
static bool is_version(struct init *init, const char *content)
{
    struct arc_release_version version;
    const char *start = content + (*content == 'v');
    size_t len = strcspn(start, " \t\r\n");
    return !start[len + strspn(start + len, " \t\r\n")] && memchr(start, '.', len) &&
           init_succeeds(
               init, arc_release_version_parse(start, len, ARC_VERSIONING_LOOSE, &version, NULL));
}

/* "$(cat FILE)" of a file with a word in it. */
static bool expand_content(struct script *script, const char *path, struct arc_buf *out)
{
    const char *text = init_read(script->init, path);
    size_t len = text ? strcspn(text, " \t\r\n") : 0;
    if (!len || len > 64 || text[len + strspn(text + len, " \t\r\n")])
        return false;

    char *word = init_cut(script->init, text, len);
    init_note(script->init, path, 0,
              "%s is what commands read here: where it is proposed, change both", word);
    arc_buf_puts(out, word);

    return true;
}

/* "$(cat VERSION)", "$(jq -r .version FILE)": the version that stands there; of what no tag starts,
 * it is a release of its own. False for other commands. */
static bool expand_version(struct script *script, const char *at, const char *end,
                           struct arc_buf *out)
{
    struct init *init = script->init;
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = WORD_MAX};
    (void)expand_text(script, at, end, '\0', &text);
    const char *rest = init_hold(init, &text), *path = NULL, *keys = "", *name;
    const char *program = arc_or(init_next_item(init, &rest, " \t"), "");
    bool by_key = init_is_among(program, "jq yq");

    if (!by_key && strcmp(program, "cat") != 0)
        return false;
    for (char *word; !path && (word = init_next_item(init, &rest, " \t"));)
        if (by_key && *word == '.' && !*keys)
            keys = word + 1;
        else if (*word != '-' && !init_is_among(word, "e eval"))
            path = init_resolve(init, script->directory, word);

    name = by_key || !path ? keys : init_lower(init, arc_path_name(path));
    bool plain = !*rest || strstr(rest, "| tr -d"); /* of line breaks */
    if (!path || !init_has_file(init, path) || !plain)
        return false;
    const char *content = by_key ? NULL : init_read(init, path);
    bool has_letter = content && content[0] == 'v' && content[1] >= '0' && content[1] <= '9';
    if (!strstr(name, "version") && !(content && is_version(init, content)))
        return content && expand_content(script, path, out);

    if (has_letter)
        arc_buf_putc(out, 'v');
    if (!*script->step->when) { /* the tag's */
        arc_buf_puts(out, "{version}");
        return true;
    }

    json_t *list = init_made(init, json_array());
    for (char *key; (key = init_next_item(init, &keys, "."));) {
        init_push(init, list, json_string(key));
        keys += *keys == '.';
    }
    char *number = init_print(init, "%zu", json_object_size(init->places));
    init_set(init, init->places, number, json_pack("{s:s, s:o}", "file", path, "at", list));
    arc_buf_printf(out, INIT_FILE_VERSION "%s}", number);

    return true;
}

/* "$NAME", "${NAME:-word}", "${NAME#v}", "$(NAME)" of a Makefile, or a command; returns its end. */
static const char *expand_variable(struct script *script, const char *dollar, struct arc_buf *out)
{
    const char *start = dollar + 1 + (script->is_makefile && dollar[1] == '$');
    bool open = *start == '{' || *start == '(';
    const char *name = start + open, *rest = name + strspn(name, INIT_LETTERS);
    if (script->is_makefile && open)
        rest = name + strcspn(name, ":)}");
    else if (script->is_makefile && *start && strchr("<@*", *start))
        rest = name + 1;
    const char *end = open ? find_close(script, start) : rest;
    char *known = init_cut(script->init, name, (size_t)(rest - name));

    if (script->is_makefile && end && ARC_STARTS(name, "or ")) {
        expand_or(script, name + 3, end, out);
        return end + 1;
    }
    if (script->is_makefile && end && ARC_STARTS(name, "subst ")) {
        expand_subst(script, name + 6, end, out);
        return end + 1;
    }
    if (script->is_makefile && end && memchr(name, '$', (size_t)(end - name)) &&
        strcspn(name, " :") > (size_t)(end - name)) { /* "$($@-args)" */
        ARC_AUTO(arc_buf) struct arc_buf inner = {.max = WORD_MAX};
        (void)expand_text(script, name, end, '\0', &inner);
        arc_buf_puts(out, arc_or(find_value(script, init_hold(script->init, &inner)), ""));
        return end + 1;
    }

    bool is_shell = script->is_makefile && ARC_STARTS(name, "shell ");
    bool is_command = *start == '(' && (is_shell || !script->is_makefile);
    const char *command = name + (is_shell ? 6 : 0);
    if (is_command && end &&
        (expand_echo(script, command, end, out) || expand_version(script, command, end, out)))
        return end + 1;

    if (rest == name || !end || is_command) { /* "$@", "$(git describe)" */
        arc_buf_putc(out, INIT_UNKNOWN);
        return end && end > start ? end + open : start + (*start > '\0' && *start <= '~');
    }

    const char *value = find_value(script, known);
    if (value && strcmp(value, "{image-tag}") == 0)
        value = cut_tag(init_cut(script->init, rest, (size_t)(end - rest)));

    if (value && ARC_STARTS(rest, ",,"))
        arc_buf_puts(out, init_lower(script->init, value));
    else if (value)
        arc_buf_puts(out, value);
    else if (rest[0] == ':' && rest[1] == '-')
        arc_buf_add(out, rest + 2, (size_t)(end - rest - 2));
    else
        arc_buf_putc(out, INIT_UNKNOWN);

    return end + open;
}

/* Where the next word starts, on this line or the one that a backslash joins to it. */
static const char *skip_blanks(const char *at)
{
    for (;;) {
        size_t joined = at[0] == '\\' && at[1] == '\r' ? 3 : 2;
        at += strspn(at, " \t\r");
        if (at[0] != '\\' || at[joined - 1] != '\n')
            return at;
        at += joined;
    }
}

/* The next word of the command with its quotes taken off, and whether a variable starts it; false
 * at the command's end. */
static bool take_word(struct script *script, struct arc_buf *word, bool *is_variable)
{
    const char *at = skip_blanks(script->at);
    char quote = '\0';

    arc_buf_reset(word);
    script->at = at;
    *is_variable = *at == '$';
    if (!*at || strchr("\n;&|()#", *at))
        return false;

    if (ARC_STARTS(at, ">>")) {
        arc_buf_puts(word, ">>");
        script->at = at + 2;
        return true;
    }

    while (*at && (quote || !strchr(" \t\r\n;&|", *at))) {
        if (*at == quote || (!quote && (*at == '"' || *at == '\''))) {
            quote = quote ? '\0' : *at;
            at++;
        } else if (*at == '$' && quote != '\'') {
            at = expand_variable(script, at, word);
        } else if (*at == '\\' && at[1] && quote != '\'') {
            if (at[1] != '\n')
                arc_buf_putc(word, at[1]);
            at += 2;
        } else
            arc_buf_putc(word, *at++);
    }

    script->at = at;

    return init_spend(script->init, word->len);
}

/* ---- commands ------------------------------------------------------------------------------- */

static const char *word_at(const json_t *words, size_t index)
{
    const char *word = json_string_value(json_array_get(words, index));
    return arc_or(word, "");
}

static bool is_assignment(const char *word)
{
    size_t len = strspn(word, INIT_LETTERS);
    return len && word[len] == '=';
}

/* "NAME=value", unless it is `passed` to a command, or, in a Makefile, "NAME := value" sets a
 * variable, as "TARGET: FILE" sets those of its rule. True for the first two. */
static bool take_assignment(struct script *script, const json_t *words, bool passed)
{
    struct init *init = script->init;
    const char *word = word_at(words, 0);
    size_t len = strlen(word), before = strcspn(word, "=");
    ARC_AUTO(arc_buf) struct arc_buf value = {.max = WORD_MAX};

    if (is_assignment(word)) {
        char *name = init_cut(init, word, before);
        const char *now = arc_json_text_of(script->variables, name);
        bool keeps = init_says_version(now) && !init_says_version(word + before + 1);
        if (!passed && !keeps) /* a release's value; another is one of other runs */
            init_set_text(init, script->variables, name, word + before + 1);
        return true;
    }

    if (script->is_makefile && len && word[len - 1] == ':') {
        init_set_text(init, script->variables, "@", init_cut(init, word, len - 1));
        init_set_text(init, script->variables, "<", word_at(words, 1));
    }

    const char *second = word_at(words, 1);
    if (script->is_makefile && len && arc_text_ends(second, ":") &&
        !init_is_among(word, "echo printf @echo @printf"))
        init_set_text(init, script->variables, "@", (char[]){INIT_UNKNOWN, '\0'}); /* of several */

    if (!len || !init_is_among(word_at(words, 1), ":= ::= ?= ="))
        return false;
    const char *before_it = arc_json_text_of(script->variables, word);
    const json_t *given = json_object_get(script->given, word);
    bool is_set = given || (*before_it && arc_text_is_visible(before_it));
    if (json_is_true(given) || (is_set && *word_at(words, 1) == '?'))
        return true;
    for (size_t i = 2; i < json_array_size(words); i++)
        arc_buf_printf(&value, i > 2 ? " %s" : "%s", word_at(words, i));
    if (script->branches && *before_it && strcmp(before_it, init_hold(init, &value)) != 0) {
        arc_buf_reset(&value);
        arc_buf_putc(&value, INIT_UNKNOWN); /* of two, only a run knows which */
    }
    init_set_text(init, script->variables, word, init_hold(init, &value));

    return true;
}

/* Adds a line to an input of the build. */
static void add_input(struct init *init, json_t *with, const char *name, const char *value)
{
    const char *before = arc_json_text_of(with, name);
    if (!init_spend(init, strlen(before)))
        return;
    init_set(init, with, name, json_sprintf("%s%s%s", before, *before ? "\n" : "", value));
}

/* A path of the command, from the root; one that leads out, or is elsewhere, as it is. */
static const char *place(const struct script *script, const char *path)
{
    bool is_local = !strstr(path, "://") && !ARC_STARTS(path, "git@");
    char *resolved = is_local ? init_resolve(script->init, script->directory, path) : NULL;
    return arc_or(resolved, path);
}

/* The options of a build are the inputs of docker/build-push-action; a bake has files. */
static void take_options(struct script *script, const json_t *words, size_t first)
{
    static const char *const inputs[][2] = {
        {"-t --tag", "tags"},        {"-f --file", "file"},  {"--build-arg", "build-args"},
        {"--platform", "platforms"}, {"--target", "target"}, {"--build-context", "build-contexts"},
        {"--output -o", "outputs"}};
    static const char flags[] =
        "--push --load --no-cache --pull -q --quiet --rm --squash --compress "
        "--force-rm -D --debug --check --all";
    struct init *init = script->init;
    json_t *with = init_keep(init, json_object());

    if (script->called)
        init_set(init, with, "called", json_true());
    for (size_t index = first; index < json_array_size(words); index++) {
        const char *word = word_at(words, index), *equals = strchr(word, '=');
        const char *option = equals ? init_cut(init, word, (size_t)(equals - word)) : word;
        const char *value = equals ? equals + 1 : word_at(words, index + 1);

        if (strcmp(word, "-") == 0)
            continue; /* its Dockerfile is no file */
        if (*word != '-') {
            init_set_text(init, with, "context", place(script, word));
            continue;
        }
        if (strcmp(word, "--push") == 0)
            init_set_text(init, with, "push", "true");
        if (init_is_among(option, flags))
            continue;
        for (size_t i = 0; i < ARC_COUNT(inputs); i++)
            if (init_is_among(option, inputs[i][0]))
                add_input(init, with, inputs[i][1],
                          strcmp(inputs[i][1], "file") == 0 ? place(script, value) : value);
        index += !equals;
    }

    const char *files = arc_json_text_of(with, "file");
    if (strcmp(word_at(words, first - 1), "bake") == 0)
        for (char *file; (file = init_next_item(init, &files, "\n"));)
            init_take_bake_file(init, file);
    else if (json_object_get(with, "context"))
        init_push(init, script->builds, json_incref(with));
}

/* "echo NAME=value >> $GITHUB_OUTPUT" gives the step an output, and GITHUB_ENV the job a
 * variable. Of two values, of the branches of an "if", only a run knows which. */
static void take_output(struct script *script, const char *said, const char *where)
{
    struct init *init = script->init;
    const char *equals = strchr(said, '=');
    if (!equals)
        return;

    char *name = init_cut(init, said, (size_t)(equals - said));
    const char *before = arc_arena_text(&init->arena, arc_json_text_of(script->outputs, name));
    const char *value = init_says_version(before) ? before : equals + 1;
    bool told = arc_text_is_visible(value) &&
                (!*before || init_says_version(value) || strcmp(before, value) == 0);
    const char *given = told ? NULL : init_release_value(name, true);
    value = *before && !told ? (char[]){INIT_UNKNOWN, '\0'} : value;
    value = arc_or(given, value);

    if (strcmp(where, "GITHUB_ENV") == 0)
        init_set_text(init, json_object_get(script->step->scope, "env"), name, value);
    if (strcmp(where, "GITHUB_OUTPUT") != 0)
        return;
    init_set_text(init, script->outputs, name, value);
    init_set_output(script->step, name, value);
}

/* "for" starts a loop, "done" goes to its start with the next word, while there is one. False for
 * other commands. */
static bool take_loop(struct script *script, const char *program, json_t *words)
{
    bool ends = strcmp(program, "done") == 0 && script->depth;
    bool starts = strcmp(program, "for") == 0 && strcmp(word_at(words, 2), "in") == 0 &&
                  json_array_size(words) > 3 && script->depth < LOOPS_MAX;

    if (starts)
        script->loops[script->depth++] =
            (struct loop){script->at, init_keep(script->init, json_incref(words)), 3};
    if (!starts && !ends)
        return false;
    struct loop *loop = &script->loops[script->depth - 1];

    if (loop->next == json_array_size(loop->words)) {
        script->depth--;
        return true;
    }

    init_set(script->init, script->variables, word_at(loop->words, 1),
             json_incref(json_array_get(loop->words, loop->next++)));
    script->at = loop->start;

    return true;
}

/* ---- what commands run ----------------------------------------------------------------------- */

/* Whether a rule's target, which may have a "%" in it, is the one that is made. */
static bool is_target(const char *pattern, const char *target)
{
    size_t before = strcspn(pattern, "%"), len = strlen(target);
    const char *after = pattern + before + 1;
    if (!pattern[before])
        return strcmp(pattern, target) == 0;
    return len > before + strlen(after) && strncmp(pattern, target, before) == 0 &&
           arc_text_ends(target, after);
}

/* Reads the rule's commands for the next of the targets that are wanted. */
static bool start_rule(struct script *script)
{
    const json_t *next = json_array_get(script->left, 0);
    const char *target = word_at(next, 0);
    const char *needs = word_at(json_object_get(script->rules, target), 0);

    if (!next)
        return false;
    init_set_text(script->init, script->variables, "@", target);
    init_set_text(script->init, script->variables, "*", word_at(next, 1));
    init_set_text(script->init, script->variables, "<", needs);
    arc_json_each (set, json_object_get(script->settings, target))
        (void)take_assignment(script, set, false);
    json_array_remove(script->left, 0);

    return true;
}

/* "TARGET: NAME = value": for what makes this target. */
static void add_setting(struct script *script, const char *target, const json_t *words,
                        size_t first)
{
    json_t *all = json_object_get(script->settings, target);
    json_t *set = init_made(script->init, json_array());

    for (size_t i = first; i < json_array_size(words); i++)
        init_push(script->init, set, json_incref(json_array_get(words, i)));
    if (!all)
        init_set(script->init, script->settings, target, all = json_array());
    init_push(script->init, all, set);
}

/* "TARGET…: FILE…" of a Makefile that is run: `needs` is the number of the first that it needs. */
static void take_rule(struct script *script, json_t *words, size_t needs)
{
    struct init *init = script->init;
    bool sets =
        init_is_among(word_at(words, needs + 1), ":= ?= =") || is_assignment(word_at(words, needs));

    script->left = init_keep(init, json_array());
    for (size_t i = 0; i < needs; i++) {
        char *target = init_cut(init, word_at(words, i), strcspn(word_at(words, i), ":"));
        json_t *all = json_object_get(script->rules, target);
        if (sets)
            add_setting(script, target, words, needs);
        if (*target && !all && !sets)
            init_set(init, script->rules, target, all = json_array());
        for (size_t n = needs; all && !sets && n < json_array_size(words); n++)
            init_push(init, all, json_incref(json_array_get(words, n)));
        size_t before = strcspn(target, "%");
        arc_json_each_pair (name, value, script->wanted)
            if (*target && is_target(target, name))
                init_push(init, script->left,
                          json_pack("[s, s#]", name, name + before,
                                    (int)(target[before] ? strlen(name) + 1 - strlen(target) : 0)));
    }

    script->rule = script->at;
    script->skips = sets || !start_rule(script);
    if (script->skips)
        script->at += strcspn(script->at, "\n"); /* what stands behind a ";" */
}

/* Whether commands may build something, here or in what they run. */
static bool mentions_images(const char *text)
{
    return ARC_HOLDS(text, "docker", "podman", "buildah");
}

/* Whether such a call was read before, and told nothing, or it would take what the workflows need
 * to be read. */
static bool is_known_call(const struct script *script, const char *path, const json_t *words,
                          char **key)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = WORD_MAX};

    arc_buf_printf(&text, "%s\n", path);
    arc_json_each (word, words)
        arc_buf_printf(&text, "%s ", json_string_value(word));
    *key = init_hold(script->init, &text);

    return script->called >= CALLED_MAX || script->init->spent > INIT_SPENT_MAX / 8 ||
           json_object_get(script->init->called, *key);
}

/* What was told by a call, in all. */
static size_t count_told(const struct script *script)
{
    return json_array_size(script->builds) + json_object_size(script->outputs) + script->pushes;
}

/* Adds what a target needs to what is made. */
static void add_needs(struct init *init, json_t *targets, const json_t *needs)
{
    arc_json_each (need, needs)
        if (json_array_size(targets) < TARGETS_MAX)
            init_push(init, targets, json_incref(need));
}

/* Runs the Makefile: reads it for its rules, then the commands of all that the targets need. */
static void run_makefile(struct script *script, const char *path, json_t *targets)
{
    struct init *init = script->init;
    struct script made = *script;
    size_t told = count_told(script);
    char *key;
    json_t *wanted = init_keep(init, json_object());
    const char *text = is_known_call(script, path, targets, &key) ? NULL : init_read(init, path);

    if (!text)
        return;
    made.called++;
    made.variables = init_keep(init, init_copy(init, script->variables));
    made.is_makefile = true;
    made.directory = init_directory(init, path);
    made.rules = init_keep(init, json_object());
    made.settings = init_keep(init, json_object());
    made.wanted = wanted;
    init_set_text(init, made.variables, "MAKE", "make");
    init_set_text(init, made.variables, "CURDIR", made.directory);
    read_text(&made, text);

    const char *first = json_object_iter_key(json_object_iter(made.rules));
    if (!json_array_size(targets) && first)
        init_push(init, targets, json_string(first));
    for (size_t i = 0, asked = json_array_size(targets); i < json_array_size(targets); i++) {
        const char *target = word_at(targets, i);
        bool is_known = arc_text_is_visible(target);
        if (json_object_get(wanted, target) || (!is_known && i >= asked))
            continue;
        if (is_known)
            init_set(init, wanted, target, json_true());
        arc_json_each_pair (rule, needs, made.rules) {
            char *bound;
            if (!is_known && json_array_size(targets) < TARGETS_MAX &&
                init_match(init, target, rule, false, &bound))
                init_push(init, targets, json_string(rule));
            else if (is_known && is_target(rule, target))
                add_needs(init, targets, needs);
        }
    }

    if (made.mentions)
        read_text(&made, text);
    script->pushes = made.pushes;
    if (count_told(script) == told)
        init_set(init, init->called, key, json_true());
}

/* "make -C DIRECTORY -f FILE NAME=value TARGET…"; a directory that only a run knows is any. */
static void take_make(struct script *script, const json_t *words)
{
    struct init *init = script->init;
    const char *folder = script->directory, *file = NULL;
    json_t *targets = init_keep(init, json_array()), *given = init_keep(init, json_object());
    struct script made = *script;
    bool named = false;

    made.variables = init_keep(init, init_copy(init, script->variables));
    init_update(init, made.variables, script->passed);
    arc_json_each_pair (name, value, made.variables)
        init_set(init, given, name, json_false());

    for (size_t i = 1; i < json_array_size(words); i++) {
        const char *word = word_at(words, i);
        size_t len = strcspn(word, "=");
        if (strcmp(word, "-C") == 0 || strcmp(word, "-f") == 0) {
            const char *path = init_resolve(init, script->directory, word_at(words, ++i));
            *(word[1] == 'C' ? &folder : &file) = path;
        } else if (is_assignment(word)) {
            init_set_text(init, made.variables, init_cut(init, word, len), word + len + 1);
            init_set(init, given, init_cut(init, word, len), json_true());
        } else if (*word != '-')
            init_push(init, targets, json_string(word));
        named = json_array_size(targets) > 0;
    }

    for (size_t i = 0; i < json_array_size(targets); i++)
        if (!ARC_HOLDS(word_at(targets, i), "push", "publish", "release", "deploy", "image", "img",
                       "docker", "container", "build", "all", (char[]){INIT_UNKNOWN, '\0'}))
            json_array_remove(targets, i--); /* tests and what they need */
    if (named && !json_array_size(targets))
        return;

    made.given = given;
    for (size_t i = 0; folder && i < init->file_count && script->called < CALLED_MAX; i++) {
        const char *path = init->files[i];
        char *bound = NULL;
        bool is_meant =
            file ? strcmp(file, path) == 0
                 : init_is_among(arc_path_name(path), "Makefile GNUmakefile") &&
                       init_match(init, folder, init_directory(init, path), false, &bound);
        if (is_meant)
            run_makefile(&made, path, init_keep(init, json_copy(targets)));
    }

    script->pushes = made.pushes;
}

/* "sh FILE …", "./FILE …", ". FILE": its commands, with the words behind it as $1 and so on. */
static void take_script(struct script *script, const json_t *words)
{
    struct init *init = script->init;
    struct script inner = *script;
    const char *program = word_at(words, 0) + strspn(word_at(words, 0), "@-+");
    bool is_sourced = init_is_among(program, ". source");
    bool is_shell = is_sourced || init_is_among(arc_path_name(program), "sh bash");
    size_t at = 0;

    while (is_shell && (at == 0 || *word_at(words, at) == '-'))
        at++;
    char *path = init_resolve(init, script->directory, at ? word_at(words, at) : program);
    size_t told = count_told(script);
    char *key;
    if (!path || !init_has_file(init, path) || !(is_shell || arc_text_ends(path, ".sh")) ||
        is_known_call(script, path, words, &key))
        return;

    const char *text = init_read(init, path);
    inner.called++;
    inner.is_makefile = false;
    inner.depth = 0;
    if (!is_sourced)
        inner.variables = init_keep(init, init_copy(init, script->variables));
    init_update(init, inner.variables, script->passed);
    for (size_t i = 1; at + i < json_array_size(words); i++)
        init_set_text(init, inner.variables, init_print(init, "%zu", i), word_at(words, at + i));
    if (text && mentions_images(text))
        read_text(&inner, text);
    script->pushes = script->pushes || inner.pushes;
    if (!is_sourced && count_told(script) == told)
        init_set(init, init->called, key, json_true());
}

/* "include FILE…" of a Makefile. */
static void take_include(struct script *script, const json_t *words)
{
    struct script inner = *script;

    inner.called++;
    for (size_t i = 1; script->called < CALLED_MAX && i < json_array_size(words); i++) {
        char *path = init_resolve(script->init, script->directory, word_at(words, i));
        const char *text =
            path && init_has_file(script->init, path) ? init_read(script->init, path) : NULL;
        if (text)
            read_text(&inner, text);
    }
    script->pushes = script->pushes || inner.pushes;
    script->mentions = script->mentions || inner.mentions;
}

/* What "docker push NAME" and "docker buildx imagetools create -t NAME…" publish, whatever job built
 * it. */
static void take_published(const struct script *script, const json_t *words, size_t first)
{
    struct init *init = script->init;
    bool is_join = strcmp(word_at(words, 2), "imagetools") == 0;

    for (size_t i = first; i < json_array_size(words); i++) {
        struct init_image named = {0};
        const char *reference = word_at(words, i);
        const char *name = arc_path_name(reference);
        name = init_cut(init, name, strcspn(name, ":@"));
        if ((is_join && !init_is_among(word_at(words, i - 1), "-t --tag")) || name == reference ||
            !arc_text_is_visible(name) || ARC_STARTS(reference, "localhost"))
            continue;
        init_set(init, init->published, name, json_true());
        if (arc_text_is_visible(reference) && init_take_reference(init, reference, &named) &&
            named.registries)
            init_count_registry(init, named.registries[0]);
    }
}

static void take_command(struct script *script, json_t *words)
{
    static const char prefixes[] = "do then else if ! sudo export time";
    size_t next = 2, first = 0;

    while (is_assignment(word_at(words, first)) || init_is_among(word_at(words, first), prefixes))
        first++;
    bool passed = first < json_array_size(words);
    json_t *given = init_keep(script->init, json_object());

    while (take_assignment(script, words, passed) || init_is_among(word_at(words, 0), prefixes)) {
        const char *word = word_at(words, 0), *equals = strchr(word, '=');
        if (passed && equals)
            init_set_text(script->init, given,
                          init_cut(script->init, word, (size_t)(equals - word)), equals + 1);
        json_array_remove(words, 0);
    }

    const char *program = arc_path_name(word_at(words, 0) + strspn(word_at(words, 0), "@-+"));
    const char *what = word_at(words, 1);

    if (take_loop(script, program, words))
        return;

    if (init_is_among(program, "cd pushd")) {
        char *directory = init_resolve(script->init, script->directory, what);
        script->left_behind = script->directory;
        script->directory = arc_or(directory, script->directory);
    } else if (strcmp(program, "popd") == 0)
        script->directory = arc_or(script->left_behind, script->directory);

    if (strcmp(program, "echo") == 0 && strcmp(word_at(words, 2), ">>") == 0)
        take_output(script, what, word_at(words, 3));

    script->passed = given;
    script->branches += script->is_makefile && init_is_among(program, "ifeq ifneq ifdef ifndef");
    script->branches -= script->branches && strcmp(program, "endif") == 0;
    if (script->is_makefile && init_is_among(program, "include sinclude"))
        take_include(script, words);
    else if (script->step->runner && strcmp(program, "make") == 0)
        take_make(script, words);
    else if (script->step->runner)
        take_script(script, words);
    if (!init_is_among(program, "docker podman buildah"))
        return;
    if (script->step->runner &&
        (strcmp(what, "push") == 0 || strcmp(word_at(words, 2), "imagetools") == 0))
        take_published(script, words, 2);
    if (strcmp(what, "buildx") == 0 || strcmp(what, "image") == 0)
        what = word_at(words, next++);
    if (init_is_among(what, "build bud bake"))
        take_options(script, words, next);
    else if (strcmp(what, "push") == 0)
        script->pushes = true;
    else if (strcmp(what, "tag") == 0) /* what is built as A is B, too */
        arc_json_each (with, script->builds)
            if (strcmp(arc_json_text_of(with, "tags"), word_at(words, next)) == 0)
                add_input(script->init, with, "tags", word_at(words, next + 1));
}

/* What builds of the script are called on the machine alone. A new reference. */
static json_t *list_local_names(const struct script *script)
{
    json_t *names = init_made(script->init, json_object());
    arc_json_each (with, script->builds) {
        const char *tags = arc_json_text_of(with, "tags");
        for (char *tag; (tag = init_next_item(script->init, &tags, "\n"));)
            if (!strchr(tag, '/'))
                init_set(script->init, names, tag, json_true());
    }
    return names;
}

/* A build as a step; an image of the machine alone is no base for it elsewhere. */
static void take_built(const struct script *script, json_t *with, const json_t *local)
{
    struct init *init = script->init;
    struct init_step build = *script->step;
    const char *tags = arc_json_text_of(with, "tags"), *args = arc_json_text_of(with, "build-args");
    ARC_AUTO(arc_buf) struct arc_buf kept = {.max = WORD_MAX}, given = {.max = WORD_MAX};

    for (char *tag; (tag = init_next_item(init, &tags, "\n"));)
        if (strchr(tag, '/')) /* one without is the machine's own where others are given */
            arc_text_item(&kept, "\n", "%s", tag);
    const char *names = init_hold(init, &kept);
    if (*names)
        init_set_text(init, with, "tags", names);
    else if (!script->step->runner)
        json_object_del(with, "tags"); /* what a developer calls it */

    for (char *arg; (arg = init_next_item(init, &args, "\n"));) {
        char *equals = strchr(arg, '=');
        if (equals && ARC_HOLDS(arg, "BASE", "IMAGE", "FROM") && json_object_get(local, equals + 1))
            arg = init_print(init, "%.*s=%c", (int)(equals - arg), arg, INIT_UNKNOWN);
        arc_text_item(&given, "\n", "%s", arg);
    }
    if (given.len)
        init_set_text(init, with, "build-args", init_hold(init, &given));

    if (script->pushes)
        init_set_text(init, with, "push", "true");
    if (json_object_get(with, "called") && !*arc_json_text_of(with, "push") &&
        !ARC_HOLDS(arc_json_text_of(with, "outputs"), "push=true", "type=registry"))
        return; /* a test; who publishes it may be a file that no workflow runs */
    init->guessed = init->guessed || json_object_get(with, "called");
    build.with = with;
    init_take_build(&build);
}

/* Where the next line is that counts, from the start of one: not what another target needs. */
static void start_line(struct script *script)
{
    if (!script->wanted)
        return;
    while (*script->at == '\t' && script->skips) {
        script->at += strcspn(script->at, "\n");
        script->at += *script->at == '\n';
    }
    bool ends = !*script->at || !strchr("\t\n", *script->at);
    if (ends && script->rule && start_rule(script))
        script->at = script->rule;
}

/* The next command's words; those of a rule go to it. */
static void read_command(struct script *script, struct arc_buf *word, bool is_line)
{
    struct init *init = script->init;
    ARC_AUTO_JSON json_t *words = init_made(init, json_array());
    bool is_recipe = !is_line || *script->at == '\t', is_variable;

    while (take_word(script, word, &is_variable)) {
        const char *rest = init_hold(init, word), *part;
        if (!is_variable)
            init_push(init, words, json_string(rest));
        while (is_variable && (part = init_next_item(init, &rest, " \t")))
            init_push(init, words, json_string(part)); /* which may hold several */
    }

    for (size_t i = 0; script->wanted && !is_recipe && i < json_array_size(words); i++)
        if (arc_text_ends(word_at(words, i), ":")) {
            take_rule(script, words, i + 1);
            return;
        }

    take_command(script, words);
}

static void read_text(struct script *script, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = WORD_MAX};
    char *start = script->directory;
    bool is_line = true;

    script->at = text;
    script->mentions = script->mentions || mentions_images(text);
    script->rule = NULL;
    script->skips = script->wanted != NULL;

    while (init_spend(script->init, script->called ? CALLED_COST : COMMAND_COST)) {
        if (is_line)
            start_line(script);
        if (!*script->at)
            break;
        read_command(script, &word, is_line);
        if (*script->at == '#')
            script->at += strcspn(script->at, "\n");
        is_line = *script->at == '\n';
        if (is_line && script->is_makefile)
            script->directory = start;
        script->at += *script->at != '\0';
    }
}

void init_take_commands(const struct init_step *step, const char *text, const json_t *env,
                        const char *directory, bool pushes)
{
    struct init *init = step->init;
    const char *dot = strrchr(step->file, '.');
    struct script script = {
        .init = init,
        .step = step,
        .directory = arc_arena_text(&init->arena, directory),
        .variables = init_keep(init, json_pack("{s:s, s:s}", "GITHUB_OUTPUT", "GITHUB_OUTPUT",
                                               "GITHUB_ENV", "GITHUB_ENV")),
        .outputs = init_keep(init, json_object()),
        .builds = init_keep(init, json_array()),
        .is_makefile = !step->runner && !(dot && strcmp(dot, ".sh") == 0),
        .pushes = pushes};

    init_update(init, script.variables, env);

    read_text(&script, text);

    ARC_AUTO_JSON json_t *local = list_local_names(&script);
    arc_json_each (with, script.builds)
        take_built(&script, with, local);
}

/* ---- files ---------------------------------------------------------------------------------- */

void init_read_scripts(struct init *init)
{
    json_t *scope = init_keep(init, json_object());
    size_t count = 0;
    bool told = init->groups || (init->pushes && !init->guessed);

    init_settle(init);

    for (size_t i = 0; i < init->file_count && !told && count < INIT_FILES_MAX; i++) {
        const char *path = init->files[i], *name = arc_path_name(path);
        bool is_shell = arc_text_ends(path, ".sh"); /* started from the root */
        bool is_script =
            is_shell || init_is_among(name, "Makefile GNUmakefile") || arc_text_ends(path, ".mk");
        if (!is_script || init_is_aside(path))
            continue;
        const char *text = init_read(init, path);
        struct init_step step = {.init = init, .scope = scope, .when = "", .file = path};
        if (text)
            init_take_commands(&step, text, NULL, is_shell ? "." : init_directory(init, path),
                               true);
        count++;
    }
}
