/* Findings, and access to the files they are about. */
#include "base/json.h"
#include "config/fields.h"
#include "lint/rule.h"
#include "os/file.h"

/* At most this many findings of one rule are shown per file. */
#define SHOWN_MAX 100

#define RULE(id, name, summary) const char LINT_##id[] = name;
#include "lint/rules.def"
#undef RULE

const char *const lint_rules[] = {
#define RULE(id, name, summary) LINT_##id,
#include "lint/rules.def"
#undef RULE
    NULL};

const char *const lint_summaries[] = {
#define RULE(id, name, summary) summary,
#include "lint/rules.def"
#undef RULE
    NULL};

const char *const lint_styles[] = {
#define RULE(id, name, summary)
#define STYLE(id, name, summary) name,
#include "lint/rules.def"
#undef RULE
    NULL};

bool lint_is_on(const struct lint *lint, const char *rule)
{
    if (arc_texts_have(lint->settings.off, rule))
        return false;
    return !arc_text_among(rule, lint_styles) || arc_texts_have(lint->settings.style, rule);
}

static void keep_finding(struct lint *lint, const char *rule, const char *file, unsigned line,
                         const char *message)
{
    struct arc_arena *memory = &lint->memory;
    struct lint_finding *finding =
        arc_arena_append(memory, &lint->findings, &lint->finding_count, sizeof *finding);
    if (finding)
        *finding =
            (struct lint_finding){arc_arena_text(memory, file), line ? line : 1,
                                  arc_arena_text(memory, rule), arc_arena_text(memory, message)};
}

static void add_finding(struct lint *lint, const char *rule, const char *file, unsigned line,
                        const char *message)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0}, path = {0};

    if (!lint_is_on(lint, rule))
        return;

    arc_each (waiver, lint->settings.waivers, lint->settings.waiver_count) {
        if (strcmp(waiver->rule, rule) != 0 || strcmp(waiver->file, file) != 0 ||
            (waiver->has && !strstr(message, waiver->has)))
            continue;
        waiver->used = true;
        return;
    }

    arc_text_visible(&path, file, strlen(file));
    const char *key = lint_text(lint, "%s:%s", rule, lint_content(lint, &path));
    if (lint->memory.failed)
        return; /* never count under half a key */
    json_int_t count = json_integer_value(json_object_get(lint->counts, key)) + 1;
    lint_set(lint, lint->counts, key, json_integer(count));
    if (count > SHOWN_MAX)
        return; /* the rest is one finding at the end */

    arc_text_visible(&shown, message, strlen(message));
    keep_finding(lint, rule, lint_content(lint, &path), line, lint_content(lint, &shown));
}

void lint_find_rest(struct lint *lint)
{
    arc_json_each_pair (key, value, lint->counts) {
        json_int_t more = json_integer_value(value) - SHOWN_MAX;
        const char *file = strchr(key, ':') + 1;
        if (more > 0)
            keep_finding(lint, arc_arena_cut(&lint->memory, key, (size_t)(file - 1 - key)), file, 1,
                         lint_text(lint, "and %lld more of them", (long long)more));
    }
}

void lint_find(struct lint *lint, const char *rule, const char *file, unsigned line,
               const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    add_finding(lint, rule, file, line, lint_content(lint, &text));
}

void lint_find_error(struct lint *lint, const char *rule, const char *file,
                     const struct arc_error *err)
{
    const char *message = arc_error_text(err);
    if (err->code == ARC_ENOMEM)
        lint->memory.failed = true;
    else
        add_finding(lint, rule, file, err->place.line, message + err->place_len);
}

void lint_set(struct lint *lint, json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new_nocheck(object, name, value))
        lint->memory.failed = true;
}

void lint_looked_at(struct lint *lint, const char *file)
{
    if (arc_utf8_valid(file, strlen(file)))
        lint_set(lint, lint->files, file, json_true());
}

const char *lint_content(struct lint *lint, const struct arc_buf *text)
{
    lint->memory.failed |= text->failed == ARC_ENOMEM;
    return arc_buf_text(text);
}

bool lint_exists(struct lint *lint, const char *file)
{
    return arc_file_kind_in(lint->root, file) == ARC_FILE_REGULAR;
}

bool lint_read(struct lint *lint, const char *rule, const char *file, struct arc_buf *out)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    lint_looked_at(lint, file);
    if (arc_file_read_in(lint->root, file, LINT_FILE_MAX, out, &err)) {
        lint_find_error(lint, rule, file, &err);
        return false;
    }

    for (size_t at = 0, step; at < out->len; at += arc_or(step, 1)) {
        step = arc_utf8_length(out->data + at, out->len - at);
        if (!step)
            out->data[at] = '?'; /* NUL bytes cannot be part of a match */
    }

    return true;
}

bool lint_read_yaml(struct lint *lint, const char *rule, const char *file, unsigned flags,
                    struct arc_yaml *out)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    lint_looked_at(lint, file);
    if (arc_yaml_read_in(lint->root, file, flags, out, &err) == ARC_OK)
        return true;
    lint_find_error(lint, rule, file, &err);
    return false;
}

json_t *lint_list(struct lint *lint, const char *directory)
{
    json_t *names = NULL;
    if (arc_file_list(lint_text(lint, "%s/%s", lint->root, directory), &names, NULL) == ARC_ENOMEM)
        lint->memory.failed = true;
    return arc_or(names, json_array());
}

const char *lint_expand(struct lint *lint, const char *text, const struct arc_service *service,
                        const struct arc_group *group)
{
    static const struct arc_service none;
    const struct arc_service *s = arc_or(service, &none);
    const char *port = service ? lint_text(lint, "%u", s->port) : NULL;
    const struct arc_word words[] = {{"group", group ? group->name : NULL},
                                     {port ? "port" : NULL, port}, /* the end without a service */
                                     {"codename", arc_text_or(s->codename, "")},
                                     {"name", arc_text_or(s->name, "")},
                                     {"directory", arc_text_or(s->directory, "")},
                                     {"role", arc_text_or(s->role, "")},
                                     {"tech", arc_text_or(s->tech, "")},
                                     {"health", arc_text_or(s->health, "")},
                                     {NULL, NULL}};
    ARC_AUTO(arc_buf) struct arc_buf out = {0};

    arc_words_fill(text, words, &out);
    return arc_arena_text(&lint->memory, lint_content(lint, &out));
}
