/* Bodies: modes and hidden marks. */
#include "base/auto.h"
#include "release/release.h"
#include <string.h>

#define DRAFT "<!-- arc-ci: draft under way -->\n"
#define BEGIN "<!-- arc-ci: notes begin -->\n"
#define END   "<!-- arc-ci: notes end -->"

bool release_draft_ours(const char *body)
{
    return body && strncmp(body, DRAFT, strlen(DRAFT) - 1) == 0;
}

static void add_block(struct arc_buf *out, const char *ours)
{
    size_t len = strlen(ours);
    arc_buf_puts(out, BEGIN);
    arc_buf_puts(out, ours);
    if (len && ours[len - 1] != '\n')
        arc_buf_putc(out, '\n');
    arc_buf_puts(out, END);
}

/* The text before and after our block; false when there is none. GitHub may store CRLF. */
static bool split(const char *existing, size_t *before, const char **after)
{
    const char *begin = strstr(existing, "<!-- arc-ci: notes begin -->");
    const char *end = begin ? strstr(begin, END) : NULL;
    if (!end)
        return false;
    *before = (size_t)(begin - existing);
    *after = end + strlen(END);
    return true;
}

char *release_body(enum arc_body_mode mode, const char *existing, const char *ours)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    size_t before;
    const char *after;
    if (!existing || release_draft_ours(existing))
        existing = "";
    if (mode == ARC_BODY_REPLACE || (mode == ARC_BODY_KEEP && !*existing)) {
        arc_buf_puts(&out, ours);
    } else if (mode == ARC_BODY_KEEP) {
        arc_buf_puts(&out, existing);
    } else if (split(existing, &before, &after)) {
        arc_buf_add(&out, existing, before);
        add_block(&out, ours);
        arc_buf_puts(&out, after);
    } else if (mode == ARC_BODY_PREPEND) {
        add_block(&out, ours);
        arc_buf_puts(&out, *existing ? "\n\n" : "\n");
        arc_buf_puts(&out, existing);
    } else {
        arc_buf_puts(&out, existing);
        arc_buf_puts(&out, *existing ? "\n\n" : "");
        add_block(&out, ours);
        arc_buf_putc(&out, '\n');
    }
    return arc_buf_steal(&out);
}

char *release_draft_body(enum arc_body_mode mode, const char *ours)
{
    ARC_AUTO_FREE char *body = release_body(mode, NULL, ours);
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    if (!body)
        return NULL;
    arc_buf_puts(&out, DRAFT);
    arc_buf_puts(&out, body);
    return arc_buf_steal(&out);
}
