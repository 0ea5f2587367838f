#include "cli/progress.h"
#include "base/text.h"
#include "os/actions.h"
#include "os/file.h"
#include <fcntl.h>
#include <unistd.h>

/* The longest line of a step's output to show; the log file has all of it. */
#define LINE_SHOWN 2000

void build_progress_end(struct build_progress *progress)
{
    if (progress->begun && progress->group)
        fputs("::endgroup::\n", stderr);
    progress->begun = false;
    if (progress->live)
        build_table_end(&progress->table);
}

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
            build_table_event(&progress->table, cell, event);
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
