#include "cli/progress_table.h"
#include "base/text.h"
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.05

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct table_row *row_of(struct build_table *table, const char *cell)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].cell, cell) == 0)
            return &table->rows[i];

    struct table_row *row =
        arc_arena_append(&table->memory, &table->rows, &table->count, sizeof *row);
    if (row) {
        row->since = now();
        snprintf(row->cell, sizeof row->cell, "%s", cell);
    }

    return row;
}

/* Rows that do not fit on the screen would scroll away from the cursor: only their number is
 * shown. */
static void draw(struct build_table *table)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    struct winsize size = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    const size_t rows = size.ws_row, columns = size.ws_col;

    if (table->drawn)
        arc_buf_printf(&out, "\033[%zuA", table->drawn);
    bool fits = table->count + 1 < rows;
    for (size_t i = 0; fits && i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        static const char *const words[] = {"running", "done", "cached", "FAILED"};
        static const char *const colours[] = {"\033[36m", "\033[32m", "\033[34m", "\033[31m"};
        double end = row->state == ARC_STEP_RUNNING ? now() : row->until;
        char line[640];

        snprintf(line, sizeof line, "%-22s %-7s %6.1f s  %s", row->cell, words[row->state],
                 end - row->since, row->step);
        arc_buf_puts(&out, "\r\033[K");
        if (table->colour)
            arc_buf_puts(&out, colours[row->state]);
        /* a character of two columns may wrap, which is harmless */
        arc_buf_add(&out, line, arc_text_cut(line, strlen(line), columns > 1 ? columns - 1 : 1));
        arc_buf_puts(&out, table->colour ? "\033[0m\n" : "\n");
    }
    if (!fits)
        arc_buf_printf(&out, "\r\033[K%zu cells, %u steps done\n", table->count, table->finished);
    table->drawn = fits ? table->count : 1;
    table->drawn_at = now();
    if (!out.failed)
        fwrite(out.data, 1, out.len, stderr);
}

/* Keeps the end of a cell's output. */
static void keep_tail(struct table_row *row, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    size_t start = len > sizeof row->tail / 8 ? len - sizeof row->tail / 8 : 0;

    for (size_t at = start; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line = end ? (size_t)(end - text) - at : len - at;
        arc_buf_puts(&shown, "  | ");
        arc_text_visible(&shown, text + at, line);
        arc_buf_putc(&shown, '\n');
        at += line + 1;
    }

    size_t used = strlen(row->tail), most = sizeof row->tail - 1;
    size_t more = ARC_MIN(most, shown.len);
    size_t drop = used + more > most ? used + more - most : 0;
    memmove(row->tail, row->tail + drop, used - drop);
    if (more)
        memcpy(row->tail + used - drop, shown.data + shown.len - more, more);
    row->tail[used - drop + more] = '\0';
}

void build_table_event(struct build_table *table, const char *cell,
                       const struct arc_build_event *event)
{
    ARC_AUTO(arc_buf) struct arc_buf step = {.max = 4096};
    struct table_row *row = row_of(table, arc_text_or(cell, "build"));

    if (!row)
        return;

    if (event->log) {
        keep_tail(row, event->log, event->log_len);
        return;
    }

    arc_text_visible(&step, event->step, strnlen(event->step, 200));
    snprintf(row->step, sizeof row->step, "%s", arc_buf_text(&step));
    table->finished += event->state != ARC_STEP_RUNNING;
    row->state = row->state == ARC_STEP_FAILED ? ARC_STEP_FAILED : event->state;
    row->until = now();
    if (row->until - table->drawn_at >= REDRAW_SECONDS)
        draw(table);
}

void build_table_end(struct build_table *table)
{
    if (table->count)
        draw(table);
    arc_each (row, table->rows, table->count)
        if (row->state == ARC_STEP_FAILED && *row->tail)
            fprintf(stderr, "%s said:\n%s", row->cell, row->tail);
    arc_arena_free(&table->memory);
    *table = (struct build_table){0};
}
