/* The pages of dry-run.json and status.json. */
#include "base/json.h"
#include "base/text.h"
#include "html/page.h"

ARC_TEXT(html_head);
ARC_TEXT(html_dry_run);
ARC_TEXT(html_status);
ARC_TEXT(html_timelines);

/* ---- when the cells of a build ran ----------------------------------------------------------- */

/* A cell and its service. */
struct bar {
    const struct arc_built_service *service;
    const struct arc_built_cell *cell;
};

static int earlier_first(const void *a, const void *b)
{
    double x = ((const struct bar *)a)->cell->started, y = ((const struct bar *)b)->cell->started;
    return (x > y) - (x < y);
}

static bool is_timed(const struct arc_built_cell *cell)
{
    return cell->started >= 0 && cell->duration >= 0;
}

/* Limits a percentage to 0–100: clocks differ, and a file may contain anything. */
static double percent_of(double part, double whole)
{
    double percent = whole > 0 ? 100 * part / whole : 0;
    return ARC_MIN(ARC_MAX(percent, 0), 100);
}

/* For timelines.html; NULL when out of memory. */
static json_t *describe_timeline(const struct arc_ledger *build)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO_JSON json_t *rows = json_array();
    struct bar *bars = NULL;
    double start = -1, end = -1;
    size_t count = 0;

    for (size_t s = 0; s < build->service_count; s++)
        for (size_t c = 0; c < build->services[s].cell_count; c++) {
            const struct arc_built_cell *cell = &build->services[s].cells[c];
            struct bar *bar = arc_arena_append(&memory, &bars, &count, sizeof *bar);
            if (!bar)
                return NULL;
            *bar = (struct bar){&build->services[s], cell};
            if (!is_timed(cell))
                continue;
            if (start < 0 || cell->started < start)
                start = cell->started;
            if (cell->started + cell->duration > end)
                end = cell->started + cell->duration;
        }

    if (bars)
        qsort(bars, count, sizeof *bars, earlier_first);

    for (size_t i = 0; bars && i < count; i++) {
        const struct arc_built_cell *cell = bars[i].cell;
        arc_json_push(&rows, json_pack("{s:s, s:s, s:b, s:b, s:f, s:f, s:f, s:f}", "service",
                                       bars[i].service->service, "platform", cell->platform,
                                       "cached", cell->cached == 1, "known", is_timed(cell),
                                       "began", cell->started - start, "took", cell->duration,
                                       "left", percent_of(cell->started - start, end - start),
                                       "width", percent_of(cell->duration, end - start)));
    }

    return json_pack("{s:s, s:s, s:O}", "group", build->group, "revision", build->revision, "bars",
                     rows);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static const struct arc_template_place places[] = {
    {"html", html_text}, {"markdown", html_markdown}, {0}};

/* Makes the page of a document with a title; its template gets all members of the document. */
static int fill_page(const char *part, const json_t *document, json_t *title, json_t *subtitle,
                     json_t *timelines, struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *values =
        json_pack("{s:o, s:o, s:o}", "title", title, "subtitle", subtitle, "timelines", timelines);

    ARC_TRY_ALLOC(values, err);
    ARC_TRY(arc_template_fill(arc_embedded_html_head, places, values, out, err));
    ARC_TRY(arc_template_fill(part, places, document, out, err));
    return arc_template_fill(arc_embedded_html_timelines, places, values, out, err);
}

static json_t *list_timelines(const struct arc_ledger *builds, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        arc_json_push(&list, describe_timeline(&builds[i]));
    return list;
}

int html_dryrun(const json_t *document, const struct arc_ledger *builds, size_t count,
                struct arc_buf *out, struct arc_error *err)
{
    const json_t *plan = json_object_get(document, "plan");
    const char *tag = arc_json_text_of(plan, "tag");

    return fill_page(arc_embedded_html_dry_run, document,
                     json_sprintf("%s: %s", arc_json_text_of(plan, "title"),
                                  arc_text_or(tag, "a rehearsed build")),
                     json_sprintf("A rehearsal of commit %.12s, %s",
                                  arc_json_text_of(document, "revision"),
                                  arc_json_text_of(document, "revision-from")),
                     list_timelines(builds, count), out, err);
}

/* ---- status -------------------------------------------------------------------------------- */

/* Adds the build of a last release, unless it was given by option. */
static int add_recorded(const json_t *recorded, const struct arc_ledger *given, size_t count,
                        json_t *timelines, struct arc_error *err)
{
    ARC_AUTO(arc_ledger) struct arc_ledger build = {0};

    if (!json_is_object(recorded))
        return ARC_OK;
    ARC_TRY(arc_ledger_read(recorded, &build, err));

    for (size_t i = 0; i < count; i++)
        if (strcmp(given[i].group, build.group) == 0 &&
            strcmp(given[i].revision, build.revision) == 0)
            return ARC_OK;

    return arc_json_append(timelines, describe_timeline(&build), err);
}

static json_t *has_any(const json_t *groups, const char *list)
{
    size_t count = 0;
    arc_json_each (row, groups)
        count += json_array_size(json_object_get(row, list));
    return json_boolean(count);
}

int html_status(const json_t *document, const struct arc_ledger *builds, size_t count,
                struct arc_buf *out, struct arc_error *err)
{
    const json_t *groups = json_object_get(document, "groups");
    ARC_AUTO_JSON json_t *values = arc_json_copy(document);
    ARC_AUTO_JSON json_t *timelines = list_timelines(builds, count);

    arc_json_put(&values, "any-train", has_any(groups, "includes"));
    arc_json_put(&values, "any-adrift", has_any(groups, "adrift"));
    ARC_TRY_ALLOC(values && timelines, err);
    arc_json_each (row, groups)
        ARC_TRY(add_recorded(json_object_get(json_object_get(row, "record"), "build"), builds,
                             count, timelines, err));

    return fill_page(arc_embedded_html_status, values, json_string("Releases"),
                     json_sprintf("at commit %.12s", arc_json_text_of(document, "head")),
                     json_incref(timelines), out, err);
}
