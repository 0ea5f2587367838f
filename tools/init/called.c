/* What a script's commands run: rules of Makefiles, other scripts. */
#include "init/script.h"

#define CALLED_MAX  4
#define TARGETS_MAX 200
#define NEED_COST   16

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

bool init_start_rule(struct script *script)
{
    const json_t *next = json_array_get(script->left, 0);
    const char *target = init_word_at(next, 0);
    const char *needs = init_word_at(json_object_get(script->rules, target), 0);

    if (!next)
        return false;
    init_set_text(script->init, script->variables, "@", target);
    init_set_text(script->init, script->variables, "*", init_word_at(next, 1));
    init_set_text(script->init, script->variables, "<", needs);
    arc_json_each (set, json_object_get(script->settings, target))
        (void)init_take_assignment(script, set, false);
    json_array_remove(script->left, 0);

    return true;
}

/* "TARGET: NAME = value": a target-specific variable. */
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

void init_take_rule(struct script *script, json_t *words, size_t needs)
{
    struct init *init = script->init;
    bool sets = init_is_among(init_word_at(words, needs + 1), ":= ?= =") ||
                init_is_assignment(init_word_at(words, needs));

    ARC_AUTO_JSON json_t *taken = init_made(init, json_object());
    size_t cost = (json_object_size(script->wanted) + json_array_size(words) - needs) * NEED_COST;
    const char *shape = init_word_at(words, needs); /* "image-%:" in "$(IMAGES): image-%: main" */
    bool shaped = arc_text_ends(shape, ":") && strchr(shape, '%');

    script->left = init_keep(init, json_array());
    for (size_t i = 0; i < needs && init_spend(init, cost); i++) {
        char *target = init_cut(init, init_word_at(words, i), strcspn(init_word_at(words, i), ":"));
        json_t *all = json_object_get(script->rules, target);
        if (sets)
            add_setting(script, target, words, needs);
        if (sets || !*target)
            continue;
        if (!all)
            init_set(init, script->rules, target, all = json_array());
        const char *pattern = shaped ? init_cut(init, shape, strlen(shape) - 1) : target;
        for (size_t n = needs + shaped; n < json_array_size(words); n++) {
            const char *need = init_word_at(words, n);
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
    script->skips = sets || !init_start_rule(script);
    if (script->skips)
        script->at += strcspn(script->at, "\n"); /* a recipe after ";" */
}

bool init_mentions_images(const char *text)
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
    const char *text =
        is_known_call(script, path, targets, &key) ? NULL : init_read_script(init, path);

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
    init_read_text(&made, text);

    const char *first = json_object_iter_key(json_object_iter(made.rules));
    if (!json_array_size(targets) && first)
        init_push(init, targets, json_string(first));
    for (size_t i = 0, asked = json_array_size(targets); i < json_array_size(targets); i++) {
        const char *target = init_word_at(targets, i);
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
        init_read_text(&made, text);
    script->pushes = made.pushes;
    if (count_told(script) == told)
        init_set(init, init->called, key, json_true());
}

void init_take_make(struct script *script, const char *program, const json_t *words)
{
    struct init *init = script->init;
    const char *folder = script->directory, *file = NULL;
    json_t *targets = init_keep(init, json_array()), *given = init_keep(init, json_object());
    const char *files = strcmp(program, "task") == 0 ? INIT_TASKFILES : INIT_JUSTFILES;
    struct script made = *script;
    bool named = false;

    if (strcmp(program, "make") == 0)
        files = "Makefile GNUmakefile";
    made.variables = init_keep(init, init_copy(init, script->variables));
    init_update(init, made.variables, script->passed);
    arc_json_each_pair (name, value, made.variables)
        init_set(init, given, name, json_false());

    for (size_t i = 1; i < json_array_size(words); i++) {
        const char *word = init_word_at(words, i);
        size_t len = strcspn(word, "=");
        if (strcmp(word, "-C") == 0 || strcmp(word, "-f") == 0) {
            const char *path = init_word_at(words, ++i);
            path = folder ? init_resolve_path(script->step, folder, path) : NULL;
            *(word[1] == 'C' ? &folder : &file) = path;
        } else if (init_is_assignment(word)) {
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
                            : init_is_among(arc_path_name(path), files) &&
                                  init_match(init, folder, init_directory(init, path), false, NULL);
        if (is_meant && init_spend(init, json_array_size(targets) * NEED_COST))
            run_makefile(&made, path, file ? folder : init_directory(init, path),
                         init_keep(init, json_copy(targets)));
    }

    script->pushes = made.pushes;
}

void init_take_script(struct script *script, const json_t *words)
{
    struct init *init = script->init;
    struct script inner = *script;
    const char *program = init_word_at(words, 0) + strspn(init_word_at(words, 0), "@-+");
    bool is_sourced = init_is_among(program, ". source");
    bool is_shell = is_sourced || init_is_among(arc_path_name(program), "sh bash pwsh");
    size_t at = 0;

    while (is_shell && (at == 0 || *init_word_at(words, at) == '-'))
        at++;
    char *path = init_resolve(init, script->directory, at ? init_word_at(words, at) : program);
    size_t told = count_told(script);
    char *key;
    if (!path || !init_has_file(init, path))
        return;
    const char *text = init_read_script(init, path);
    const char *line = text ? init_cut(init, text, strcspn(text, "\n")) : "";
    bool is_script = is_shell || arc_text_ends(path, ".sh") || arc_text_ends(path, ".ps1") ||
                     (ARC_STARTS(line, "#!") && strstr(line, "sh"));
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
        init_set_text(init, inner.variables, init_print(init, "%zu", i),
                      init_word_at(words, at + i));
    if (init_mentions_images(text))
        init_read_text(&inner, text);
    script->pushes = script->pushes || inner.pushes;
    if (!is_sourced && count_told(script) == told)
        init_set(init, init->called, key, json_true());
}

void init_take_include(struct script *script, const json_t *words)
{
    struct script inner = *script;

    inner.called++;
    inner.depth = 0;
    for (size_t i = 1; script->called < CALLED_MAX && i < json_array_size(words); i++) {
        char *path = init_resolve(script->init, script->directory, init_word_at(words, i));
        const char *text =
            path && init_has_file(script->init, path) ? init_read(script->init, path) : NULL;
        if (text)
            init_read_text(&inner, text);
    }
    script->pushes = script->pushes || inner.pushes;
    script->mentions = script->mentions || inner.mentions;
}
