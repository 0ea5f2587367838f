/* When the cells of a build ran. */
#include "base/auto.h"
#include "base/json.h"
#include "html/page.h"

/* A cell, and whose it is. */
struct bar {
    const struct arc_built_service *service;
    const struct arc_built_cell *cell;
};

static int earlier_first(const void *a, const void *b)
{
    double x = ((const struct bar *)a)->cell->started, y = ((const struct bar *)b)->cell->started;
    return (x > y) - (x < y);
}

/* Whether it is known when it ran. */
static bool is_timed(const struct arc_built_cell *cell)
{
    return cell->started >= 0 && cell->duration >= 0;
}

/* What is not between 0 and 100 is no part of the whole: clocks differ, and a file may say
 * anything. */
static double percent_of(double part, double whole)
{
    double percent = whole > 0 ? 100 * part / whole : 0;
    if (percent > 100)
        return 100;
    return percent >= 0 ? percent : 0;
}

json_t *html_timeline(const struct arc_ledger *build)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    json_t *rows = json_array();
    struct bar *bars = NULL;
    double start = -1, end = -1;
    size_t count = 0;

    for (size_t s = 0; s < build->service_count; s++)
        for (size_t c = 0; c < build->services[s].cell_count; c++) {
            const struct arc_built_cell *cell = &build->services[s].cells[c];
            struct bar *bar = arc_arena_append(&memory, &bars, &count, sizeof *bar);
            if (!bar) {
                json_decref(rows);
                return NULL;
            }
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

    return json_pack("{s:s, s:s, s:o}", "group", build->group, "revision", build->revision, "bars",
                     rows);
}
