#include "html/page.h"
#include "base/auto.h"
#include "base/text.h"
#include "os/file.h"
#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:70rem;padding:1rem;"
    "background:light-dark(#fff,#0d1117);color:light-dark(#1c2128,#e6edf3);"
    "font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "a{color:light-dark(#0550ae,#79c0ff)}h1{font-size:1.6rem;margin:.5rem 0 0}"
    "h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid light-dark(#d0d7de,#30363d)}"
    "p.dim{color:light-dark(#57606a,#9da7b3);margin:.2rem 0}"
    "div.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;overflow-wrap:normal;"
    "border-bottom:1px solid light-dark(#d0d7de,#30363d)}"
    "code,pre{font:.875rem/1.45 ui-monospace,monospace}"
    "code,pre{background:light-dark(#f6f8fa,#161b22)}code{padding:.1em .3em}"
    "pre{padding:.75rem;overflow-x:auto}pre code{padding:0}"
    "ol.flow{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0}"
    "ol.flow li{flex:1 1 9rem;border-radius:.4rem;padding:.5rem .7rem}ol.flow b{display:block}"
    "ol.flow li,.notes{border:1px solid light-dark(#d0d7de,#30363d)}summary{cursor:pointer}"
    ".notes{border-radius:.4rem;padding:0 1rem}"
    ".time{min-width:10rem;width:40%}.time span{display:block;height:1rem;min-width:2px;"
    "border-radius:.2rem;background:light-dark(#0550ae,#79c0ff)}"
    ".good{color:light-dark(#116329,#7ee787)}.bad{color:light-dark(#a40e26,#ffa198)}";

void html_text(struct arc_buf *out, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    arc_text_visible_lines(&shown, text, strlen(text));
    if (shown.failed)
        out->failed = shown.failed;

    for (const char *c = arc_buf_text(&shown); *c; c++) {
        if (*c == '&')
            arc_buf_puts(out, "&amp;");
        else if (*c == '<')
            arc_buf_puts(out, "&lt;");
        else if (*c == '>')
            arc_buf_puts(out, "&gt;");
        else if (*c == '"')
            arc_buf_puts(out, "&quot;");
        else if (*c == '\'')
            arc_buf_puts(out, "&#39;");
        else
            arc_buf_putc(out, *c);
    }
}

static void tagged(struct arc_buf *out, const char *open, const char *text, const char *close)
{
    arc_buf_puts(out, open);
    html_text(out, text);
    arc_buf_puts(out, close);
}

void html_begin(struct arc_buf *out, const char *title, const char *subtitle)
{
    arc_buf_puts(
        out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "style-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n");
    tagged(out, "<title>", title, "</title>\n<style>");
    arc_buf_puts(out, style);
    tagged(out, "</style>\n</head>\n<body>\n<header>\n<h1>", title, "</h1>\n");
    tagged(out, "<p class=\"dim\">", subtitle, "</p>\n</header>\n<main>\n");
}

void html_end(struct arc_buf *out)
{
    arc_buf_puts(out, "</main>\n</body>\n</html>\n");
}

void html_section(struct arc_buf *out, const char *title)
{
    tagged(out, "<h2>", title, "</h2>\n");
}

void html_table(struct arc_buf *out, const char *label, const char *const *columns)
{
    tagged(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"", label, "\">\n");
    arc_buf_puts(out, "<table>\n<thead><tr>");
    for (; *columns; columns++)
        tagged(out, "<th scope=\"col\">", *columns, "</th>");
    arc_buf_puts(out, "</tr></thead>\n<tbody>");
}

void html_row(struct arc_buf *out)
{
    arc_buf_puts(out, "\n<tr>");
}

void html_row_end(struct arc_buf *out)
{
    arc_buf_puts(out, "</tr>");
}

void html_cell(struct arc_buf *out, const char *text)
{
    tagged(out, "<td>", text, "</td>");
}

void html_code_cell(struct arc_buf *out, const char *text)
{
    tagged(out, "<td><code>", text, "</code></td>");
}

void html_table_end(struct arc_buf *out)
{
    arc_buf_puts(out, "\n</tbody>\n</table>\n</div>\n");
}

void html_details(struct arc_buf *out, const char *summary, const char *text)
{
    tagged(out, "<details><summary>", summary, "</summary>\n");
    tagged(out, "<pre tabindex=\"0\"><code>", text, "</code></pre></details>\n");
}

int html_write(const char *path, const struct arc_buf *page, struct arc_error *err)
{
    ARC_TRY(arc_buf_check(page, "the page", err));
    return arc_file_write(path, page->data, page->len, err);
}
