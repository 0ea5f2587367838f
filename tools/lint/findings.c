/* Findings, and reading the tree they are about. */
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/text.h"
#include "lint/rule.h"
#include "os/file.h"
#include <stdio.h>
#include <string.h>

/* Most findings of one rule in one file that are told one by one. */
#define SHOWN_MAX 100

/* Longest text file that is read. */
#define FILE_MAX ((size_t)1 << 20)

const char *lint_rule_name(enum lint_rule rule)
{
    static const char *const names[] = {
#define RULE(id, name, summary) name,
#include "lint/rules.def"
#undef RULE
    };
    return names[rule];
}

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

/* Counts the finding; false for one of too many in its file, which are told as one at the end. */
static bool is_told(struct lint *lint, const char *rule, const char *file)
{
    ARC_AUTO(arc_buf) struct arc_buf key = {0};
    arc_buf_printf(&key, "%s:%s", rule, file);
    const char *name = lint_content(lint, &key);
    if (key.failed)
        return false; /* half a key would be counted */
    json_int_t count = json_integer_value(json_object_get(lint->counts, name)) + 1;
    if (json_object_set_new_nocheck(lint->counts, name, json_integer(count)))
        lint->failed = ARC_ENOMEM;
    return count <= SHOWN_MAX;
}

static bool is_allowed(struct lint *lint, const char *rule, const char *file, const char *message)
{
    for (size_t i = 0; i < lint->settings.waiver_count; i++) {
        struct lint_waiver *waiver = &lint->settings.waivers[i];
        if (strcmp(waiver->rule, rule) != 0 || strcmp(waiver->file, file) != 0 ||
            (waiver->has && !strstr(message, waiver->has)))
            continue;
        waiver->used = true;
        return true;
    }

    return false;
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
    if (memory->failed)
        lint->failed = ARC_ENOMEM;
}

static void add_finding(struct lint *lint, const char *rule, const char *file, unsigned line,
                        const char *message)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    ARC_AUTO(arc_buf) struct arc_buf path = {0};

    if (!lint_is_on(lint, rule) || is_allowed(lint, rule, file, message))
        return;
    arc_text_visible(&path, file, strlen(file));
    if (!is_told(lint, rule, lint_content(lint, &path)))
        return;
    arc_text_visible(&shown, message, strlen(message));
    keep_finding(lint, rule, lint_content(lint, &path), line, lint_content(lint, &shown));
}

void lint_find_rest(struct lint *lint)
{
    const char *key;
    json_t *value;

    json_object_foreach (lint->counts, key, value) {
        json_int_t more = json_integer_value(value) - SHOWN_MAX;
        const char *file = strchr(key, ':') + 1;
        ARC_AUTO_FREE char *rule = strndup(key, (size_t)(file - 1 - key));
        ARC_AUTO_FREE char *text = lint_text(lint, "and %lld more of them", (long long)more);
        if (!rule)
            lint->failed = ARC_ENOMEM;
        if (more > 0 && rule && text)
            keep_finding(lint, rule, file, 1, text);
    }
}

void lint_find_named(struct lint *lint, const char *rule, const char *file, unsigned line,
                     const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    va_list args;
    va_start(args, format);
    arc_buf_vprintf(&text, format, args);
    va_end(args);
    add_finding(lint, rule, file, line, lint_content(lint, &text));
}

void lint_find_error(struct lint *lint, const char *rule, const char *file,
                     const struct arc_error *err)
{
    const char *message = arc_error_text(err);
    if (err->code == ARC_ENOMEM || !err->message) { /* or its message was lost that way */
        lint->failed = ARC_ENOMEM;
        return;
    }
    add_finding(lint, rule, file, err->place.line, message + err->place_len);
}

void lint_applied(struct lint *lint, const char *rule)
{
    if (lint_is_on(lint, rule) && json_object_set_new(lint->rules, rule, json_true()))
        lint->failed = ARC_ENOMEM;
}

void lint_looked_at(struct lint *lint, const char *file)
{
    if (arc_utf8_valid(file, strlen(file)) && json_object_set_new(lint->files, file, json_true()))
        lint->failed = ARC_ENOMEM;
}

char *lint_text(struct lint *lint, const char *format, ...)
{
    struct arc_buf text = {0};
    va_list args;

    va_start(args, format);
    arc_buf_vprintf(&text, format, args);
    va_end(args);
    char *out = arc_buf_steal(&text);
    if (!out)
        lint->failed = ARC_ENOMEM;
    return out;
}

char *lint_join(struct lint *lint, const char *directory, const char *name)
{
    if (strcmp(directory, ".") == 0)
        return lint_text(lint, "%s", name);
    return lint_text(lint, "%s/%s", directory, name);
}

const char *lint_content(struct lint *lint, const struct arc_buf *text)
{
    if (text->failed == ARC_ENOMEM)
        lint->failed = ARC_ENOMEM;
    return arc_buf_text(text);
}

bool lint_exists(struct lint *lint, const char *file)
{
    return arc_file_kind_in(lint->root, file) == ARC_FILE_REGULAR;
}

/* Bytes that are no UTF-8 as "?": what is looked for is not among them. */
static void replace_bytes(struct arc_buf *text)
{
    for (size_t at = 0; at < text->len;) {
        size_t step = arc_utf8_length(text->data + at, text->len - at);
        if (!step)
            text->data[at] = '?';
        at += step ? step : 1;
    }
}

bool lint_read(struct lint *lint, enum lint_rule rule, const char *file, struct arc_buf *out)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    lint_looked_at(lint, file);
    if (arc_file_read_in(lint->root, file, FILE_MAX, out, &err) == ARC_OK) {
        replace_bytes(out);
        return true;
    }
    lint_find_error(lint, lint_rule_name(rule), file, &err);
    return false;
}

bool lint_read_yaml(struct lint *lint, enum lint_rule rule, const char *file, struct arc_yaml *out)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    lint_looked_at(lint, file);
    if (arc_yaml_read_in(lint->root, file, ARC_YAML_ANY_TAG, out, &err) == ARC_OK)
        return true;
    lint_find_error(lint, lint_rule_name(rule), file, &err);
    return false;
}

json_t *lint_list(struct lint *lint, const char *directory)
{
    json_t *names = NULL;
    ARC_AUTO_FREE char *path = lint_text(lint, "%s/%s", lint->root, directory);
    if (path && arc_file_list(path, &names, NULL) == ARC_ENOMEM)
        lint->failed = ARC_ENOMEM;
    return names ? names : json_array();
}

/* Whose values fill a text in; either may be NULL. */
struct subject {
    const struct arc_service *service;
    const struct arc_group *group;
};

static bool add_value(void *context, const char *name, struct arc_buf *out)
{
    const struct subject *subject = context;
    const struct arc_service *service = subject->service;

    if (subject->group && strcmp(name, "group") == 0) {
        arc_buf_puts(out, subject->group->name);
        return true;
    }

    if (!service)
        return false;

    if (strcmp(name, "port") == 0) {
        arc_buf_printf(out, "%u", service->port);
        return true;
    }

    const struct {
        const char *name;
        const char *value;
    } values[] = {{"codename", service->codename},   {"name", service->name},
                  {"directory", service->directory}, {"role", service->role},
                  {"tech", service->tech},           {"health", service->health}};
    size_t i = 0, count = sizeof values / sizeof *values;
    while (i < count && strcmp(values[i].name, name) != 0)
        i++;
    if (i < count && values[i].value)
        arc_buf_puts(out, values[i].value);

    return i < count;
}

void lint_expand(struct arc_buf *out, const char *text, const struct arc_service *service,
                 const struct arc_group *group)
{
    struct subject subject = {service, group};
    arc_text_fill(text, add_value, &subject, out);
}
