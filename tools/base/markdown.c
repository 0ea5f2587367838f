#include "base/markdown.h"
#include "base/text.h"

/* Invisible, and keeps GitHub from recognizing a mention, a reference or a URL. */
#define BREAK "&#8203;"

/* Puts the text on one line in *line: trimmed, with spaces for line breaks and tabs, and with other
 * control characters visible. If *line fails, *whole does, too. */
static const char *make_line(struct arc_buf *line, const char *text, size_t len, bool collapse,
                             struct arc_buf *whole)
{
    ARC_AUTO(arc_buf) struct arc_buf flat = {0};

    for (; len && arc_is_space(*text); text++, len--)
        ;
    len = arc_text_strip(text, len, " \t\n\v\f\r");

    for (size_t i = 0; i < len; i++)
        if (!arc_is_space(text[i]))
            arc_buf_putc(&flat, text[i]);
        else if (!collapse || !arc_is_space(text[i - 1]))
            arc_buf_putc(&flat, ' ');

    arc_text_visible(line, arc_buf_text(&flat), flat.len);
    if (flat.failed || line->failed)
        whole->failed = arc_or(flat.failed, line->failed);

    return arc_buf_text(line);
}

/* At the start of a line, "- ", "+ ", "1. ", "1) " begin a list and "===" underlines a heading. */
static size_t add_start(struct arc_buf *out, const char *s)
{
    size_t digits = 0;

    if (s[0] && strchr("+-=", s[0])) {
        arc_buf_printf(out, "\\%c", s[0]);
        return 1;
    }

    if (s[0] == ':' && s[1] == ':') { /* "::" starts a command for a runner that logs the text */
        arc_buf_puts(out, "&#58;");
        return 1;
    }

    while (arc_is_digit(s[digits]))
        digits++;
    bool marker = digits && (s[digits] == '.' || s[digits] == ')');
    if (!marker || (s[digits + 1] && s[digits + 1] != ' '))
        return 0;
    arc_buf_add(out, s, digits);
    arc_buf_printf(out, "\\%c", s[digits]);

    return digits + 1;
}

/* What GitHub links by itself: @name, #1, GH-1, www.x, scheme://x. True if a break belongs
 * after (or, for '.' and '-', before) the character at `at`. */
static bool autolinks(const char *s, size_t at)
{
    switch (s[at]) {
    case '@':
        return arc_is_alnum(s[at + 1]);
    case '#':
        return arc_is_digit(s[at + 1]);
    case ':':
        return s[at + 1] == '/' && s[at + 2] == '/';
    case '.':
        return at >= 3 && strncasecmp(s + at - 3, "www", 3) == 0;
    case '-':
        return at >= 2 && strncasecmp(s + at - 2, "gh", 2) == 0 && arc_is_digit(s[at + 1]);
    default:
        return false;
    }
}

/* Whether markdown gives the unescaped character a meaning here. */
static bool special(const char *s, size_t at)
{
    char before = at ? s[at - 1] : ' ';

    if (s[at] == '_')
        return !(arc_is_alnum(before) && arc_is_alnum(s[at + 1]));
    return strchr("\\*[]~", s[at]) || (s[at] == '#' && before == ' ');
}

/* Characters for which a backslash does not work everywhere: HTML, table cells, code,
 * mathematics. */
static const char *entity(const char *s, size_t at)
{
    switch (s[at]) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '|':
        return "&#124;";
    case '`':
        return "&#96;";
    case '$':
        return "&#36;";
    case '&':
        return arc_is_alnum(s[at + 1]) || s[at + 1] == '#' ? "&amp;" : NULL;
    default:
        return NULL;
    }
}

void arc_markdown_text(struct arc_buf *out, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    const char *s = make_line(&line, text, len, true, out);
    for (size_t at = add_start(out, s); s[at]; at++) {
        const char *named = entity(s, at);
        if (named)
            arc_buf_puts(out, named);
        else if (autolinks(s, at))
            arc_buf_printf(out, strchr(".-", s[at]) ? BREAK "%c" : "%c" BREAK, s[at]);
        else if (special(s, at))
            arc_buf_printf(out, "\\%c", s[at]);
        else
            arc_buf_putc(out, s[at]);
    }
}

static size_t longest_run(const char *s, char c)
{
    size_t longest = 0;
    for (size_t run = 0; *s; s++) {
        run = *s == c ? run + 1 : 0;
        longest = ARC_MAX(run, longest);
    }
    return longest;
}

void arc_markdown_code(struct arc_buf *out, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    const char *s = make_line(&line, text, len, false, out);
    if (strchr(s, '|')) {
        /* A table splits its row at '|' before it looks for code spans, even at `\\|`: only a
         * character reference is safe, which <code> decodes and a span does not. */
        arc_buf_puts(out, "<code>");
        for (; *s; s++)
            if (arc_is_alnum(*s) || *s == ' ' || (unsigned char)*s >= 0x80)
                arc_buf_putc(out, *s);
            else /* an e-mail address would become a link even here */
                arc_buf_printf(out, "&#%d;%s", *s, *s == '@' ? BREAK : "");
        arc_buf_puts(out, "</code>");

        return;
    }

    size_t ticks = line.len ? longest_run(s, '`') + 1 : 0;
    const char *pad = line.len && (s[0] == '`' || s[line.len - 1] == '`') ? " " : "";
    for (size_t i = 0; i < ticks; i++)
        arc_buf_putc(out, '`');
    arc_buf_printf(out, "%s%s%s", pad, s, pad);
    for (size_t i = 0; i < ticks; i++)
        arc_buf_putc(out, '`');
}

/* RFC 3986's characters, without those that end a markdown link or a table cell. */
static bool url_char(const char *s, size_t left)
{
    if (*s == '%')
        return left > 2 && strspn(s + 1, "0123456789abcdefABCDEF") >= 2;
    return arc_is_alnum(*s) || (*s && strchr("-._~:/?#@!$&*+,=", *s));
}

void arc_markdown_url(struct arc_buf *out, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    arc_buf_add(&line, text, len);
    if (line.failed)
        out->failed = line.failed;
    const char *s = arc_buf_text(&line);
    if (strncasecmp(s, "https://", 8) != 0 && strncasecmp(s, "http://", 7) != 0) {
        arc_buf_putc(out, '#');
        return;
    }

    for (size_t at = 0; at < line.len; at++)
        if (!url_char(s + at, line.len - at))
            arc_buf_printf(out, "%%%02X", (unsigned char)s[at]);
        else
            arc_buf_printf(out, s[at] == '&' ? "%camp;" : "%c", s[at]);
}

void arc_markdown_line(struct arc_buf *out, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    const char *s = make_line(&line, text, len, false, out);
    if (*s == '`' || *s == '~') /* it could close the block */
        arc_buf_putc(out, '\\');
    arc_buf_puts(out, s);
}

void arc_markdown_shell(struct arc_buf *out, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    const char *s = make_line(&line, text, len, false, out);
    bool bare = line.len > 0;
    for (const char *c = s; *c; c++)
        bare = bare && (arc_is_alnum(*c) || strchr("_./:@%+=,-", *c));

    if (bare) {
        arc_buf_puts(out, s);
        return;
    }

    arc_buf_putc(out, '\'');
    for (; *s; s++)
        arc_buf_puts(out, *s == '\'' ? "'\\''" : (char[]){*s, '\0'});
    arc_buf_putc(out, '\'');
}

static const char *skip_returns(const char *at)
{
    while (at[0] == '\r' && at[1] == '\n')
        at++;
    return at;
}

static bool only_space(const char *at)
{
    return !at[strspn(at, " \t\r\n")];
}

bool arc_markdown_same(const char *a, const char *b)
{
    a = arc_or(a, "");
    b = arc_or(b, "");
    for (;; a++, b++) {
        a = skip_returns(a);
        b = skip_returns(b);
        if (*a != *b || !*a)
            return only_space(a) && only_space(b);
    }
}
