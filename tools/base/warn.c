#include "base/warn.h"
#include "base/json.h"
#include "base/text.h"

char *arc_warn_text(const char *format, va_list args)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = (size_t)1 << 20};
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = (size_t)4 << 20};
    arc_buf_vprintf(&text, format, args);
    arc_text_visible(&shown, arc_buf_text(&text), text.len);
    return text.failed ? NULL : arc_buf_steal(&shown);
}

int arc_warn(json_t **warnings, struct arc_error *err, const char *format, ...)
{
    ARC_AUTO_FREE char *text = NULL;
    ARC_WITH_ARGS(format, text = arc_warn_text(format, args));
    if (!*warnings)
        *warnings = json_array();
    return arc_json_append(*warnings, text ? json_string(text) : NULL, err);
}

int arc_warn_at(const struct arc_warner *warner, const struct arc_place *place, const char *format,
                ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    ARC_TRY(arc_buf_check(&text, "a warning", warner->err));
    return warner->warn(warner->context, place, arc_buf_text(&text));
}

void arc_tell(void (*tell)(void *context, const char *line), void *context, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {.max = 4096};

    if (!tell)
        return;
    ARC_WITH_ARGS(format, arc_buf_vprintf(&line, format, args));
    tell(context, arc_buf_text(&line));
}
