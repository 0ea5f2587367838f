/* What is written for a runner: any value stays inside its output, its annotation and its text. */
#include "base/auto.h"
#include "os/actions.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Reads the file back as the runner does: one output, whole. */
static void check_output(const struct arc_buf *out, const char *value)
{
    size_t len = strlen(value);
    if (strncmp(out->data, "name=", 5) == 0) {
        if (out->len != len + 6 || memcmp(out->data + 5, value, len) != 0 || strpbrk(value, "\r\n"))
            abort();
        return;
    }
    if (strncmp(out->data, "name<<", 6) != 0)
        abort();
    const char *mark = out->data + 6;
    size_t width = strcspn(mark, "\n");
    if (out->len != 6 + width + 1 + len + 1 + width + 1 ||
        memcmp(mark + width + 1, value, len) != 0 ||
        memcmp(mark + width + 1 + len + 1, mark, width) != 0)
        abort();
}

static void check_disarmed(const struct arc_buf *out)
{
    if (!out->len)
        return;
    if (strstr(out->data, "##["))
        abort();
    for (const char *line = out->data; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "::", 2) == 0 && strstr(line + 2, "::") &&
            strstr(line + 2, "::") < line + strcspn(line, "\n"))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    ARC_AUTO_FREE char *value = calloc(size + 1, 1);
    ARC_AUTO(arc_buf) struct arc_buf output = {0};
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_buf) struct arc_buf disarmed = {0};
    if (!value)
        return 0;
    memcpy(value, data, size);
    if (arc_actions_format_output(&output, "name", value, strlen(value), NULL) == 0)
        check_output(&output, value);
    arc_actions_annotation(&line, "error", NULL, value, value);
    if (strncmp(line.data, "::error", 7) != 0 || strcspn(line.data, "\r\n") + 1 < line.len)
        abort();
    arc_buf_puts(&text, value);
    arc_actions_disarm(&text, "\\x23", &disarmed);
    check_disarmed(&disarmed);
    return 0;
}
