/* When the cells of a build ran. */
#include "base/auto.h"
#include "html/page.h"
#include <string.h>

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

/* What is not between 0 and 100 is no part of the whole: clocks differ, and a file may say anything. */
static double percent_of(double part, double whole)
{
    double percent = whole > 0 ? 100 * part / whole : 0;
    if (percent > 100)
        return 100;
    return percent >= 0 ? percent : 0;
}

static void bar_row(const struct bar *bar, double start, double span, struct arc_buf *out)
{
    const struct arc_built_cell *cell = bar->cell;
    char began[32] = "not known", took[32] = "not known";
    bool known = cell->started >= 0 && cell->duration >= 0;

    if (known) {
        snprintf(began, sizeof began, "%.1f s", cell->started - start);
        snprintf(took, sizeof took, "%.1f s", cell->duration);
    }

    html_row(out);
    html_cell(out, bar->service->service);
    html_cell(out, cell->platform);
    html_cell(out, began);
    html_cell(out, took);
    html_cell(out, cell->cached == 1 ? "from the cache" : "");
    arc_buf_puts(out, "<td class=\"time\">");

    if (known)
        arc_buf_printf(out, "<span style=\"margin-left:%.2f%%;width:%.2f%%\"></span>",
                       percent_of(cell->started - start, span), percent_of(cell->duration, span));

    arc_buf_puts(out, "</td>");
    html_row_end(out);
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

void html_timeline(const struct arc_ledger *build, struct arc_buf *out)
{
    static const char *const columns[] = {"Service", "Platform", "Began after", "Took",
                                          "Cache",   "Timeline", NULL};
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(arc_buf) struct arc_buf title = {.max = 4096};
    double start = -1, end = -1;
    size_t count;
    struct bar *bars = list_bars(build, &memory, &count);

    for (size_t i = 0; bars && i < count; i++) {
        const struct arc_built_cell *cell = bars[i].cell;
        if (cell->started < 0 || cell->duration < 0)
            continue;
        start = start < 0 ? cell->started : start;
        end = cell->started + cell->duration > end ? cell->started + cell->duration : end;
    }

    if (arc_arena_check(&memory, NULL))
        out->failed = ARC_ENOMEM;
    arc_buf_printf(&title, "Build of %s, commit %.12s", build->group, build->revision);
    html_section(out, arc_buf_text(&title));
    html_table(out, arc_buf_text(&title), columns);
    for (size_t i = 0; bars && i < count; i++)
        bar_row(&bars[i], start, end - start, out);
    html_table_end(out);
}
