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

static json_t *bar_values(const struct bar *bar, double start, double span)
{
    const struct arc_built_cell *cell = bar->cell;
    return json_pack("{s:s, s:s, s:b, s:b, s:f, s:f, s:f, s:f}", "service", bar->service->service,
                     "platform", cell->platform, "cached", cell->cached == 1, "known",
                     is_timed(cell), "began", cell->started - start, "took", cell->duration, "left",
                     percent_of(cell->started - start, span), "width",
                     percent_of(cell->duration, span));
}

static struct bar *list_bars(const struct arc_ledger *build, struct arc_arena *memory,
                             size_t *count)
{
    struct bar *bars = NULL;
    *count = 0;

    for (size_t s = 0; s < build->service_count; s++)
        for (size_t c = 0; c < build->services[s].cell_count; c++) {
            struct bar *bar = arc_arena_append(memory, &bars, count, sizeof *bar);
            if (!bar)
                return NULL;
            *bar = (struct bar){&build->services[s], &build->services[s].cells[c]};
        }

    if (bars)
        qsort(bars, *count, sizeof *bars, earlier_first);

    return bars;
}

json_t *html_timeline(const struct arc_ledger *build)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    json_t *rows = json_array();
    double start = -1, end = -1;
    size_t count;
    struct bar *bars = list_bars(build, &memory, &count);

    for (size_t i = 0; bars && i < count; i++) {
        const struct arc_built_cell *cell = bars[i].cell;
        if (!is_timed(cell))
            continue;
        start = start < 0 ? cell->started : start;
        end = cell->started + cell->duration > end ? cell->started + cell->duration : end;
    }

    for (size_t i = 0; bars && i < count; i++)
        arc_json_push(&rows, bar_values(&bars[i], start, end - start));

    if (memory.failed) {
        json_decref(rows);
        return NULL;
    }

    return json_pack("{s:s, s:s, s:o}", "group", build->group, "revision", build->revision, "bars",
                     rows);
}
