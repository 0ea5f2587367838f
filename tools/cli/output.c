/* Prints a command's report. */
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"
#include "os/actions.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

void report_output_bytes(struct report *report, const char *name, const char *value, size_t len)
{
    struct arc_arena *memory = &report->memory;
    char *copy = arc_arena_array(memory, len + 1, 1);
    struct report_output *output = NULL;

    if (copy)
        output = arc_arena_append(memory, &report->outputs, &report->output_count, sizeof *output);
    report->output_bytes += strlen(name) + len;
    if (output)
        *output =
            (struct report_output){arc_arena_text(memory, name), memcpy(copy, value, len), len};
}

void report_output(struct report *report, const char *name, const char *value)
{
    report_output_bytes(report, name, value, strlen(value));
}

void report_flag(struct report *report, const char *name, bool value)
{
    report_output(report, name, arc_true_or_false(value));
}

void report_value(struct report *report, const char *name, const json_t *value, const char *missing)
{
    bool none = !value || json_is_null(value);
    const char *text = none ? missing : json_string_value(value);
    ARC_AUTO_FREE char *dump = text ? NULL : arc_json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    report->memory.failed |= !text && !dump;
    report_output(report, name, text ? text : arc_or(dump, ""));
}

void report_members(struct report *report, const char *const *names)
{
    for (; *names; names++)
        report_value(report, *names, json_object_get(report->document, *names), "");
}

int report_fill(const char *text, const json_t *values, struct arc_buf *out, struct arc_error *err)
{
    static const struct arc_template_place places[] = {
        {"bare", arc_template_bare}, {"visible", arc_text_visible}, {0}};
    return arc_template_fill(text, places, values, out, err);
}

bool report_is_seen(const struct report *report)
{
    return !report->inv->json && !report->inv->format;
}

int report_show(struct report *report, const char *text, struct arc_error *err)
{
    return report_show_values(report, text, report->document, err);
}

int report_show_values(struct report *report, const char *text, const json_t *values,
                       struct arc_error *err)
{
    return report_is_seen(report) ? report_fill(text, values, &report->human, err) : ARC_OK;
}

static const char *level_name(char level)
{
    if (level == 'e')
        return "error";
    return level == 'w' ? "warning" : "notice";
}

void report_note(struct report *report, char level, const struct arc_place *place,
                 const char *format, ...)
{
    const struct invocation *inv = report->inv;
    struct arc_buf text = {0}, shown = {0};

    if (inv->quiet && level == 'n')
        return;

    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    arc_text_visible(&shown, arc_buf_text(&text), text.len);
    arc_buf_free_part(&shown, &text);

    if (arc_actions_active(inv->env)) {
        arc_actions_annotation(&report->notes, level_name(level), place, inv->command->name,
                               arc_buf_text(&shown));
    } else {
        if (place && place->file) {
            arc_place_show(&report->notes, place);
            arc_buf_puts(&report->notes, ": ");
        }
        arc_buf_printf(&report->notes, "%s: %s\n", level_name(level), arc_buf_text(&shown));
    }

    arc_buf_free_part(&report->notes, &shown);
}

int report_note_text(void *report, char level, const char *text, struct arc_error *err)
{
    report_note(report, level, NULL, "%s", text);
    return arc_buf_check(&((struct report *)report)->notes, "the notes", err);
}

void report_free(struct report *report)
{
    arc_arena_free(&report->memory);
    json_decref(report->document);
    arc_buf_free(&report->human);
    arc_buf_free(&report->summary);
    arc_buf_free(&report->notes);
    *report = (struct report){0};
}

static bool has_value(const struct arc_env *env, const char *name, const char *value)
{
    return arc_text_same(arc_env_get(env, name), value);
}

bool terminal_colour(const struct arc_env *env, const char *when, int fd)
{
    if (when && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    if (arc_env_nonempty(env, "NO_COLOR"))
        return false;
    if (arc_env_nonempty(env, "CLICOLOR_FORCE") && !has_value(env, "CLICOLOR_FORCE", "0"))
        return true;
    return isatty(fd) == 1 && !has_value(env, "TERM", "dumb") && !has_value(env, "CLICOLOR", "0");
}

bool terminal_redraws(const struct arc_env *env, int fd)
{
    return isatty(fd) == 1 && !has_value(env, "TERM", "dumb") && !arc_env_nonempty(env, "CI");
}

static int put(FILE *file, const struct arc_buf *text, struct arc_error *err)
{
    ARC_TRY(arc_buf_check(text, "the output", err));
    if (fwrite(arc_buf_text(text), 1, text->len, file) == text->len && fflush(file) == 0)
        return ARC_OK;

    /* `arc-ci … | head`: a reader that stops early is not an error. The program ignores SIGPIPE
     * while it uses the network, so it now ends as that signal would have ended it. */
    if (errno == EPIPE) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }

    return arc_error_set(err, ARC_EWORLD, "cannot write the output: %s", strerror(errno));
}

/* GITHUB_OUTPUT gets all outputs in one write, or none. */
static int write_github_files(const struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = (size_t)128 << 20};

    arc_each (output, report->outputs, report->output_count)
        ARC_TRY(arc_actions_format_output(&text, output->name, output->value, output->len, err));

    ARC_TRY(arc_buf_check(&text, "GITHUB_OUTPUT", err));
    ARC_TRY(arc_buf_check(&report->summary, "the summary", err));
    ARC_TRY(arc_actions_append(report->inv->env, "GITHUB_OUTPUT", &text, err));

    return arc_actions_summarize(report->inv->env, &report->summary, err);
}

/* The length of a colour sequence of our texts (plain, bold, faint, red to cyan) at `at`, or 0. Any
 * other sequence, such as one that conceals text or moves the cursor, is untrusted data. */
static size_t colour_length(const char *at)
{
    static const char *const codes[] = {"0m", "1m", "2m", "31m", "32m", "33m", "34m", "35m", "36m"};
    if (!ARC_STARTS(at, "\x1b["))
        return 0;
    arc_each_in (code, codes)
        if (arc_text_after(at + 2, *code))
            return 2 + strlen(*code);
    return 0;
}

/* Appends the text with visible control characters, except for our own colours if enabled. */
static void add_visible(struct arc_buf *out, const struct arc_buf *text, bool colour)
{
    const char *at = arc_buf_text(text), *end = at + text->len;
    while (at < end) {
        size_t own = colour ? colour_length(at) : 0;
        const char *next = colour ? memchr(at + 1, '\x1b', (size_t)(end - at) - 1) : NULL;
        arc_buf_add(out, at, own);
        at += own;
        if (own)
            continue;
        size_t len = next ? (size_t)(next - at) : (size_t)(end - at);
        arc_text_visible_lines(out, at, len);
        at += len;
    }
}

static int put_shown(const struct arc_buf *text, unsigned kind, const struct invocation *inv,
                     struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf visible = {.max = text->max}, shown = {.max = text->max};

    if (text->failed || kind == REPORT_DATA)
        return put(stdout, text, err);

    if (kind == REPORT_TEXT) {
        add_visible(&visible, text, inv->colour);
        ARC_TRY(arc_buf_check(&visible, "the output", err));
        text = &visible;
    }

    if (!arc_actions_active(inv->env))
        return put(stdout, text, err);
    arc_actions_disarm(text, kind == REPORT_JSON ? "\\u0023" : "\\x23", &shown);

    return put(stdout, &shown, err);
}

int report_print_notes(const struct report *report, struct arc_error *err)
{
    return put(stderr, &report->notes, err);
}

int report_print(const struct report *report, struct arc_error *err)
{
    const struct invocation *inv = report->inv;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    ARC_TRY(arc_arena_check(&report->memory, err));
    ARC_TRY(arc_buf_check(&report->notes, "the notes", err));
    if ((inv->format || inv->json) && !report->document)
        return arc_error_set(err, ARC_EINPUT, "--%s: there is no document to show",
                             inv->format ? "format" : "json");

    if (inv->format) { /* an invalid template must leave nothing half-written */
        const char *format = inv->format;
        ARC_AUTO(arc_template) struct arc_template template = {0};
        ARC_TRY(arc_template_parse("--format", format, strlen(format), true, &template, err));
        ARC_TRY(arc_template_render(&template, report->document, &text, err));
        arc_buf_putc(&text, '\n');
    }

    ARC_TRY(write_github_files(report, err));
    ARC_TRY(report_print_notes(report, err));

    if (inv->format)
        return put_shown(&text, REPORT_TEXT, inv, err);

    if (inv->json) {
        ARC_AUTO_FREE char *document = arc_json_dumps(report->document, JSON_INDENT(2));
        ARC_TRY_ALLOC(document, err);
        arc_buf_printf(&text, "%s\n", document);
        return put_shown(&text, REPORT_JSON, inv, err);
    }

    if (report->human.len || report->human.failed) {
        bool hidden = inv->quiet && report->kind == REPORT_TEXT;
        return hidden ? ARC_OK : put_shown(&report->human, report->kind, inv, err);
    }

    /* key=value lines; control characters in values become visible. */
    arc_each (output, report->outputs, report->output_count) {
        arc_buf_puts(&text, output->name);
        arc_buf_putc(&text, '=');
        arc_text_visible(&text, output->value, output->len);
        arc_buf_putc(&text, '\n');
    }

    return put_shown(&text, REPORT_TEXT, inv, err);
}

/* A line on stderr, with nothing in it that a terminal or a runner would obey. */
static void put_line(const char *start, const char *line)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0}, harmless = {0};
    arc_text_visible(&shown, line, strlen(line));
    arc_actions_disarm(&shown, "\\x23", &harmless);
    fprintf(stderr, "%s%s\n", start, arc_buf_text(&harmless));
}

void report_progress(void *context, const char *line)
{
    const struct invocation *inv = context;
    if (!inv->quiet)
        put_line("", line);
}

void report_trace(void *context, const char *line)
{
    (void)context;
    put_line("arc-ci: ", line);
}

void report_error(const struct arc_error *error, const struct arc_env *env, const char *command)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    const char *message = arc_error_text(error), *name = arc_or(command, "");

    if (arc_actions_active(env))
        arc_actions_annotation(&text, "error", &error->place, command, message);
    else
        arc_buf_printf(&text, "arc-ci%s%s: %s\n", command ? " " : "", name, message);
    if (error->excerpt && !arc_actions_active(env))
        arc_buf_puts(&text, error->excerpt);

    fputs(text.failed ? "arc-ci: out of memory\n" : arc_buf_text(&text), stderr);
}
