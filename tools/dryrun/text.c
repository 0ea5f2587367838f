/* Renders dry-run.json with page.txt and requests.txt, and computes what templates cannot. */
#include "base/text.h"
#include "arcci/dryrun.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/template.h"
#include "notes/inputs.h"
#include "json/layout.h"

ARC_TEXT(dryrun_page);
ARC_TEXT(dryrun_requests);

#define LABEL 10 /* columns of the labels */
#define WIDTH 92 /* width of a block's lines, if they can be broken */

/* ---- places -------------------------------------------------------------------------------- */

/* Lines of a file or a body, behind a vertical rule. */
static void add_ruled(struct arc_buf *out, const char *text, size_t len, const char *dim,
                      const char *off)
{
    const char *end = text + len;
    while (text[strspn(text, "\n")]) {
        size_t line = strcspn(text, "\n");
        arc_buf_printf(out, "%s  │%s%s", dim, line ? " " : "", off);
        arc_text_visible(out, text, line);
        arc_buf_putc(out, '\n');
        text += line + (text + line < end);
    }
}

static void add_block(struct arc_buf *out, const char *text, size_t len)
{
    add_ruled(out, text, len, "", "");
}

static void add_coloured_block(struct arc_buf *out, const char *text, size_t len)
{
    add_ruled(out, text, len, "\x1b[2m", "\x1b[0m");
}

/* As a place it leaves the padding as it is. */
static void add_yellow(struct arc_buf *out, const char *text, size_t len)
{
    arc_buf_puts(out, "\x1b[33m");
    arc_text_visible(out, text, len);
    arc_buf_puts(out, "\x1b[0m");
}

static const struct arc_template_place places[][5] = {
    {{"visible", arc_text_visible},
     {"bare", arc_template_bare},
     {"block", add_block},
     {"yellow", arc_text_visible},
     {0}},
    {{"visible", arc_text_visible},
     {"bare", arc_template_bare},
     {"block", add_coloured_block},
     {"yellow", add_yellow},
     {0}},
};

/* ---- values -------------------------------------------------------------------------------- */

static json_t *lay_out(const json_t *value)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    arc_json_text(&text, value, 0, WIDTH);
    return arc_json_buf(&text);
}

/* A command as it could be typed, over several lines. */
static json_t *wrap_command(const json_t *argv)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    json_t *lines = json_array();

    arc_json_each (item, argv) {
        ARC_AUTO(arc_buf) struct arc_buf word = {0};
        arc_markdown_shell(&word, json_string_value(item), json_string_length(item));
        size_t used = arc_text_columns(arc_buf_text(&line));
        if (used && LABEL + 2 + used + arc_text_columns(arc_buf_text(&word)) > WIDTH) {
            arc_json_push(&lines, arc_json_buf(&line));
            arc_buf_reset(&line);
            arc_buf_puts(&line, "   ");
        }
        arc_text_item(&line, " ", "%s", arc_buf_text(&word));
        arc_buf_free_part(&line, &word);
    }

    arc_json_push(&lines, arc_json_buf(&line));

    return lines;
}

/* The rules that matched a filter's files, without duplicates, at most three. */
static json_t *list_rules(const json_t *files)
{
    json_t *rules = json_array();

    arc_json_each (file, files) {
        const char *rule = arc_json_text_of(file, "rule");
        if (arc_json_lists(rules, rule))
            continue;
        bool full = json_array_size(rules) == 3;
        arc_json_push(&rules, json_string(full ? "…" : rule));
        if (full)
            break;
    }

    return rules;
}

static json_t *filter_rows(const json_t *document, const json_t *services)
{
    const json_t *filters = json_object_get(json_object_get(document, "changes"), "filters");
    json_t *rows = json_array();

    arc_json_each (service, filters ? services : NULL) {
        const char *name = arc_json_text_of(service, "service");
        const json_t *filter = json_object_get(filters, name);
        json_int_t count = arc_json_number_of(filter, "count");
        const char *reason = arc_json_text_of(filter, "reason");
        bool matched = arc_json_true_of(filter, "matched");
        ARC_AUTO(arc_buf) struct arc_buf words = {0};

        if (count)
            arc_buf_printf(&words, "%lld file%s", (long long)count, arc_plural((size_t)count));
        else
            arc_buf_puts(&words, matched ? "changed" : "no change");
        while ((count || *reason) && words.len < 11 && !words.failed)
            arc_buf_putc(&words, ' ');
        arc_json_push(&rows,
                      json_pack("{s:s, s:o, s:I, s:b, s:s, s:o}", "service", name, "words",
                                arc_json_buf(&words), "count", count, "matched", matched, "reason",
                                reason, "rules", list_rules(json_object_get(filter, "files"))));
    }

    return rows;
}

/* Bake's command and definition, with only its first target unless everything is shown; null if
 * there is none. */
static json_t *describe_definition(const json_t *build, bool full)
{
    const json_t *definition = json_object_get(build, "definition");
    json_t *targets = json_object_get(definition, "target");
    size_t count = json_object_size(targets);
    ARC_AUTO_JSON json_t *shown = arc_json_copy(definition);

    if (!count)
        return json_null();
    void *first = json_object_iter(targets);
    if (!full)
        arc_json_put(
            &shown, "target",
            json_pack("{s:O}", json_object_iter_key(first), json_object_iter_value(first)));

    json_int_t more = full ? 0 : (json_int_t)count - 1;
    return json_pack("{s:o, s:o, s:I}", "lines", wrap_command(json_object_get(build, "argv")),
                     "text", shown ? lay_out(shown) : NULL, "more", more);
}

/* The tags with their names; for a mirror, the whole reference. */
static json_t *name_tags(const json_t *tags)
{
    json_t *rows = json_array();

    arc_json_each (tag, tags) {
        json_t *row = arc_json_copy(tag), *ref = json_object_get(tag, "ref");
        arc_json_put(&row, "name", json_incref(arc_or(ref, json_object_get(tag, "tag"))));
        arc_json_push(&rows, row);
    }

    return rows;
}

/* One list for all services if they agree, else one per service. Tags of services that are not
 * built do not move. */
static json_t *list_tags(const json_t *plan, const json_t *services)
{
    json_t *lists = json_array();
    const json_t *first = NULL;
    bool same = true, push = arc_json_true_of(plan, "push");

    arc_json_each (service, push ? services : NULL) {
        json_t *tags = json_object_get(service, "tags");
        if (!arc_json_true_of(service, "selected"))
            continue;
        first = arc_or(first, tags);
        same = same && json_equal(tags, first);
        arc_json_push(&lists,
                      json_pack("{s:O, s:o}", "service", json_object_get(service, "service"),
                                "tags", name_tags(tags)));
    }

    if (!same || !first || !lists)
        return lists;
    json_decref(lists);

    return json_pack("[{s:n, s:o}]", "service", "tags", name_tags(first));
}

static int keep_warning(void *list, char weight, const char *text, struct arc_error *err)
{
    json_t *row = json_pack("{s:s%, s:s}", "weight", &weight, (size_t)1, "text", text);
    return arc_json_append(list, row, err);
}

static json_t *request_rows(const json_t *requests, const char *notes)
{
    json_t *rows = json_array();

    arc_json_each (request, requests) {
        const json_t *body = json_object_get(request, "body");
        const char *text = arc_json_text_of(body, "body");
        const char *found = *notes ? strstr(text, notes) : NULL;
        ARC_AUTO_JSON json_t *shown = arc_json_copy(body);
        json_t *words = NULL;

        /* Omits the notes if they were shown before. */
        if (found && strlen(found) == strlen(notes))
            arc_json_put(&shown, "body",
                         json_sprintf("%.*s(the notes above)", (int)(found - text), text));
        if (!json_is_object(body))
            words = json_string("");
        else if (shown)
            words = lay_out(shown);
        arc_json_push(&rows,
                      json_pack("{s:s, s:o, s:o}", "why", arc_json_text_of(request, "why"), "line",
                                json_sprintf("%s %s", arc_json_text_of(request, "method"),
                                             arc_json_text_of(request, "path")),
                                "text", words));
    }

    return rows;
}

/* ---- pages --------------------------------------------------------------------------------- */

int arc_dryrun_requests(const json_t *requests, const struct arc_dryrun_style *style,
                        struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *values = json_pack("{s:o}", "request-rows", request_rows(requests, ""));
    ARC_TRY_ALLOC(values, err);
    return arc_template_fill(arc_embedded_dryrun_requests, places[style->colour], values, out, err);
}

static int make_values(const json_t *document, const struct arc_dryrun_style *style, json_t **out,
                       struct arc_error *err)
{
    /* The escape sequences that start and end a style. */
    static const char *const codes[][2] = {{"bold", "\x1b[1m"},
                                           {"dim", "\x1b[2m"},
                                           {"green", "\x1b[32m"},
                                           {"yellow", "\x1b[33m"},
                                           {"off", "\x1b[0m"}};
    const json_t *plan = json_object_get(document, "plan");
    const json_t *services = json_object_get(plan, "services");
    const json_t *notes = json_object_get(document, "notes");
    const json_t *commands = json_object_get(json_object_get(document, "scan"), "commands");
    size_t scans = json_array_size(commands), shown = style->full || !scans ? scans : 1;
    json_t *warnings = json_array(), *list = json_array(), *platforms = json_array();
    json_int_t built = 0;

    arc_json_each (service, services)
        built += arc_json_true_of(service, "selected");
    arc_json_each (cell, json_object_get(plan, "cells"))
        if (!arc_json_lists(platforms, arc_json_text_of(cell, "platform")))
            arc_json_push(&platforms, json_string(arc_json_text_of(cell, "platform")));

    for (size_t i = 0; i < shown; i++)
        arc_json_push(&list, wrap_command(json_object_get(json_array_get(commands, i), "argv")));

    *out = arc_json_copy(document);
    arc_each_in (code, codes)
        arc_json_put(out, (*code)[0], json_string(style->colour ? (*code)[1] : ""));
    arc_json_put(out, "notes-warnings", warnings);
    arc_json_put(out, "train",
                 json_boolean(json_object_get(json_array_get(services, 0), "released")));
    arc_json_put(out, "built", json_integer(built));
    arc_json_put(out, "platforms", platforms);
    arc_json_put(out, "filters", filter_rows(document, services));
    arc_json_put(out, "definition",
                 describe_definition(json_object_get(document, "build"), style->full));
    arc_json_put(out, "tag-lists", list_tags(plan, services));
    arc_json_put(out, "scans", list);
    arc_json_put(out, "more-scans", json_integer((json_int_t)(scans - shown)));
    arc_json_put(out, "request-rows",
                 request_rows(json_object_get(document, "requests"),
                              style->full ? "" : arc_json_text_of(notes, "body")));
    ARC_TRY_ALLOC(*out, err);

    return arc_notes_warn(notes, keep_warning, warnings, err);
}

int arc_dryrun_text(const json_t *document, const struct arc_dryrun_style *style,
                    struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *values = NULL;
    ARC_TRY(make_values(document, style, &values, err));
    ARC_TRY(arc_template_fill(arc_embedded_dryrun_page, places[style->colour], values, out, err));
    return arc_template_fill(arc_embedded_dryrun_requests, places[style->colour], values, out, err);
}
