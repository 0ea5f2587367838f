/* The pages of dry-run.json and status.json. */
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "html/page.h"
#include <inttypes.h>
#include <string.h>

static const json_t *get(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

/* "flash, sonic", "#7, #8" of a list of texts or numbers. */
static void list_cell(struct arc_buf *out, const json_t *list)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 65536};
    size_t i;
    json_t *item;

    json_array_foreach (list, i, item) {
        arc_buf_puts(&text, i ? ", " : "");
        if (json_is_integer(item))
            arc_buf_printf(&text, "#%" PRIdMAX, (intmax_t)json_integer_value(item));
        else
            arc_buf_puts(&text, json_string_value(item));
    }

    html_cell(out, arc_buf_text(&text));
}

static void json_details(struct arc_buf *out, const char *summary, const json_t *value)
{
    ARC_AUTO_FREE char *text = arc_json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
    if (text)
        html_details(out, summary, text);
    else
        out->failed = ARC_ENOMEM;
}

static void mark_cell(struct arc_buf *out, bool good, const char *text)
{
    arc_buf_printf(out, "<td class=\"%s\">", good ? "good" : "bad");
    html_text(out, text);
    arc_buf_puts(out, "</td>");
}

/* ---- dry-run ------------------------------------------------------------------------------- */

static void stage(struct arc_buf *out, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void stage(struct arc_buf *out, const char *name, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    va_list args;
    va_start(args, format);
    arc_buf_vprintf(&text, format, args);
    va_end(args);
    arc_buf_printf(out, "<li><b>%s</b> ", name);
    html_text(out, arc_buf_text(&text));
    arc_buf_puts(out, "</li>\n");
}

static const char *describe_build(const json_t *plan)
{
    if (!json_is_true(get(plan, "any")))
        return "nothing to build";
    return json_is_true(get(plan, "push")) ? "pushed under staging tags" : "not pushed";
}

static void flow_part(const json_t *document, struct arc_buf *out)
{
    const json_t *version = get(document, "version"), *plan = get(document, "plan");
    const json_t *scan = get(document, "scan"), *notes = get(document, "notes");
    const json_t *changes = get(document, "changes");

    html_section(out, "Flow");
    arc_buf_puts(out, "<ol class=\"flow\">\n");

    if (json_is_object(version))
        stage(out, "version", "%s, image tag %s", arc_json_text_of(version, "version"),
              arc_json_text_of(version, "image-tag"));

    stage(out, "changes", "%s",
          json_is_object(changes) ? arc_json_text_of(changes, "base-reason")
                                  : arc_json_text_of(get(document, "unknown"), "changes"));
    size_t services = json_array_size(get(plan, "services"));
    size_t cells = json_array_size(get(plan, "cells"));
    stage(out, "plan", "%zu service%s, %zu cell%s", services, arc_plural(services), cells,
          arc_plural(cells));
    stage(out, "build", "%s", describe_build(plan));

    if (json_is_object(scan)) {
        size_t scans = json_array_size(get(scan, "commands"));
        stage(out, "scan", "%zu scan%s; %s or above %s", scans, arc_plural(scans),
              arc_json_text_of(scan, "fail-on"),
              json_is_true(get(scan, "block")) ? "stops it" : "is reported");
    }

    if (get(plan, "sign"))
        stage(out, "sign", "with %s", arc_json_text_of(get(plan, "sign"), "with"));

    if (json_is_object(notes))
        stage(out, "notes", "%" PRIdMAX " characters",
              (intmax_t)json_integer_value(get(notes, "characters")));

    if (json_is_array(get(document, "requests")))
        stage(out, "release", "%zu requests", json_array_size(get(document, "requests")));
    arc_buf_puts(out, "</ol>\n");
}

static void services_part(const json_t *document, struct arc_buf *out)
{
    static const char *const columns[] = {"Service", "Image", "Platforms", "From", "Why", NULL};
    size_t i;
    json_t *service;

    html_section(out, "Services");
    html_table(out, "services", columns);

    json_array_foreach (get(get(document, "plan"), "services"), i, service) {
        const char *released = arc_json_text_of(get(service, "released"), "tag");
        html_row(out);
        html_cell(out, arc_json_text_of(service, "service"));
        html_code_cell(out, arc_json_text_of(service, "image"));
        list_cell(out, get(service, "platforms"));
        html_code_cell(out, *released ? released : arc_json_text_of(service, "directory"));
        mark_cell(out, json_is_true(get(service, "selected")), arc_json_text_of(service, "reason"));
        html_row_end(out);
    }

    html_table_end(out);
}

static void tags_part(const json_t *document, struct arc_buf *out)
{
    static const char *const columns[] = {"Service", "Tag", "Kind", "Moves", "Why", NULL};
    bool push = json_is_true(get(get(document, "plan"), "push"));
    size_t i, k;
    json_t *service, *tag;

    html_section(out, "What moves");
    html_table(out, "what moves", columns);

    json_array_foreach (get(get(document, "plan"), "services"), i, service)
        json_array_foreach (get(service, "tags"), k, tag) {
            const char *mirrored = arc_json_text_of(tag, "ref");
            bool moves =
                push && json_is_true(get(tag, "move")) && json_is_true(get(service, "selected"));
            html_row(out);
            html_cell(out, arc_json_text_of(service, "service"));
            html_code_cell(out, *mirrored ? mirrored : arc_json_text_of(tag, "tag"));
            html_cell(out, arc_json_text_of(tag, "kind"));
            mark_cell(out, moves, moves ? "yes" : "no");
            html_cell(out, arc_json_text_of(tag, "reason"));
            html_row_end(out);
        }

    html_table_end(out);
}

static void requests_part(const json_t *document, struct arc_buf *out)
{
    static const char *const columns[] = {"Request", "For", NULL};
    size_t i;
    json_t *request;

    if (!json_array_size(get(document, "requests")))
        return;
    html_section(out, "Requests to GitHub's API");
    html_table(out, "requests", columns);

    json_array_foreach (get(document, "requests"), i, request) {
        ARC_AUTO(arc_buf) struct arc_buf line = {.max = 65536};
        arc_buf_printf(&line, "%s %s", arc_json_text_of(request, "method"),
                       arc_json_text_of(request, "path"));
        html_row(out);
        html_code_cell(out, arc_buf_text(&line));
        html_cell(out, arc_json_text_of(request, "why"));
        html_row_end(out);
    }

    html_table_end(out);
    json_details(out, "with their bodies", get(document, "requests"));
}

void html_dryrun(const json_t *document, const struct arc_ledger *builds, size_t count,
                 struct arc_buf *out)
{
    const json_t *plan = get(document, "plan"), *notes = get(document, "notes");
    const char *tag = arc_json_text_of(plan, "tag"), *name;
    ARC_AUTO(arc_buf) struct arc_buf title = {.max = 4096};
    ARC_AUTO(arc_buf) struct arc_buf commit = {.max = 4096};
    json_t *why;

    arc_buf_printf(&title, "%s: %s", arc_json_text_of(plan, "title"),
                   *tag ? tag : "a rehearsed build");
    arc_buf_printf(&commit, "A rehearsal of commit %.12s, %s",
                   arc_json_text_of(document, "revision"),
                   arc_json_text_of(document, "revision-from"));
    html_begin(out, arc_buf_text(&title), arc_buf_text(&commit));

    json_object_foreach ((json_t *)get(document, "unknown"), name, why) {
        arc_buf_puts(out, "<p class=\"bad\">Not known: ");
        html_text(out, name);
        arc_buf_puts(out, ", since ");
        html_text(out, json_string_value(why));
        arc_buf_puts(out, "</p>\n");
    }

    flow_part(document, out);
    services_part(document, out);
    tags_part(document, out);
    json_details(out, "the definition for docker buildx bake",
                 get(get(document, "build"), "definition"));
    json_details(out, "the gate's commands", get(document, "scan"));

    if (json_is_object(notes)) {
        html_section(out, "Release notes");
        arc_buf_puts(out, "<div class=\"notes\">\n");
        html_markdown(out, arc_json_text_of(notes, "body"));
        arc_buf_puts(out, "</div>\n");
    }

    requests_part(document, out);
    for (size_t i = 0; i < count; i++)
        html_timeline(&builds[i], out);
    html_end(out);
}

/* ---- status -------------------------------------------------------------------------------- */

/* What the gate said of the last published release; nothing where it was not asked. */
static void scan_cell(const json_t *record, struct arc_buf *out)
{
    const json_t *scan = get(record, "scan"), *days = get(scan, "days");
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    const char *missing = *arc_json_text_of(record, "tag") ? "not scanned" : "never published";

    if (!json_is_object(record)) {
        html_cell(out, "not known");
        return;
    }

    arc_buf_puts(&text, json_is_object(scan) ? arc_json_text_of(scan, "verdict") : missing);
    if (json_is_integer(days))
        arc_buf_printf(&text, ", %" PRIdMAX " day%s ago", (intmax_t)json_integer_value(days),
                       arc_plural((size_t)json_integer_value(days)));
    mark_cell(out, strcmp(arc_json_text_of(scan, "gate"), "pass") == 0, arc_buf_text(&text));
}

/* Says on the page what stands in the way of a row. */
static void problem_line(const char *text, struct arc_buf *out)
{
    if (!*text)
        return;
    arc_buf_puts(out, "<p class=\"bad\">");
    html_text(out, text);
    arc_buf_puts(out, "</p>\n");
}

static void trains_part(const json_t *document, struct arc_buf *out)
{
    static const char *const columns[] = {"Train",           "Group",    "Taken",
                                          "A new one takes", "Services", NULL};
    size_t i, k, count = 0;
    json_t *row, *taken;

    json_array_foreach (get(document, "groups"), i, row)
        json_array_foreach (get(row, "includes"), k, taken) {
            const char *tag = arc_json_text_of(taken, "tag");
            const char *newest = arc_json_text_of(taken, "newest");
            if (!count++) {
                html_section(out, "Trains");
                html_table(out, "what trains took", columns);
            }
            html_row(out);
            html_cell(out, arc_json_text_of(row, "group"));
            html_cell(out, arc_json_text_of(taken, "group"));
            html_code_cell(out, *tag ? tag : "nothing");
            mark_cell(out, strcmp(tag, newest) == 0, *newest ? newest : "nothing");
            list_cell(out, get(taken, "services"));
            html_row_end(out);
        }

    if (count)
        html_table_end(out);

    json_array_foreach (get(document, "groups"), i, row) {
        problem_line(arc_json_text_of(row, "problem"), out);
        problem_line(arc_json_text_of(get(row, "record"), "problem"), out);
    }
}

static void adrift_part(const json_t *document, struct arc_buf *out)
{
    static const char *const columns[] = {"Image", "Tag", "Points to", "Its release has", NULL};
    size_t i, k, count = 0;
    json_t *row, *tag;

    json_array_foreach (get(document, "groups"), i, row)
        count += json_array_size(get(row, "adrift"));
    if (!count)
        return;
    html_section(out, "Adrift");
    html_table(out, "tags that are adrift", columns);

    json_array_foreach (get(document, "groups"), i, row)
        json_array_foreach (get(row, "adrift"), k, tag) {
            const char *digest = arc_json_text_of(tag, "digest");
            const char *expected = arc_json_text_of(tag, "expected");
            html_row(out);
            html_code_cell(out, arc_json_text_of(tag, "image"));
            html_code_cell(out, arc_json_text_of(tag, "tag"));
            html_code_cell(out, *digest ? digest : "missing");
            html_code_cell(out, *expected ? expected : "missing");
            html_row_end(out);
        }

    html_table_end(out);
}

/* The build of a last release, unless it was given by hand. */
static void recorded_timeline(const json_t *recorded, const struct arc_ledger *given, size_t count,
                              struct arc_buf *out)
{
    ARC_AUTO(arc_ledger) struct arc_ledger build = {0};
    bool shown = false;

    if (!json_is_object(recorded))
        return;

    if (arc_ledger_read(recorded, &build, NULL)) {
        out->failed = ARC_ENOMEM; /* it was read before */
        return;
    }

    for (size_t i = 0; i < count; i++)
        shown |= strcmp(given[i].group, build.group) == 0 &&
                 strcmp(given[i].revision, build.revision) == 0;
    if (!shown)
        html_timeline(&build, out);
}

void html_status(const json_t *document, const struct arc_ledger *builds, size_t count,
                 struct arc_buf *out)
{
    static const char *const columns[] = {
        "Group",      "Last release",  "Date",     "Published", "Scan",
        "Since then", "Pull requests", "Services", "Next",      NULL};
    ARC_AUTO(arc_buf) struct arc_buf head = {.max = 256};
    size_t i;
    json_t *row;

    arc_buf_printf(&head, "at commit %.12s", arc_json_text_of(document, "head"));
    html_begin(out, "Releases", arc_buf_text(&head));
    html_section(out, "Groups");
    html_table(out, "release groups", columns);

    json_array_foreach (get(document, "groups"), i, row) {
        const char *tag = arc_json_text_of(row, "tag");
        const json_t *published = get(row, "published");
        size_t since = (size_t)json_integer_value(get(row, "commits"));
        char commits[64];
        snprintf(commits, sizeof commits, "%zu commit%s", since, arc_plural(since));
        html_row(out);
        html_cell(out, arc_json_text_of(row, "group"));
        html_code_cell(out, *tag ? tag : "none");
        html_cell(out, arc_json_text_of(row, "date"));
        const char *shown = json_is_false(published) ? "no" : "not known";
        mark_cell(out, !json_is_false(published), json_is_true(published) ? "yes" : shown);
        scan_cell(get(row, "record"), out);
        mark_cell(out, !json_is_true(get(row, "unreleased")), commits);
        list_cell(out, get(row, "pulls"));
        list_cell(out, get(row, "services"));
        html_code_cell(out, *arc_json_text_of(row, "next-tag") ? arc_json_text_of(row, "next-tag")
                                                               : "nothing");
        html_row_end(out);
    }

    html_table_end(out);
    trains_part(document, out);
    adrift_part(document, out);
    for (size_t k = 0; k < count; k++)
        html_timeline(&builds[k], out);
    json_array_foreach (get(document, "groups"), i, row)
        recorded_timeline(get(get(row, "record"), "build"), builds, count, out);
    html_end(out);
}
