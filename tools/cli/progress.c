#include "cli/progress.h"
#include "base/text.h"
#include "os/actions.h"
#include "os/file.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* The longest line of a step's output to show; the log file has all of it. */
#define LINE_SHOWN 2000

#define REDRAW_SECONDS 0.05 /* at least, between two drawings of the table */

/* A row of the table. `step` and `tail` are already made visible. */
struct table_row {
    char cell[256];  /* "flash linux/arm64", or "flash" for all its platforms */
    char step[256];  /* the current or last step */
    char tail[2048]; /* the end of its output, for a failure */
    enum arc_step_state state;
    double since; /* monotonic seconds of its first step */
    double until; /* … and of its last change */
};

/* ---- the table ------------------------------------------------------------------------------ */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct table_row *row_of(struct build_progress *table, const char *cell)
{
    struct table_row *row = arc_find(table->rows, table->count, cell, cell);

    if (row)
        return row;
    row = arc_arena_append(&table->memory, &table->rows, &table->count, sizeof *row);
    if (row) {
        row->since = now();
        snprintf(row->cell, sizeof row->cell, "%s", cell);
    }

    return row;
}

/* Rows that do not fit on the screen would scroll away from the cursor: only their number is
 * shown. */
static void draw(struct build_progress *table)
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

/* Adds an event to its row, and redraws the table. */
static void show_row(struct build_progress *table, const char *cell,
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

void build_progress_end(struct build_progress *progress)
{
    if (progress->begun && progress->group)
        fputs("::endgroup::\n", stderr);
    progress->begun = false;

    if (progress->count)
        draw(progress);
    arc_each (row, progress->rows, progress->count)
        if (row->state == ARC_STEP_FAILED && *row->tail)
            fprintf(stderr, "%s said:\n%s", row->cell, row->tail);
    arc_arena_free(&progress->memory);
    progress->rows = NULL;
    progress->count = 0;
}

/* ---- lines and log files -------------------------------------------------------------------- */

/* Shows a line as text: a build's output must not control the terminal or the runner. */
static void add_text(struct arc_buf *out, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf visible = {.max = 5 * LINE_SHOWN};
    arc_text_visible(&visible, text, ARC_MIN(len, LINE_SHOWN));
    arc_actions_disarm(&visible, "\\x23", out);
}

static void write_log(struct build_progress *progress, const char *cell, const char *text,
                      size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 4096};
    int fd = -1;

    arc_buf_printf(&path, "%s/", progress->logs);
    for (cell = arc_text_or(cell, "build"); *cell; cell++)
        arc_buf_putc(&path, strchr(" /", *cell) ? '-' : *cell);
    arc_buf_puts(&path, ".log");
    if (!path.failed)
        fd = arc_file_open_in(NULL, arc_buf_text(&path), O_WRONLY | O_APPEND | O_CREAT, 0666);
    bool written = fd >= 0 && arc_file_write_all(fd, text, len);
    if (fd >= 0)
        written = close(fd) == 0 && written;
    progress->failed = progress->failed || !written;
}

/* Shows a step's output, each line with the name of its cell, since cells run in parallel. */
static void show_output(const char *cell, const struct arc_build_event *event)
{
    for (size_t at = 0; at < event->log_len;) {
        const char *line = event->log + at;
        const char *end = memchr(line, '\n', event->log_len - at);
        size_t len = end ? (size_t)(end - line) : event->log_len - at;
        ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 8 * LINE_SHOWN};
        add_text(&shown, line, len);
        fprintf(stderr, "%-22s | %s\n", cell, arc_buf_text(&shown));
        at += len + 1;
    }
}

void build_progress_event(void *context, const struct arc_build_event *event)
{
    struct build_progress *progress = context;
    bool lines = !progress->live && !progress->quiet;
    char cell[256]; /* "flash linux/arm64", "flash", or "" for the whole build */

    snprintf(cell, sizeof cell, "%.100s%s%.100s", event->service, *event->platform ? " " : "",
             event->platform);

    if (!progress->quiet) {
        if (!progress->begun && progress->group)
            fputs("::group::Build\n", stderr);
        progress->begun = true;
        if (progress->live)
            show_row(progress, cell, event);
    }

    if (event->log) {
        if (lines)
            show_output(cell, event);
        if (progress->logs)
            write_log(progress, cell, event->log, event->log_len);
        return;
    }

    if (event->state == ARC_STEP_RUNNING)
        return;

    if (lines) {
        static const char *const words[] = {"", "", " (cached)", " FAILED"};
        ARC_AUTO(arc_buf) struct arc_buf step = {.max = 8192};
        add_text(&step, event->step, strnlen(event->step, 300));
        fprintf(stderr, "%-22s   %s%s", cell, arc_buf_text(&step), words[event->state]);
        if (event->duration >= 0.05)
            fprintf(stderr, "  %.1f s", event->duration);
        fputc('\n', stderr);
    }

    ARC_AUTO(arc_buf) struct arc_buf line = {.max = 8192};
    arc_buf_printf(&line, "# %s (%.3f s)%s\n", event->step, event->duration,
                   event->state == ARC_STEP_FAILED ? " FAILED" : "");
    if (progress->logs && !line.failed)
        write_log(progress, cell, arc_buf_text(&line), line.len);
}
