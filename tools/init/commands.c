/* What scripts build: each "docker build" in a shell script or a Makefile, or in what they run,
 * becomes a step. */
#define _GNU_SOURCE /* memmem */
#include "config/build.h"
#include "init/script.h"

#define COMMAND_COST 1000
#define CALLED_COST  800 /* most are assignments of a Makefile */
#define PART_COST    256 /* of a variable's words */
#define NEED_COST    16
#define CALLED_MAX   4
#define TARGETS_MAX  200
#define MAKEFILES    "Makefile GNUmakefile"

/* Reads the commands of a text with the script's directory and variables. */
static void read_text(struct script *script, const char *text);

/* ---- commands ------------------------------------------------------------------------------- */

/* A word of a command; "" past the last one. */
static const char *word_at(const json_t *words, size_t index)
{
    const char *word = json_string_value(json_array_get(words, index));
    return arc_or(word, "");
}

/* Whether a word is "NAME=value". */
static bool is_assignment(const char *word)
{
    size_t len = strspn(word, INIT_LETTERS);
    return len && ARC_STARTS(word + len, "=", "+=");
}

/* Sets the variable of "NAME=value" (unless it is `passed` to a command) or of a Makefile's
 * "NAME := value". True if it set a variable. */
static bool take_assignment(struct script *script, const json_t *words, bool passed)
{
    struct init *init = script->init;
    const char *word = word_at(words, 0);
    size_t len = strlen(word), before = strcspn(word, "=+");
    bool differs = script->branches > (script->told > 0); /* only a run knows which of several */
    ARC_AUTO(arc_buf) struct arc_buf value = {.max = WORD_MAX};

    if (is_assignment(word)) {
        char *name = init_cut(init, word, before);
        const char *now = arc_json_text_of(script->variables, name), *next = strchr(word, '=') + 1;
        if (word[before] == '+')
            next = script->conditions ? now : init_print(init, "%s%s", now, next);
        bool keeps = init_says_version(now) && !init_says_version(next);
        bool is_flag = init_is_among(now, "true false") && init_is_among(next, "true false");
        if ((is_flag || ((script->cases || differs) && *now)) && strcmp(now, next) != 0)
            next = INIT_UNKNOWN_TEXT;
        /* a release's value stays: the new one is for other runs */
        if (!passed && !keeps && !script->empty && !script->is_off)
            init_set_text(init, script->variables, name, next);
        if (keeps && script->step->runner && init_is_among(next, INIT_MOVING_TAGS))
            init_ask(init, script->step->file, 0,
                     "which runs publish as '%s', to which commands set %s? None is proposed", next,
                     name);
        return true;
    }

    if (script->is_makefile && len && word[len - 1] == ':') {
        init_set_text(init, script->variables, "@", init_cut(init, word, len - 1));
        init_set_text(init, script->variables, "<", word_at(words, 1));
    }

    const char *second = word_at(words, 1);
    if (script->is_makefile && len && arc_text_ends(second, ":") &&
        !init_is_among(word, "echo printf @echo @printf"))
        init_set_text(init, script->variables, "@", INIT_UNKNOWN_TEXT); /* one of several targets */

    bool adds = strcmp(second, "+=") == 0;
    if (!len || !(adds || init_is_among(second, ":= ::= ?= =")))
        return false;
    const char *before_it = arc_json_text_of(script->variables, word);
    const json_t *given = json_object_get(script->given, word);
    bool is_set = given || (*before_it && arc_text_is_visible(before_it) && !differs);
    if (json_is_true(given) || (is_set && *second == '?') || (adds && differs) || script->is_off)
        return true;
    if (adds)
        arc_buf_puts(&value, before_it);
    for (size_t i = 2; i < json_array_size(words); i++)
        arc_text_item(&value, " ", "%s", word_at(words, i));
    const char *said = init_hold(init, &value);
    if (differs && *before_it && strcmp(before_it, said) != 0)
        said = INIT_UNKNOWN_TEXT;
    init_set_text(init, script->variables, word, said);

    return true;
}

/* ---- rules of Makefiles, and what commands run ---------------------------------------------- */

/* Whether a rule's target, which may contain "%", matches the target to make. */
static bool is_target(const char *pattern, const char *target)
{
    size_t before = strcspn(pattern, "%"), len = strlen(target);
    const char *after = pattern + before + 1;
    if (!pattern[before])
        return strcmp(pattern, target) == 0;
    return len > before + strlen(after) && strncmp(pattern, target, before) == 0 &&
           arc_text_ends(target, after);
}

char *init_fill_stem(struct init *init, const char *text, const char *pattern, const char *target)
{
    size_t before = strcspn(pattern, "%"), part = strcspn(text, "%");

    if (!is_target(pattern, target))
        return NULL;
    if (!pattern[before] || !text[part])
        return arc_arena_text(&init->arena, text);
    size_t len = strlen(target) + 1 - strlen(pattern);

    return init_print(init, "%.*s%.*s%s", (int)part, text, (int)len, target + before,
                      text + part + 1);
}

/* Starts reading the rule's commands for the next wanted target; false if there is none. */
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

/* "TARGET…: FILE…" of a Makefile: `needs` is the index of the first prerequisite. */
static void take_rule(struct script *script, json_t *words, size_t needs)
{
    struct init *init = script->init;
    bool sets =
        init_is_among(word_at(words, needs + 1), ":= ?= =") || is_assignment(word_at(words, needs));

    ARC_AUTO_JSON json_t *taken = init_made(init, json_object());
    size_t cost = (json_object_size(script->wanted) + json_array_size(words) - needs) * NEED_COST;
    const char *shape = word_at(words, needs); /* "image-%:" in "$(IMAGES): image-%: main" */
    bool shaped = arc_text_ends(shape, ":") && strchr(shape, '%');

    script->left = init_keep(init, json_array());
    for (size_t i = 0; i < needs && init_spend(init, cost); i++) {
        char *target = init_cut(init, word_at(words, i), strcspn(word_at(words, i), ":"));
        json_t *all = json_object_get(script->rules, target);
        if (sets) { /* "TARGET: NAME = value" */
            json_t *set = init_made(init, json_array());
            for (size_t n = needs; n < json_array_size(words); n++)
                init_push(init, set, json_incref(json_array_get(words, n)));
            if (!(all = json_object_get(script->settings, target)))
                init_set(init, script->settings, target, all = json_array());
            init_push(init, all, set);
        }
        if (sets || !*target)
            continue;
        if (!all)
            init_set(init, script->rules, target, all = json_array());
        const char *pattern = shaped ? init_cut(init, shape, strlen(shape) - 1) : target;
        for (size_t n = needs + shaped; n < json_array_size(words); n++) {
            const char *need = word_at(words, n);
            init_push(init, all,
                      json_string(arc_or(init_fill_stem(init, need, pattern, target), need)));
        }
        size_t before = strcspn(pattern, "%");
        arc_json_each_pair (name, value, script->wanted) {
            if (!is_target(target, name) || json_object_get(taken, name))
                continue;
            init_set(init, taken, name, json_true());
            init_push(init, script->left,
                      json_pack("[s, s#]", name, name + before,
                                (int)(pattern[before] ? strlen(name) + 1 - strlen(pattern) : 0)));
        }
    }

    script->rule = script->at;
    script->skips = sets || !start_rule(script);
    if (script->skips)
        script->at += strcspn(script->at, "\n"); /* a recipe after ";" */
}

/* Whether commands may build something, directly or through what they run. */
static bool mentions_images(const char *text)
{
    return ARC_HOLDS(text, "docker", "podman", "buildah");
}

/* Whether to skip a call: it was read before and yielded nothing, or it would use up the half of the
 * budget that the workflows still need. */
static bool is_known_call(const struct script *script, const char *path, const json_t *words,
                          char **key)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = WORD_MAX};

    arc_buf_printf(&text, "%s\n", path);
    arc_json_each (word, words)
        arc_buf_printf(&text, "%s ", json_string_value(word));
    *key = init_hold(script->init, &text);
    if (script->called >= CALLED_MAX || json_object_get(script->init->called, *key))
        return true;
    if (script->init->spent <= INIT_SPENT_MAX / 2)
        return false;
    init_ask(
        script->init, script->step->file, 0,
        "what do the scripts and Makefiles build that it runs? All files together run too many "
        "to follow");

    return true;
}

static size_t count_told(const struct script *script)
{
    return json_array_size(script->builds) + json_object_size(script->outputs) + script->pushes;
}

/* Reads the Makefile twice: for its rules, then for the commands of the targets and all their
 * prerequisites. */
static void run_makefile(struct script *script, const char *path, const char *directory,
                         json_t *targets)
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
    made.depth = 0;
    made.variables = init_keep(init, init_copy(init, script->variables));
    made.is_makefile = true;
    made.directory = arc_arena_text(&init->arena, directory);
    made.rules = init_keep(init, json_object());
    made.settings = init_keep(init, json_object());
    made.wanted = wanted;
    init_set_text(init, made.variables, "MAKE", "make");
    init_set_text(init, made.variables, "CURDIR",
                  init_print(init, "%c%s", INIT_ROOT, made.directory));
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
            if (!is_known && json_array_size(targets) < TARGETS_MAX &&
                init_match(init, target, rule, false, NULL))
                init_push(init, targets, json_string(rule));
            else if (is_known && is_target(rule, target))
                arc_json_each (need, needs)
                    if (json_array_size(targets) < TARGETS_MAX)
                        init_push(init, targets,
                                  json_string(
                                      init_fill_stem(init, json_string_value(need), rule, target)));
        }
    }

    if (made.mentions)
        read_text(&made, text);
    script->pushes = made.pushes;
    if (count_told(script) == told)
        init_set(init, init->called, key, json_true());
}

/* "make -C DIRECTORY -f FILE NAME=value TARGET…"; a directory that only a run knows matches any. */
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
            const char *path = word_at(words, ++i);
            path = folder ? init_resolve_path(script->step, folder, path) : NULL;
            *(word[1] == 'C' ? &folder : &file) = path;
        } else if (is_assignment(word)) {
            init_set_text(init, made.variables, init_cut(init, word, len), word + len + 1);
            init_set(init, given, init_cut(init, word, len), json_true());
        } else if (*word != '-') {
            named = true;
            if (ARC_HOLDS(word, "push", "publish", "release", "deploy", "image", "img", "docker",
                          "container", "build", "all", INIT_UNKNOWN_TEXT))
                init_push(init, targets,
                          json_string(word)); /* skips test targets and their prerequisites */
        }
    }

    if (named && !json_array_size(targets))
        return;

    made.given = given;
    for (size_t i = 0; folder && i < init->file_count && script->called < CALLED_MAX; i++) {
        const char *path = init->files[i];
        bool is_meant = file
                            ? strcmp(file, path) == 0
                            : init_is_among(arc_path_name(path), MAKEFILES) &&
                                  init_match(init, folder, init_directory(init, path), false, NULL);
        if (is_meant && init_spend(init, json_array_size(targets) * NEED_COST))
            run_makefile(&made, path, file ? folder : init_directory(init, path),
                         init_keep(init, json_copy(targets)));
    }

    script->pushes = made.pushes;
}

/* "sh FILE …", "./FILE …", ". FILE": reads its commands, with the arguments as $1 and so on. */
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
    if (!path || !init_has_file(init, path))
        return;
    const char *text = init_read(init, path);
    bool is_script = is_shell || arc_text_ends(path, ".sh") ||
                     (text && ARC_STARTS(text, "#!") && memmem(text, strcspn(text, "\n"), "sh", 2));
    if (!text || !is_script || is_known_call(script, path, words, &key))
        return;

    inner.called++;
    inner.file = path;
    inner.is_makefile = false;
    inner.depth = 0;
    if (!is_sourced)
        inner.variables = init_keep(init, init_copy(init, script->variables));
    init_update(init, inner.variables, script->passed);
    for (size_t i = 1; at + i < json_array_size(words); i++)
        init_set_text(init, inner.variables, init_print(init, "%zu", i), word_at(words, at + i));
    if (mentions_images(text))
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
    inner.depth = 0;
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

/* ---- builds --------------------------------------------------------------------------------- */

void init_add_input(struct init *init, json_t *with, const char *name, const char *value)
{
    const char *before = arc_json_text_of(with, name), *path = strchr(value, INIT_ROOT);
    if (!init_spend(init, strlen(before)))
        return;
    if (path) /* where a script is, is no name */
        value = init_print(init, "%.*s%c", (int)(path - value), value, INIT_UNKNOWN);
    init_set(init, with, name, json_sprintf("%s%s%s", before, *before ? "\n" : "", value));
}

/* A path of the command, relative to the root; unchanged if it is remote or leaves the repository. */
static const char *place(const struct script *script, const char *path)
{
    bool is_local = !arc_context_is_remote(path);
    char *resolved = is_local ? init_resolve(script->init, script->directory, path) : NULL;
    return arc_or(resolved, path);
}

const char *init_find_input(const char *option)
{
    static const char *const inputs[][2] = {{"-t --tag", "tags"},
                                            {"-f --file", "file"},
                                            {"--build-arg", "build-args"},
                                            {"--platform", "platforms"},
                                            {"--target", "target"},
                                            {"--build-context", "build-contexts"},
                                            {"--output -o", "outputs"},
                                            {"--secret", "secrets"},
                                            {"--ssh", "ssh"},
                                            {"--network", "network"},
                                            {"--add-host", "add-hosts"},
                                            {"--provenance", "provenance"},
                                            {"--sbom", "sbom"}};

    arc_each_in (row, inputs)
        if (init_is_among(option, (*row)[0]))
            return (*row)[1];

    return NULL;
}

/* Turns the options of a build into inputs of docker/build-push-action, and records the files of a
 * bake. */
static void take_options(struct script *script, const json_t *words, size_t first)
{
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
            continue; /* the Dockerfile comes from stdin */
        const char *sign = word + strspn(word, "0123456789&");
        if (strchr("<>", *sign) && *sign) { /* "2> FILE", ">FILE" */
            index += !sign[strspn(sign, "<>&")];
            continue;
        }
        if (*word != '-') {
            init_set_text(init, with, "context", place(script, word));
            continue;
        }
        if (strcmp(word, "--push") == 0)
            init_set_text(init, with, "push", "true");
        if (init_is_among(option, flags))
            continue;
        const char *input = init_find_input(option);
        if (input)
            init_add_input(init, with, input,
                           strcmp(input, "file") == 0 ? place(script, value) : value);
        index += !equals;
    }

    const char *files = arc_json_text_of(with, "file");
    bool is_bake = strcmp(word_at(words, first - 1), "bake") == 0;
    if (is_bake && strcmp(script->directory, ".") == 0) /* arc-ci runs bake there, too */
        init_take_bake_files(init, files);
    else if (!is_bake && json_object_get(with, "context"))
        init_push(init, script->builds, json_incref(with));
}

static bool is_of_commit(const char *value)
{
    return ARC_HOLDS(value, "{revision}", "{sha}", "{sha7}", "{branch}");
}

/* "echo NAME=value >> $GITHUB_OUTPUT" sets an output of the step, and GITHUB_ENV a variable of the
 * job. When branches of an "if" set different values, only a run knows which. */
static void take_output(struct script *script, const char *said, const char *where)
{
    struct init *init = script->init;
    const char *equals = strchr(said, '=');
    if (!equals)
        return;

    char *name = init_cut(init, said, (size_t)(equals - said));
    const char *before = arc_arena_text(&init->arena, arc_json_text_of(script->outputs, name));
    bool of_commits = is_of_commit(before) || is_of_commit(equals + 1);
    if (of_commits && json_object_get(script->guessed, name))
        before = INIT_UNKNOWN_TEXT;
    const char *value = init_says_version(before) ? before : equals + 1;
    bool told = arc_text_is_visible(value) &&
                (!*before || init_says_version(value) || strcmp(before, value) == 0);
    const char *unknown = strchr(value, INIT_UNKNOWN);
    bool differs = strchr(before, INIT_UNKNOWN) || (unknown && strchr(unknown + 1, INIT_UNKNOWN));
    bool guesses = !told && !differs && !of_commits;
    const char *given = guesses ? init_release_value(name, true) : NULL;
    if (given) {
        script->guessed = arc_or(script->guessed, init_keep(init, json_object()));
        init_set(init, script->guessed, name, json_true());
    }
    value = *before && !told ? INIT_UNKNOWN_TEXT : value;
    value = arc_or(given, value);

    json_t *env = json_object_get(script->step->scope, "env");
    bool keeps = init_says_version(arc_json_text_of(env, name)) && !init_says_version(value);
    if (strcmp(where, "GITHUB_ENV") == 0 && !keeps) /* another step sets it for other runs */
        init_set_text(init, env, name, value);
    if (init_is_among(where, "GITHUB_OUTPUT GITHUB_ENV"))
        init_set_text(init, script->outputs, name, value);
    if (strcmp(where, "GITHUB_OUTPUT") == 0)
        init_set_output(script->step, name, value);
}

/* "echo NAME=value >> FILE", or "{ echo NAME=value; …; } >> FILE". */
static void take_echo(struct script *script, const char *program, const json_t *words)
{
    const char *said = word_at(words, 1);

    if (strcmp(program, "}") == 0) {
        arc_json_each (line, script->said)
            if (strcmp(said, ">>") == 0)
                take_output(script, json_string_value(line), word_at(words, 2));
        script->said = NULL;
    }

    if (strcmp(program, "echo") != 0)
        return;
    const char *name =
        arc_text_after(said, "::set-output name="); /* the way before GITHUB_OUTPUT */
    const char *value = name ? strstr(name, "::") : NULL;
    if (value)
        take_output(script,
                    init_print(script->init, "%.*s=%s", (int)(value - name), name, value + 2),
                    "GITHUB_OUTPUT");
    else if (strcmp(word_at(words, 2), ">>") == 0)
        take_output(script, said, word_at(words, 3));
    else if (script->said)
        init_push(script->init, script->said, json_string(said));
}

/* "for" starts a loop; "done" jumps back to its start until no word is left. False for other
 * commands. */
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

/* Records the names that "docker push NAME" and "docker buildx imagetools create -t NAME…" publish,
 * whichever job built the image. */
static void take_published(const struct script *script, const json_t *words, size_t first)
{
    struct init *init = script->init;
    bool is_join = strcmp(word_at(words, 2), "imagetools") == 0;
    bool is_list = strcmp(word_at(words, 1), "manifest") == 0; /* names follow its own */

    for (size_t i = first, ends = 0; i < json_array_size(words) && !ends; i++) {
        struct init_image named = {0};
        const char *reference = word_at(words, i);
        if (*reference == '-')
            continue;
        ends = is_list;
        const char *last = arc_path_name(reference);
        const char *name = init_cut(init, last, strcspn(last, ":@"));
        if ((is_join && !init_is_among(word_at(words, i - 1), "-t --tag")) || last == reference ||
            !*name || init_is_local(reference))
            continue;
        if (arc_is_alnum(*name) && arc_text_is_visible(name))
            init_set(init, init->published, name, json_true());
        else /* whichever image it is, the registry is known */
            reference = init_print(init, "%.*sx", (int)(last - reference), reference);
        if (!arc_text_is_visible(reference) || !init_take_reference(init, reference, &named) ||
            !named.registries)
            continue;
        init_count_registry(init, named.registries[0]);
        const char *tag = strchr(arc_path_name(reference), ':');
        if ((is_join || is_list) && tag && !script->conditions)
            init_remember_tag(script->step, &named, tag + 1);
    }
}

/* "docker buildx bake", "docker compose build", "docker-compose push": the file's variables are
 * those of the environment. */
static void take_values(const struct script *script, const json_t *words)
{
    struct init *init = script->init;
    bool is_compose = strcmp(word_at(words, 0), "docker-compose") == 0 ||
                      strcmp(word_at(words, 1), "compose") == 0;
    bool builds = false;

    arc_json_each (word, words)
        builds =
            builds || init_is_among(json_string_value(word), is_compose ? "build push" : "bake");
    if (!builds || !script->step->runner)
        return;

    json_t *values = init_keep(init, init_copy(init, json_object_get(script->step->scope, "env")));
    init_update(init, values, script->variables);
    init_update(init, values, script->passed);
    init_take_values(script->step, values);
}

/* "docker build …", "docker buildx bake …", "docker push …", "docker tag A B". */
static void take_docker(struct script *script, const json_t *words)
{
    const char *what = word_at(words, 1);
    size_t next = 2;

    take_values(script, words);

    if (script->step->runner &&
        (strcmp(what, "push") == 0 || strcmp(word_at(words, 2), "imagetools") == 0))
        take_published(script, words, 2);
    if (script->step->runner && strcmp(what, "manifest") == 0 &&
        init_is_among(word_at(words, 2), "create push"))
        take_published(script, words, 3);
    if (strcmp(what, "buildx") == 0 || strcmp(what, "image") == 0)
        what = word_at(words, next++);
    if (init_is_among(what, "build bud bake") && !script->is_outside)
        take_options(script, words, next);
    else if (strcmp(what, "push") == 0)
        script->pushes = true;
    else if (strcmp(what, "tag") == 0) /* an image built as A is also named B */
        arc_json_each (with, script->builds)
            if (arc_json_says(with, "tags", word_at(words, next)))
                init_add_input(script->init, with, "tags", word_at(words, next + 1));
}

/* "cosign sign IMAGE", also behind xargs, unless it is in a registry of a test. */
static void take_signing(const struct script *script, const json_t *words)
{
    const struct init_step *step = script->step;
    bool signs = false, has_key = false, is_old = false;

    for (size_t i = 1; i < json_array_size(words); i++) {
        const char *word = word_at(words, i), *before = word_at(words, i - 1);
        signs =
            signs || (strcmp(word, "sign") == 0 && strcmp(arc_path_name(before), "cosign") == 0);
        has_key = has_key || ARC_STARTS(word, "--key");
        is_old = is_old || strcmp(word, "--new-bundle-format=false") == 0;
        if (ARC_STARTS(word, "--allow-insecure-registry", "--allow-http-registry"))
            return;
    }

    if (signs && is_old)
        init_ask(script->init, step->file, step->line,
                 "who checks its signatures? They have the form before Sigstore's bundles, which "
                 "podman, skopeo, CRI-O and bootc read; arc-ci makes bundles, and they do not yet");
    if (signs && has_key)
        init_ask(script->init, step->file, step->line, INIT_WHICH_KEY);
    else if (signs)
        init_note(script->init, step->file, step->line, INIT_SIGNS);
    script->init->signs |= signs && !has_key;
}

/* Asks about "crane copy FROM TO" and its like: names for images that are built. */
static void ask_copies(const struct script *script, const char *program, const json_t *words)
{
    const char *to = word_at(words, json_array_size(words) - 1), *how = NULL;

    to = arc_or(arc_text_after(to, "docker://"), to);
    arc_json_each (word, words)
        if (!how && init_is_among(json_string_value(word), "copy cp tag"))
            how = json_string_value(word);
    if (how && !init_is_local(to) && !ARC_STARTS(to, "oci:", "dir:") &&
        !arc_text_same(script->step->event, "pull_request"))
        init_ask(script->init, script->step->file, 0,
                 "which names does '%s %s' give to images? It is not read", program, how);
}

/* Counts the blocks that a command begins or ends, and removes "{". */
static void take_block(struct script *script, json_t *words)
{
    const char *word = word_at(words, 0);

    if (script->empty == script->conditions && init_is_among(word, "else elif fi"))
        script->empty = 0;
    script->conditions += strcmp(word, "if") == 0;
    const char *asked = word_at(words, 3);
    bool asks = strcmp(word, "if") == 0 && init_is_among(word_at(words, 1), "[ [[") &&
                strcmp(word_at(words, 2), "-z") == 0 && strchr(";\n", *script->at);
    if (asks && !script->empty && *asked && arc_text_is_visible(asked))
        script->empty = script->conditions;
    script->conditions -= script->conditions && strcmp(word, "fi") == 0;
    script->cases += strcmp(word, "case") == 0;
    script->cases -= script->cases && strcmp(word, "esac") == 0;
    if (strcmp(word, "{") == 0) {
        script->said = init_keep(script->init, json_array());
        json_array_remove(words, 0);
    }
}

static void take_command(struct script *script, json_t *words)
{
    static const char prefixes[] = "do then else if ! sudo -E export time";
    size_t first = 0;

    take_block(script, words);

    while (is_assignment(word_at(words, first)) || init_is_among(word_at(words, first), prefixes))
        first++;
    bool passed = first < json_array_size(words);
    json_t *given = init_keep(script->init, json_object());

    while ((take_assignment(script, words, passed) || init_is_among(word_at(words, 0), prefixes)) &&
           init_spend(script->init, json_array_size(words))) {
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
        char *directory = init_resolve_path(script->step, script->directory, what);
        script->left_behind = script->directory;
        script->directory = arc_or(directory, script->directory);
        script->is_outside = !directory && *what;
    } else if (strcmp(program, "popd") == 0) {
        script->directory = arc_or(script->left_behind, script->directory);
        script->is_outside = false;
    }

    take_echo(script, program, words);
    if (script->step->runner && init_is_among(program, "cosign xargs"))
        take_signing(script, words);
    if (script->step->runner && init_is_among(program, "crane regctl skopeo"))
        ask_copies(script, program, words);
    script->passed = given;
    if (script->is_makefile && init_is_among(program, "include sinclude"))
        take_include(script, words);
    else if (script->step->runner && strcmp(program, "make") == 0)
        take_make(script, words);
    else if (script->step->runner)
        take_script(script, words);
    if (init_is_among(program, "docker podman buildah docker-compose"))
        take_docker(script, words);
}

/* Takes over one build as a step. A base image that exists only on the machine becomes
 * INIT_UNKNOWN. */
static void take_built(const struct script *script, json_t *with, const json_t *local)
{
    struct init *init = script->init;
    struct init_step build = *script->step;
    const char *tags = arc_json_text_of(with, "tags"), *args = arc_json_text_of(with, "build-args");
    const char *tags_given = arc_arena_text(&init->arena, tags);
    ARC_AUTO(arc_buf) struct arc_buf kept = {.max = WORD_MAX}, given = {.max = WORD_MAX};

    for (char *tag; (tag = init_next_item(init, &tags, "\n"));)
        if (strchr(tag, '/')) /* without a registry it is a local name */
            arc_text_item(&kept, "\n", "%s", tag);
    const char *names = init_hold(init, &kept);
    bool stays = *tags_given && !*names && arc_text_is_visible(tags_given);
    if (*names)
        init_set_text(init, with, "tags", names);
    else if (!script->step->runner)
        json_object_del(with, "tags"); /* a developer's local name */

    for (char *arg; (arg = init_next_item(init, &args, "\n"));) {
        char *equals = strchr(arg, '=');
        if (equals && ARC_HOLDS(arg, "BASE", "IMAGE", "FROM") && json_object_get(local, equals + 1))
            arg = init_print(init, "%.*s=%c", (int)(equals - arg), arg, INIT_UNKNOWN);
        arc_text_item(&given, "\n", "%s", arg);
    }
    if (given.len)
        init_set_text(init, with, "build-args", init_hold(init, &given));

    if (script->pushes && !(stays && script->step->runner)) /* what is pushed has a registry */
        init_set_text(init, with, "push", "true");
    if (json_object_get(with, "called") && !*arc_json_text_of(with, "push") &&
        !ARC_HOLDS(arc_json_text_of(with, "outputs"), "push=true", "type=registry"))
        return; /* a test build; the file that publishes it may be one that no workflow runs */
    init->guessed = init->guessed || json_object_get(with, "called");
    build.with = with;
    init_take_build(&build);
}

/* Counts a Makefile's conditions; whether the variable of "ifdef NAME" is defined, or that of
 * "ifeq ($(NAME),)", is known, unless a runner defines it. "else ifeq" begins no other one. */
static void take_condition(struct script *script, const char *word, const char *next)
{
    const char *name = init_is_among(word, "ifdef ifndef") ? next : "", *at = script->at;
    size_t len = ARC_STARTS(at, "($(", "(${") ? strspn(at + 3, INIT_LETTERS) : 0;
    bool ends = strcmp(word, "endif") == 0;

    if (init_is_among(word, "ifeq ifneq") && len && ARC_STARTS(at + 3 + len, "),)", "},)"))
        name = init_cut(script->init, at + 3, len);
    script->branches += init_is_among(word, "ifdef ifndef ifeq ifneq");
    if (*name && !script->told && !ARC_STARTS(name, "CI", "GITHUB_")) {
        script->told = script->branches;
        script->is_off =
            !*arc_json_text_of(script->variables, name) == init_is_among(word, "ifdef ifneq");
    } else if (script->told == script->branches && (ends || strcmp(word, "else") == 0)) {
        script->is_off = script->told && !ends && !script->is_off;
        script->told = ends ? 0 : script->told;
    }
    script->branches -= script->branches && ends;
}

/* Reads the next command; in a Makefile, a line with a target is taken as a rule. */
static void read_command(struct script *script, struct arc_buf *word, bool is_line)
{
    struct init *init = script->init;
    ARC_AUTO_JSON json_t *words = init_made(init, json_array());
    bool is_recipe = !is_line || *script->at == '\t', is_variable;

    while (init_take_word(script, word, &is_variable)) {
        const char *rest = init_hold(init, word), *part;
        size_t name = strspn(rest, INIT_LETTERS), sign = strspn(rest + name, ":?+") + 1;
        bool splits = script->is_makefile && !is_recipe && !is_variable && name &&
                      json_array_size(words) < 2 && rest[name + sign - 1] == '=';
        if (splits) { /* "NAME=value" and "NAME:=value" at the start of a Makefile's line */
            init_push(init, words, json_string(init_cut(init, rest, name)));
            init_push(init, words, json_string(init_cut(init, rest + name, sign)));
            rest += name + sign;
        }
        if (!is_variable && (*rest || !splits))
            init_push(init, words, json_string(rest));
        while (is_variable && init_spend(init, PART_COST) &&
               (part = init_next_item(init, &rest, " \t")))
            init_push(init, words, json_string(part)); /* a variable may hold several words */
    }

    for (size_t i = 0; script->wanted && !is_recipe && i < json_array_size(words); i++)
        if (arc_text_ends(word_at(words, i), ":")) {
            take_rule(script, words, i + 1);
            return;
        }

    if (script->is_makefile && !is_recipe)
        take_condition(script, word_at(words, 0), word_at(words, 1));
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
        while (is_line && script->wanted && script->skips && *script->at == '\t') {
            script->at += strcspn(script->at, "\n"); /* of a target that is not wanted */
            script->at += *script->at == '\n';
        }
        bool ends = is_line && (!*script->at || !strchr("\t\n", *script->at));
        if (ends && script->wanted && script->rule && start_rule(script))
            script->at = script->rule; /* the recipe is another wanted target's, too */
        if (!*script->at)
            break;
        read_command(script, &word, is_line);
        if (*script->at == '#')
            script->at += strcspn(script->at, "\n");
        is_line = *script->at == '\n';
        if (is_line && script->is_makefile)
            script->directory = start;
        if (*script->at == ')' || (is_line && script->is_makefile)) /* of a subshell */
            script->is_outside = false;
        script->at += *script->at != '\0';
    }
}

void init_take_commands(const struct init_step *step, const char *text, const json_t *env,
                        const char *directory, bool pushes)
{
    struct init *init = step->init;
    bool is_shell = arc_text_ends(step->file, ".sh");
    char *from = init_resolve_path(step, ".", directory);
    from = arc_or(from, arc_arena_text(&init->arena, directory));
    struct script script = {
        .init = init,
        .step = step,
        .file = is_shell ? step->file : NULL,
        .directory = from,
        .variables = init_keep(init, json_pack("{s:s, s:s}", "GITHUB_OUTPUT", "GITHUB_OUTPUT",
                                               "GITHUB_ENV", "GITHUB_ENV")),
        .outputs = init_keep(init, json_object()),
        .builds = init_keep(init, json_array()),
        .is_makefile = !step->runner && !is_shell,
        .pushes = pushes};

    init_update(init, script.variables, env);

    read_text(&script, text);

    ARC_AUTO_JSON json_t *local = init_made(init, json_object()); /* names only on the machine */
    arc_json_each (with, script.builds) {
        const char *tags = arc_json_text_of(with, "tags");
        for (char *tag; (tag = init_next_item(init, &tags, "\n"));)
            if (!strchr(tag, '/'))
                init_set(init, local, tag, json_true());
    }
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

    for (size_t i = 0; i < init->file_count && !told; i++) {
        const char *path = init->files[i], *name = arc_path_name(path);
        bool is_shell = arc_text_ends(path, ".sh"); /* assumed to run in the root */
        bool is_script = is_shell || arc_text_ends(path, ".mk") || init_is_among(name, MAKEFILES);
        if (!is_script || init_is_aside(path))
            continue;
        if (!init_counts(init, &count))
            break;
        const char *text = init_read(init, path);
        struct init_step step = {.init = init, .scope = scope, .when = "", .file = path};
        if (text)
            init_take_commands(&step, text, NULL, is_shell ? "." : init_directory(init, path),
                               true);
    }
}
