/* dry-run.json for a person: a label, then what belongs to it, in the order of the flow. */
#include "base/text.h"
#include "arcci/dryrun.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/markdown.h"
#include "notes/inputs.h"
#include "json/layout.h"
#include <string.h>

#define LABEL 10 /* columns of the labels */

#define WIDTH 92 /* columns of a block's lines, where they can be broken */

struct page {
    struct arc_buf *out;
    const json_t *document;
    bool colour;
    bool full;
};

static const char bold[] = "1", dim[] = "2", green[] = "32", yellow[] = "33";

static const json_t *get(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

/* ---- lines --------------------------------------------------------------------------------- */

/* Columns that a text takes, near enough: one for each character. */
static size_t columns(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

static void pad(const struct page *page, const char *text, size_t width)
{
    size_t used = columns(text);
    arc_buf_printf(page->out, "%*s", used < width ? (int)(width - used) : 0, "");
}

/* A text that could not be made must not go missing silently: the page fails with it. */
static void carry(const struct page *page, const struct arc_buf *text)
{
    if (text->failed)
        page->out->failed = text->failed;
}

/* Text in a style, padded with spaces to a width (0: as it is). */
static void put(const struct page *page, const char *style, const char *text, size_t width)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    arc_text_visible(&shown, text, strlen(text));
    carry(page, &shown);
    if (page->colour && style && *text)
        arc_buf_printf(page->out, "\x1b[%sm%s\x1b[0m", style, arc_buf_text(&shown));
    else
        arc_buf_puts(page->out, arc_buf_text(&shown));
    pad(page, arc_buf_text(&shown), width);
}

static void plain(const struct page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void plain(const struct page *page, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    va_list args;
    va_start(args, format);
    arc_buf_vprintf(&text, format, args);
    va_end(args);
    carry(page, &text);
    put(page, NULL, arc_buf_text(&text), 0);
}

/* Starts a part: an empty line, the label. */
static void label(const struct page *page, const char *name)
{
    arc_buf_putc(page->out, '\n');
    put(page, bold, name, LABEL);
}

static void indent(const struct page *page)
{
    arc_buf_printf(page->out, "%*s", LABEL, "");
}

static void end(const struct page *page)
{
    arc_buf_putc(page->out, '\n');
}

/* Lines that belong to something else, behind a rule: a file, a body. */
static void block(const struct page *page, const char *text)
{
    while (text[strspn(text, "\n")]) {
        size_t len = strcspn(text, "\n");
        put(page, dim, len ? "  │ " : "  │", 0);
        arc_text_visible(page->out, text, len);
        end(page);
        text += len + (text[len] == '\n');
    }
}

static void json_block(const struct page *page, const json_t *value)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    arc_json_text(&text, value, 0, WIDTH);
    carry(page, &text);
    block(page, arc_buf_text(&text));
}

/* A command as one could type it, over as many lines as it needs. */
static void command(const struct page *page, const json_t *argv)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    size_t i;
    json_t *item;

    indent(page);
    put(page, dim, "$ ", 0);

    json_array_foreach (argv, i, item) {
        ARC_AUTO(arc_buf) struct arc_buf word = {0};
        arc_markdown_shell(&word, json_string_value(item), json_string_length(item));
        if (line.len &&
            LABEL + 2 + columns(arc_buf_text(&line)) + columns(arc_buf_text(&word)) > WIDTH) {
            carry(page, &line);
            put(page, NULL, arc_buf_text(&line), 0);
            put(page, NULL, " \\", 0);
            end(page);
            indent(page);
            arc_buf_reset(&line);
            arc_buf_puts(&line, "   ");
        }
        arc_buf_puts(&line, i ? " " : "");
        arc_buf_puts(&line, arc_buf_text(&word));
        carry(page, &word);
    }

    carry(page, &line);
    put(page, NULL, arc_buf_text(&line), 0);
    end(page);
}

/* The columns of the widest member `key` of a list. */
static size_t widest(const json_t *list, const char *key)
{
    size_t most = 0, i;
    json_t *item;
    json_array_foreach (list, i, item) {
        size_t width = columns(arc_json_text_of(item, key));
        most = width > most ? width : most;
    }
    return most;
}

/* ---- parts --------------------------------------------------------------------------------- */

static void title_part(const struct page *page)
{
    const char *tag = arc_json_text_of(get(page->document, "version"), "tag");
    const char *event = arc_json_text_of(get(page->document, "changes"), "event");
    const char *run = *event ? event : "a ci run";
    put(page, bold, *tag ? tag : run, 0);
    plain(page, "  %s", arc_json_text_of(get(page->document, "plan"), "title"));
    end(page);
    put(page, dim, "A rehearsal: nothing is built, pushed, scanned, tagged or sent.", 0);
    end(page);
}

static void commit_row(const struct page *page)
{
    plain(page, "commit %.12s, %s", arc_json_text_of(page->document, "revision"),
          arc_json_text_of(page->document, "revision-from"));
    end(page);
}

static void version_part(const struct page *page)
{
    const json_t *version = get(page->document, "version");
    const char *previous = arc_json_text_of(version, "previous-tag");
    const char *unknown = json_string_value(get(get(page->document, "unknown"), "tags"));
    bool latest = json_is_true(get(version, "latest"));

    if (json_is_null(version)) {
        label(page, "Version");
        commit_row(page);
        return;
    }

    label(page, "Version");
    plain(page, "%s, %s, image tag %s", arc_json_text_of(version, "version"),
          json_is_true(get(version, "prerelease")) ? "a prerelease" : "stable",
          arc_json_text_of(version, "image-tag"));
    end(page);
    indent(page);
    put(page, latest ? green : yellow, latest ? "latest" : "not latest", 0);
    plain(page, ": %s", arc_json_text_of(version, "latest-reason"));
    end(page);
    indent(page);
    commit_row(page);
    indent(page);
    put(page, unknown ? yellow : NULL, unknown ? "previous release not known" : "previous release",
        0);
    const char *known = *previous ? previous : "none";
    plain(page, ": %s", unknown ? unknown : known);
    end(page);
}

/* The rules that matched a filter's files, each once, at most three of them. */
static void add_rules(const struct page *page, const json_t *files)
{
    const char *seen[3];
    size_t count = 0, i;
    json_t *file;

    json_array_foreach (files, i, file) {
        const char *rule = arc_json_text_of(file, "rule");
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known = known || strcmp(seen[j], rule) == 0;
        if (known)
            continue;
        if (count == 3) {
            put(page, dim, ", …", 0);
            return;
        }
        put(page, dim, count ? ", " : "", 0);
        put(page, dim, rule, 0);
        seen[count++] = rule;
    }
}

static void filter_row(const struct page *page, const char *name, size_t width,
                       const json_t *filter)
{
    ARC_AUTO(arc_buf) struct arc_buf words = {0};
    size_t count = (size_t)json_integer_value(get(filter, "count"));
    const char *reason = arc_json_text_of(filter, "reason");
    bool matched = json_is_true(get(filter, "matched"));

    if (count)
        arc_buf_printf(&words, "%zu file%s", count, arc_plural(count));
    else
        arc_buf_puts(&words, matched ? "changed" : "no change");

    carry(page, &words);
    indent(page);
    put(page, NULL, name, width + 2);
    put(page, matched ? NULL : dim, arc_buf_text(&words), count || *reason ? 11 : 0);
    add_rules(page, get(filter, "files"));
    put(page, dim, count && *reason ? ", " : "", 0);
    put(page, dim, reason, 0);
    end(page);
}

static void changes_part(const struct page *page)
{
    const json_t *changes = get(page->document, "changes");
    const json_t *services = get(get(page->document, "plan"), "services");
    const char *unknown = arc_json_text_of(get(page->document, "unknown"), "changes");
    size_t name = widest(services, "service"), i;
    json_t *service;

    label(page, "Changes");

    if (json_is_null(changes)) {
        put(page, yellow, "not known", 0);
        plain(page, ": %s", unknown);
        end(page);
        return;
    }

    const char *reason = arc_json_text_of(changes, "base-reason");
    bool all = strcmp(arc_json_text_of(changes, "base-kind"), "everything") == 0;
    plain(page, "%s%s", all ? "every file counts: " : "compared with ", reason);
    end(page);

    json_array_foreach (services, i, service)
        filter_row(page, arc_json_text_of(service, "service"), name,
                   get(get(changes, "filters"), arc_json_text_of(service, "service")));
}

static void build_part(const struct page *page)
{
    const json_t *plan = get(page->document, "plan"), *services = get(plan, "services");
    size_t cells = json_array_size(get(plan, "cells"));
    size_t platforms = json_array_size(get(plan, "platforms"));
    size_t count = platforms ? cells / platforms : 0;
    size_t name = widest(services, "service"), image = widest(services, "image"), i;
    json_t *item;
    bool train = get(json_array_get(services, 0), "released") != NULL;

    label(page, train ? "Takes" : "Build");
    plain(page, "%zu %s%s: %zu service%s for ", cells, train ? "image" : "cell", arc_plural(cells),
          count, arc_plural(count));
    json_array_foreach (get(plan, "platforms"), i, item)
        plain(page, "%s%s", i ? ", " : "", json_string_value(item));
    end(page);

    json_array_foreach (services, i, item) {
        if (!json_is_true(get(item, "selected")))
            continue;
        indent(page);
        put(page, NULL, arc_json_text_of(item, "service"), name + 2);
        put(page, NULL, arc_json_text_of(item, "image"), image + 2);
        put(page, dim,
            train ? arc_json_text_of(get(item, "released"), "tag")
                  : arc_json_text_of(item, "directory"),
            0);
        end(page);
    }
}

/* Says that others like the one above were left out. */
static void more(const struct page *page, size_t count)
{
    indent(page);
    plain(page, "and %zu more of the same form: --full shows all", count);
    end(page);
}

/* The definition with its first target only. */
static json_t *first_target(const json_t *definition, const json_t *targets)
{
    json_t *shown = json_copy((json_t *)definition), *one = json_object();
    void *first = json_object_iter((json_t *)targets);
    bool whole =
        json_object_set(one, json_object_iter_key(first), json_object_iter_value(first)) == 0 &&
        json_object_size(shown) == json_object_size(definition);

    if (json_object_set_new(shown, "target", one) == 0 && whole)
        return shown;
    json_decref(shown);
    return NULL;
}

static void definition_part(const struct page *page)
{
    const json_t *definition = get(get(page->document, "build"), "definition");
    const json_t *targets = get(definition, "target");
    size_t count = json_object_size(targets);
    bool whole = page->full || count < 2;
    ARC_AUTO_JSON json_t *shown =
        whole ? json_incref((json_t *)definition) : first_target(definition, targets);

    if (!count)
        return;
    command(page, get(get(page->document, "build"), "argv"));
    if (!shown)
        page->out->failed = ARC_ENOMEM;
    json_block(page, shown);
    if (whole)
        return;
    more(page, count - 1);
}

static void tag_rows(const struct page *page, const json_t *tags)
{
    size_t width = widest(tags, "tag"), i;
    json_t *tag;

    json_array_foreach (tags, i, tag) {
        bool moves = json_is_true(get(tag, "move"));
        indent(page);
        put(page, moves ? green : yellow, moves ? "moves" : "stays", 7);
        put(page, NULL, arc_json_text_of(tag, "tag"), width + 2);
        put(page, dim, arc_json_text_of(tag, "reason"), 0);
        end(page);
    }
}

/* One list for all services if they agree, else one for each. Of what is not built nothing moves. */
static void tags_part(const struct page *page)
{
    const json_t *plan = get(page->document, "plan"), *first = NULL;
    bool same = true, push = json_is_true(get(plan, "push"));
    size_t i;
    json_t *service;

    json_array_foreach (get(plan, "services"), i, service) {
        if (!json_is_true(get(service, "selected")))
            continue;
        first = first ? first : get(service, "tags");
        same = same && json_equal(get(service, "tags"), first);
    }

    label(page, "Tags");
    plain(page, push ? "moved together, after every build and the gate"
                     : "none moves: the images are not pushed");
    end(page);
    if (push && same)
        tag_rows(page, first);

    json_array_foreach (push && !same ? get(plan, "services") : NULL, i, service) {
        if (!json_is_true(get(service, "selected")))
            continue;
        indent(page);
        put(page, bold, arc_json_text_of(service, "service"), 0);
        end(page);
        tag_rows(page, get(service, "tags"));
    }
}

static void gate_part(const struct page *page)
{
    const json_t *scan = get(page->document, "scan"), *commands = get(scan, "commands");
    size_t count = json_array_size(commands), shown = page->full ? count : 1, i;

    if (!count)
        return;
    label(page, "Gate");
    plain(page, "%zu scan%s, each of a digest that was built; findings of %s or above %s", count,
          arc_plural(count), arc_json_text_of(scan, "fail-on"),
          json_is_true(get(scan, "block")) ? "stop the release" : "are reported");
    end(page);
    for (i = 0; i < count && i < shown; i++)
        command(page, get(json_array_get(commands, i), "argv"));
    if (shown < count)
        more(page, count - shown);
}

static int notes_warning(void *page, char weight, const char *text, struct arc_error *err)
{
    (void)err;
    indent(page);
    put(page, weight == 'w' ? yellow : NULL, text, 0);
    end(page);
    return ARC_OK;
}

static void notes_part(const struct page *page)
{
    const json_t *notes = get(page->document, "notes");
    label(page, "Notes");
    plain(page, "\"%s\", %" JSON_INTEGER_FORMAT " characters", arc_json_text_of(notes, "title"),
          json_integer_value(get(notes, "characters")));
    end(page);
    arc_notes_warn(notes, notes_warning, (void *)page, NULL);
    block(page, arc_json_text_of(notes, "body"));
}

/* A request's body, with the notes in it left out: they were shown before. NULL when out of memory.
 */
static json_t *body_shown(const struct page *page, const json_t *body)
{
    json_t *shown = json_copy((json_t *)body);
    const char *text = arc_json_text_of(body, "body");
    const char *notes = arc_json_text_of(get(page->document, "notes"), "body");
    const char *found = *notes && !page->full ? strstr(text, notes) : NULL;
    bool whole = json_object_size(shown) == json_object_size(body);

    if (whole && found && strlen(found) == strlen(notes))
        whole = json_object_set_new(
                    shown, "body",
                    json_sprintf("%.*s(the notes above)", (int)(found - text), text)) == 0;

    if (whole)
        return shown;
    json_decref(shown);

    return NULL;
}

static void request_rows(const struct page *page, const json_t *request)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    ARC_AUTO_JSON json_t *body = body_shown(page, get(request, "body"));

    indent(page);
    plain(page, "%s", arc_json_text_of(request, "why"));
    end(page);
    arc_buf_printf(&line, "%s %s", arc_json_text_of(request, "method"),
                   arc_json_text_of(request, "path"));
    carry(page, &line);
    block(page, arc_buf_text(&line));

    if (json_is_object(body))
        json_block(page, body);
    else if (!body)
        page->out->failed = ARC_ENOMEM;
}

static void requests_part(const struct page *page)
{
    const json_t *requests = get(page->document, "requests");
    const char *no_repository = arc_json_text_of(get(page->document, "unknown"), "repository");
    size_t i;
    json_t *request;

    label(page, "Requests");
    plain(page, "%zu to GitHub's API, if nothing of the release exists yet",
          json_array_size(requests));
    end(page);

    if (*no_repository) {
        indent(page);
        put(page, yellow, "OWNER/NAME", 0);
        plain(page, " stands for the repository: %s", no_repository);
        end(page);
    }

    json_array_foreach (requests, i, request)
        request_rows(page, request);
}

void arc_dryrun_requests(const json_t *requests, const struct arc_dryrun_style *style,
                         struct arc_buf *out)
{
    const struct page page = {.out = out, .colour = style->colour, .full = style->full};
    size_t i;
    json_t *request;

    json_array_foreach (requests, i, request)
        request_rows(&page, request);
}

static void warnings_part(const struct page *page)
{
    size_t i;
    json_t *warning;

    json_array_foreach (get(page->document, "warnings"), i, warning) {
        if (i)
            indent(page);
        else
            label(page, "Warnings");
        put(page, yellow, arc_json_text_of(warning, "kind"), 10);
        plain(page, "%s", arc_json_text_of(warning, "message"));
        end(page);
    }
}

void arc_dryrun_text(const json_t *document, const struct arc_dryrun_style *style,
                     struct arc_buf *out)
{
    struct page page = {
        .out = out, .document = document, .colour = style->colour, .full = style->full};
    title_part(&page);
    version_part(&page);
    changes_part(&page);
    build_part(&page);
    definition_part(&page);
    tags_part(&page);
    gate_part(&page);
    if (json_is_object(get(document, "notes")))
        notes_part(&page);
    if (json_is_array(get(document, "requests")))
        requests_part(&page);
    warnings_part(&page);
}
