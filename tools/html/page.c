#include "html/page.h"
#include "base/auto.h"
#include "base/text.h"
#include <string.h>

void html_text(struct arc_buf *out, const char *text, size_t len)
{
    static const char marks[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    arc_text_visible_lines(&shown, text, len);
    if (shown.failed)
        out->failed = shown.failed;

    for (const char *c = arc_buf_text(&shown); *c; c++) {
        const char *mark = strchr(marks, *c);
        if (mark)
            arc_buf_puts(out, entities[mark - marks]);
        else
            arc_buf_putc(out, *c);
    }
}
