#include "json/layout.h"
#include "base/json.h"
#include "base/text.h"

/* Also escapes DEL, C1 and bidirectional controls for a terminal: arc_json_dumps() does not. */
static char *one_line(const json_t *value)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    ARC_AUTO_FREE char *text = arc_json_dumps(value, JSON_ENCODE_ANY);
    if (!text)
        return NULL;
    arc_text_visible(&shown, text, strlen(text));
    return arc_buf_steal(&shown);
}

static void new_line(struct arc_buf *out, size_t indent)
{
    arc_buf_printf(out, "\n%*s", (int)indent, "");
}

void arc_json_text(struct arc_buf *out, const json_t *value, size_t indent, size_t width)
{
    ARC_AUTO_FREE char *line = one_line(value);
    if (!line) {
        out->failed = ARC_ENOMEM;
        return;
    }

    bool list = json_is_array(value) && json_array_size(value) > 0;
    bool object = json_is_object(value) && json_object_size(value) > 0;
    if ((!list && !object) || strlen(line) + indent <= width) {
        arc_buf_puts(out, line);
        return;
    }

    arc_buf_putc(out, list ? '[' : '{');

    arc_json_each (item, value) {
        if (item_at)
            arc_buf_putc(out, ',');
        new_line(out, indent + 2);
        arc_json_text(out, item, indent + 2, width);
    }

    const char *separator = "";
    arc_json_each_pair (name, member, value) {
        ARC_AUTO_JSON json_t *text = json_string(name);
        ARC_AUTO_FREE char *shown = text ? one_line(text) : NULL;
        size_t used = shown ? strlen(shown) + 2 : 0;

        arc_buf_puts(out, separator);
        new_line(out, indent + 2);
        if (!shown)
            out->failed = ARC_ENOMEM;
        arc_buf_printf(out, "%s: ", arc_or(shown, ""));
        arc_json_text(out, member, indent + 2, width > used ? width - used : 0);
        separator = ",";
    }

    new_line(out, indent);
    arc_buf_putc(out, list ? ']' : '}');
}
