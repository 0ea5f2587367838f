/* Lists of files as outputs. The forms are paths-filter's (src/list-format), but for its defects:
 * its test for safe characters runs line by line, so that a name of two lines can come out
 * unquoted, and its backslash before a line break makes both vanish. */
#include "changes/list.h"
#include "arcci/changes.h"
#include "base/auto.h"
#include "base/text.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

int arc_list_format_parse(const char *name)
{
    static const char *const names[] = {"none", "csv", "json", "shell", "escape"};
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return i;
    return -1;
}

/* Characters that no shell gives a meaning to; csv counts ',' as one that it does. */
static bool safe(char c, bool comma)
{
    bool word =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    return word || (c && strchr(".+:@%/-", c)) || (comma && c == ',');
}

static bool all_safe(const char *text, size_t len, bool comma)
{
    for (size_t i = 0; i < len; i++)
        if (!safe(text[i], comma))
            return false;
    return true;
}

/* How much of a malformed sequence one U+FFFD stands for: its longest beginning that could have
 * become a character (Unicode 15, 3.9, "maximal subpart"; WHATWG Encoding, UTF-8 decoder). */
static size_t malformed(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t need = s[0] >= 0xf0 && s[0] <= 0xf4   ? 4
                  : s[0] >= 0xe0 && s[0] <= 0xef ? 3
                  : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
                                                 : 1;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    size_t i = 1;
    for (; i < need && i < len && s[i] >= low && s[i] <= high; i++) {
        low = 0x80;
        high = 0xbf;
    }
    return i;
}

void arc_list_add_utf8(struct arc_buf *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t step = arc_utf8_length(text + at, len - at);
        if (step) {
            arc_buf_add(out, text + at, step);
        } else {
            arc_buf_puts(out, REPLACEMENT);
            step = malformed(text + at, len - at);
        }
        at += step;
    }
}

static void add_csv(struct arc_buf *out, const char *text, size_t len)
{
    if (all_safe(text, len, false)) {
        arc_buf_add(out, text, len);
        return;
    }
    arc_buf_putc(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            arc_buf_putc(out, '"');
        arc_buf_putc(out, text[i]);
    }
    arc_buf_putc(out, '"');
}

#define BYTES(c) (UINT64_C(0x0101010101010101) * (c))

/* Sets the high bit of every byte of the word that is zero (Hacker's Delight, 6-1); bytes above one
 * that is may be set as well, which is no matter to a test of the whole word. */
static uint64_t zeros(uint64_t word)
{
    return (word - BYTES(1)) & ~word & BYTES(0x80);
}

/* How many characters JSON takes as they are the text starts with: nearly always all of it. */
static size_t json_plain(const unsigned char *s, size_t len)
{
    size_t at = 0;
    for (uint64_t word; at + sizeof word <= len; at += sizeof word) {
        memcpy(&word, s + at, sizeof word);
        uint64_t control = (word - BYTES(0x20)) & ~word & BYTES(0x80);
        if (control | zeros(word ^ BYTES('"')) | zeros(word ^ BYTES('\\')))
            break;
    }
    while (at < len && s[at] >= 0x20 && s[at] != '"' && s[at] != '\\')
        at++;
    return at;
}

/* As JSON.stringify() does: the short escapes, \u00xx for other control characters, no more. */
static void add_json(struct arc_buf *out, const char *text, size_t len)
{
    static const char with[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    const unsigned char *s = (const unsigned char *)text;
    arc_buf_putc(out, '"');
    for (size_t at = 0; at < len; at++) {
        size_t plain = json_plain(s + at, len - at);
        arc_buf_add(out, text + at, plain);
        at += plain;
        if (at == len)
            break;
        const char *escaped = s[at] ? strchr(with, s[at]) : NULL;
        if (escaped)
            arc_buf_printf(out, "\\%c", letters[escaped - with]);
        else
            arc_buf_printf(out, "\\u%04x", s[at]);
    }
    arc_buf_putc(out, '"');
}

/* Whether nothing in it means anything between double quotes. */
static bool plain_but_quotes_and_spaces(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t step =
            safe(text[at], true) || text[at] == '\'' ? 1 : arc_text_space(text + at, len - at);
        if (!step)
            return false;
        at += step;
    }
    return true;
}

/* A part of a name without single quotes; an empty one needs none. */
static void add_shell_part(struct arc_buf *out, const char *text, size_t len)
{
    bool bare = all_safe(text, len, true);
    if (!bare)
        arc_buf_putc(out, '\'');
    arc_buf_add(out, text, len);
    if (!bare)
        arc_buf_putc(out, '\'');
}

static void add_shell(struct arc_buf *out, const char *text, size_t len)
{
    const char *end = text + len, *quote;
    if (memchr(text, '\'', len) && plain_but_quotes_and_spaces(text, len)) {
        arc_buf_putc(out, '"');
        arc_buf_add(out, text, len);
        arc_buf_putc(out, '"');
        return;
    }
    while ((quote = memchr(text, '\'', (size_t)(end - text)))) {
        add_shell_part(out, text, (size_t)(quote - text));
        arc_buf_puts(out, "\\'");
        text = quote + 1;
    }
    add_shell_part(out, text, (size_t)(end - text));
}

/* A shell drops a backslash and a line break after it, so that one goes between quotes. */
static void add_escape(struct arc_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool tail = ((unsigned char)text[i] & 0xc0) == 0x80;
        if (text[i] == '\n') {
            arc_buf_puts(out, "'\n'");
            continue;
        }
        if (!tail && !safe(text[i], true))
            arc_buf_putc(out, '\\');
        arc_buf_putc(out, text[i]);
    }
}

static void add_one(struct arc_buf *out, enum arc_list_format format, const char *text, size_t len)
{
    switch (format) {
    case ARC_LIST_CSV:
        add_csv(out, text, len);
        break;
    case ARC_LIST_JSON:
        add_json(out, text, len);
        break;
    case ARC_LIST_SHELL:
        add_shell(out, text, len);
        break;
    case ARC_LIST_ESCAPE:
        add_escape(out, text, len);
        break;
    default:
        break;
    }
}

static void add_name(struct arc_buf *out, enum arc_list_format format, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf valid = {0};
    if (arc_utf8_valid(text, len)) {
        add_one(out, format, text, len);
        return;
    }
    arc_list_add_utf8(&valid, text, len);
    add_one(out, format, arc_buf_text(&valid), valid.len);
    if (valid.failed)
        out->failed = valid.failed;
}

void arc_changes_list(const struct arc_changes *changes, size_t filter, enum arc_list_format format,
                      struct arc_buf *out)
{
    const struct arc_filter_result *result = &changes->results[filter];
    char between = format == ARC_LIST_CSV || format == ARC_LIST_JSON ? ',' : ' ';
    if (format == ARC_LIST_NONE)
        return;
    if (format == ARC_LIST_JSON)
        arc_buf_putc(out, '[');
    for (size_t i = 0; result->hits && i < result->count; i++) {
        const struct arc_changed_file *file = &changes->files[result->hits[i].file];
        if (i)
            arc_buf_putc(out, between);
        add_name(out, format, file->path, file->len);
    }
    if (format == ARC_LIST_JSON)
        arc_buf_putc(out, ']');
}

void arc_changes_matching(const struct arc_changes *changes, struct arc_buf *out)
{
    const char *before = "";
    arc_buf_putc(out, '[');
    for (size_t i = 0; i < changes->filters->count; i++) {
        const char *name = changes->filters->items[i].name;
        if (!changes->results[i].matched)
            continue;
        arc_buf_puts(out, before);
        add_json(out, name, strlen(name));
        before = ",";
    }
    arc_buf_putc(out, ']');
}
