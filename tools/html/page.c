#include "html/page.h"
#include "base/auto.h"
#include "base/text.h"

static const char *name_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(struct arc_buf *out, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    arc_text_visible_lines(&shown, text, len);
    if (shown.failed)
        out->failed = shown.failed;

    for (const char *c = arc_buf_text(&shown); *c; c++) {
        const char *entity = name_entity(*c);
        if (entity)
            arc_buf_puts(out, entity);
        else
            arc_buf_putc(out, *c);
    }
}
