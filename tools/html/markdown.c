/* Converts the markdown of release notes to HTML: a subset of GitHub Flavored Markdown 0.29
 * (github.github.com/gfm). */
#define _GNU_SOURCE /* memmem */
#include "base/text.h"
#include "html/page.h"
#include <ctype.h>

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

#define NESTING_MAX 8 /* nesting of links and strong text */

/* A part of the text. */
struct span {
    const char *at;
    size_t len;
};

static void add_text(struct arc_buf *out, struct span text)
{
    html_text(out, text.at, text.len);
}

/* ---- within a line ------------------------------------------------------------------------- */

static size_t add_inline(struct arc_buf *out, struct span text, unsigned depth);

/* The index of `what` in the text from `from` on; the length if there is none. */
static size_t seek(struct span text, size_t from, const char *what)
{
    const char *found = memmem(text.at + from, text.len - from, what, strlen(what));
    return found ? (size_t)(found - text.at) : text.len;
}

/* `code`, closed by as many backticks as it was opened with, else those backticks as text. Returns
 * the length. */
static size_t add_code(struct arc_buf *out, struct span text)
{
    size_t ticks = 0;
    while (ticks < text.len && text.at[ticks] == '`')
        ticks++;

    for (size_t at = ticks, run = 0; at <= text.len; at++) {
        bool tick = at < text.len && text.at[at] == '`';
        if (!tick && run == ticks) {
            struct span inner = {text.at + ticks, at - 2 * ticks};
            bool padded = inner.len > 2 && *inner.at == ' ' && inner.at[inner.len - 1] == ' ';
            arc_buf_puts(out, "<code>");
            add_text(out, padded ? (struct span){inner.at + 1, inner.len - 2} : inner);
            arc_buf_puts(out, "</code>");
            return at;
        }
        run = tick ? run + 1 : 0;
    }

    add_text(out, (struct span){text.at, ticks});
    return ticks;
}

/* [text](https://…); other schemes are not links. */
static size_t add_link(struct arc_buf *out, struct span text, unsigned depth)
{
    size_t middle = seek(text, 0, "]("), end = seek(text, middle, ")");

    if (end >= text.len || depth >= NESTING_MAX)
        return 0;
    struct span url = {text.at + middle + 2, end - middle - 2};
    bool web = (url.len > 8 && memcmp(url.at, "https://", 8) == 0) ||
               (url.len > 7 && memcmp(url.at, "http://", 7) == 0);
    if (!web)
        return 0;
    url.len = seek(url, 0, " "); /* a title follows */
    arc_buf_puts(out, "<a rel=\"noopener noreferrer\" href=\"");
    add_text(out, url);
    arc_buf_puts(out, "\">");
    add_inline(out, (struct span){text.at + 1, middle - 1}, depth + 1);
    arc_buf_puts(out, "</a>");

    return end + 1;
}

/* Converts markup at the start of the text; returns its length, 0: none. */
static size_t add_special(struct arc_buf *out, struct span text, unsigned depth)
{
    if (*text.at == '\\' && text.len > 1 && ispunct((unsigned char)text.at[1])) {
        add_text(out, (struct span){text.at + 1, 1});
        return 2;
    }

    if (*text.at == '`')
        return add_code(out, text);
    if (*text.at == '[')
        return add_link(out, text, depth);

    if (*text.at == '&') { /* entities stay: &amp; &#64; */
        size_t len = 1;
        while (len < text.len && len < 10 &&
               (isalnum((unsigned char)text.at[len]) || text.at[len] == '#'))
            len++;
        if (len < 3 || len >= text.len || text.at[len] != ';')
            return 0;
        arc_buf_add(out, text.at, len + 1);
        return len + 1;
    }

    if (text.len >= 4 && memcmp(text.at, "<br>", 4) == 0) {
        arc_buf_puts(out, "<br>");
        return 4;
    }

    size_t close = text.len > 4 && memcmp(text.at, "**", 2) == 0 ? seek(text, 2, "**") : text.len;
    if (close >= text.len || depth >= NESTING_MAX)
        return 0;
    arc_buf_puts(out, "<strong>");
    add_inline(out, (struct span){text.at + 2, close - 2}, depth + 1);
    arc_buf_puts(out, "</strong>");

    return close + 2;
}

static size_t add_inline(struct arc_buf *out, struct span text, unsigned depth)
{
    size_t plain = 0, at = 0;

    while (at < text.len) {
        if (!strchr("\\`[&<*", text.at[at])) {
            at++;
            continue;
        }
        add_text(out, (struct span){text.at + plain, at - plain});
        plain = at;
        size_t taken = add_special(out, (struct span){text.at + at, text.len - at}, depth);
        at += arc_or(taken, 1);
        plain = taken ? at : plain;
    }

    add_text(out, (struct span){text.at + plain, text.len - plain});

    return text.len;
}

/* ---- lines --------------------------------------------------------------------------------- */

static struct span next_line(const char **at)
{
    struct span line = {*at, strcspn(*at, "\n")};
    *at += line.len + ((*at)[line.len] == '\n');
    line.len = arc_text_strip(line.at, line.len, "\r");
    return line;
}

static bool is_item(const char *line)
{
    return ARC_STARTS(line, "- ", "* ", "+ ");
}

/* The cells of "| a | b |", whose last bar may be missing; a bar after a backslash or in code is not
 * a separator. */
static void add_cells(struct arc_buf *out, struct span line, const char *tag)
{
    bool code = false;
    size_t start = 1;

    arc_buf_puts(out, "<tr>");

    for (size_t i = 1; i <= line.len; i++) {
        bool end = i == line.len;
        code ^= !end && line.at[i] == '`';
        if (!end && (line.at[i] != '|' || line.at[i - 1] == '\\' || code))
            continue;
        while (start < i && line.at[start] == ' ')
            start++;
        if (end && start == i)
            break;
        size_t len = arc_text_strip(line.at + start, i - start, " ");
        arc_buf_printf(out, "<%s>", tag);
        add_inline(out, (struct span){line.at + start, len}, 0);
        arc_buf_printf(out, "</%s>", tag);
        start = i + 1;
    }

    arc_buf_puts(out, "</tr>\n");
}

static void add_fence(struct arc_buf *out, struct span open, const char **at)
{
    size_t ticks = strspn(open.at, "`");

    arc_buf_puts(out, "<pre tabindex=\"0\"><code>");

    while (**at) {
        struct span line = next_line(at);
        if (line.len >= ticks && strspn(line.at, "`") >= ticks)
            break;
        add_text(out, line);
        arc_buf_putc(out, '\n');
    }

    arc_buf_puts(out, "</code></pre>\n");
}

void html_markdown(struct arc_buf *out, const char *text, size_t len)
{
    (void)len;

    while (*text) {
        struct span line = next_line(&text);
        size_t level = strspn(line.at, "#");
        if (!line.len || ARC_STARTS(line.at, "<!--"))
            continue;

        if (ARC_STARTS(line.at, "```")) {
            add_fence(out, line, &text);
        } else if (level && level <= 6 && level < line.len && line.at[level] == ' ') {
            /* Notes are part of the page, so their headings are below its own. */
            size_t shown = level + 1 < 6 ? level + 1 : 6;
            arc_buf_printf(out, "<h%zu>", shown);
            add_inline(out, (struct span){line.at + level + 1, line.len - level - 1}, 0);
            arc_buf_printf(out, "</h%zu>\n", shown);
        } else if (*line.at == '|' && *text == '|' &&
                   strspn(text, "|-: ") >= strcspn(text, "\r\n")) {
            arc_buf_puts(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" "
                              "aria-label=\"table of the notes\"><table><thead>");
            add_cells(out, line, "th");
            arc_buf_puts(out, "</thead><tbody>\n");
            next_line(&text); /* | --- | */
            while (*text == '|')
                add_cells(out, next_line(&text), "td");
            arc_buf_puts(out, "</tbody></table></div>\n");
        } else if (is_item(line.at)) {
            arc_buf_puts(out, "<ul>\n");
            for (;; line = next_line(&text)) {
                arc_buf_puts(out, "<li>");
                add_inline(out, (struct span){line.at + 2, line.len - 2}, 0);
                arc_buf_puts(out, "</li>\n");
                if (!is_item(text))
                    break;
            }
            arc_buf_puts(out, "</ul>\n");
        } else {
            arc_buf_puts(out, "<p>");
            add_inline(out, line, 0);
            while (*text && !strchr("\r\n#|`-", *text) && !is_item(text)) {
                arc_buf_putc(out, ' ');
                add_inline(out, next_line(&text), 0);
            }
            arc_buf_puts(out, "</p>\n");
        }
    }
}
