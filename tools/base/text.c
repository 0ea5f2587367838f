#include "base/text.h"
#include <ctype.h>
#include <time.h>

size_t arc_utf8_length(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    if (len == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        return len >= 2 && arc_utf8_continues((char)s[1]) ? 2 : 0;

    if (s[0] >= 0xe0 && s[0] <= 0xef) {
        if (len < 3 || !arc_utf8_continues((char)s[1]) || !arc_utf8_continues((char)s[2]))
            return 0;
        bool overlong = s[0] == 0xe0 && s[1] < 0xa0;
        bool surrogate = s[0] == 0xed && s[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }

    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        if (len < 4 || !arc_utf8_continues((char)s[1]) || !arc_utf8_continues((char)s[2]) ||
            !arc_utf8_continues((char)s[3]))
            return 0;
        bool overlong = s[0] == 0xf0 && s[1] < 0x90;
        bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
        return overlong || beyond ? 0 : 4;
    }

    return 0;
}

/* Whether these bytes, at most three, can begin a character. */
static bool may_begin_character(const char *text, size_t len)
{
    char low[4], high[4];
    memset(low, 0x80, sizeof low);
    memset(high, 0xbf, sizeof high);
    memcpy(low, text, len);
    memcpy(high, text, len);
    return arc_utf8_length(low, sizeof low) > len || arc_utf8_length(high, sizeof high) > len;
}

size_t arc_utf8_point(const char *text, size_t len, uint32_t *point)
{
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t step = arc_utf8_length(text, len);

    if (!step) {
        *point = 0xfffd;
        for (step = ARC_MIN(len, 3); step > 1 && !may_begin_character(text, step);)
            step--;
        return step;
    }

    *point = (unsigned char)text[0] & mask[step];
    for (size_t i = 1; i < step; i++)
        *point = *point << 6 | ((unsigned char)text[i] & 0x3f);

    return step;
}

size_t arc_text_utf16(const char *text, size_t len)
{
    size_t units = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        units += !arc_utf8_continues(text[i]);
        units += c >= 0xf0;
    }
    return units;
}

size_t arc_text_columns(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        if (ARC_STARTS(text, "\x1b[") && strchr(text, 'm'))
            text = strchr(text, 'm');
        else
            count += !arc_utf8_continues(*text);
    return count;
}

size_t arc_text_cut(const char *text, size_t len, size_t most)
{
    size_t at = 0;
    for (; at < len && most; most--) {
        size_t step = arc_utf8_length(text + at, len - at);
        at += arc_or(step, 1);
    }
    return at;
}

bool arc_utf8_valid(const char *text, size_t len)
{
    for (size_t at = arc_text_printable(text, len), step; at < len;
         at += step + arc_text_printable(text + at + step, len - at - step))
        if (!(step = arc_utf8_length(text + at, len - at)))
            return false;
    return true;
}

/* U+0080–009F control a terminal; U+202A–202E and U+2066–2069 reorder what a person reads. */
static bool harmful(const unsigned char *s, size_t step)
{
    if (step == 1)
        return s[0] < 0x20 || s[0] == 0x7f;
    if (step == 2)
        return s[0] == 0xc2 && s[1] < 0xa0;
    if (step == 3 && s[0] == 0xe2 && s[1] == 0x80)
        return s[2] >= 0xaa && s[2] <= 0xae;
    return step == 3 && s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9;
}

/* Whether eight characters are printable; a borrow or a carry between bytes can only cause a false
 * no. */
static bool are_printable(const unsigned char *s)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
    uint64_t word;

    memcpy(&word, s, sizeof word);

    return !((word | (word - ones * 0x20) | (word + ones)) & high);
}

size_t arc_text_printable(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;

    while (at + 8 <= len && are_printable(s + at))
        at += 8;

    if (len > at && len - at < 8 && len >= 8 && are_printable(s + len - 8))
        return len;

    while (at < len && s[at] >= 0x20 && s[at] < 0x7f)
        at++;

    return at;
}

void arc_text_visible_lines(struct arc_buf *out, const char *text, size_t len)
{
    for (size_t at = 0, part; at < len; at += part + 1) {
        const char *end = text + at;
        while (end < text + len && *end != '\n' && *end != '\t')
            end++;
        part = (size_t)(end - text) - at;
        bool crlf = part && end < text + len && *end == '\n' && end[-1] == '\r';
        arc_text_visible(out, text + at, crlf ? part - 1 : part);
        if (at + part < len)
            arc_buf_putc(out, *end);
    }
}

void arc_text_visible(struct arc_buf *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    for (size_t at = 0; at < len;) {
        size_t plain = arc_text_printable(text + at, len - at);
        arc_buf_add(out, text + at, plain);
        at += plain;
        if (at == len)
            break;
        size_t step = arc_utf8_length(text + at, len - at);
        if (step && !harmful(s + at, step)) {
            arc_buf_add(out, text + at, step);
            at += step;
            continue;
        }
        for (size_t end = at + arc_or(step, 1); at < end; at++)
            arc_buf_printf(out, "\\x%02x", s[at]);
    }
}

bool arc_text_is_visible(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t len = strlen(text);

    for (size_t at = arc_text_printable(text, len), step; at < len; at += step) {
        step = arc_utf8_length(text + at, len - at);
        if (!step || harmful(s + at, step))
            return false;
    }

    return true;
}

size_t arc_text_space(const char *text, size_t len)
{
    static const char *const wide[] = {
        "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
        "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87",
        "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf",
    };

    if (!len)
        return 0;
    if (arc_is_space(*text))
        return 1;
    if ((unsigned char)*text < 0x80)
        return 0;

    arc_each_in (space, wide)
        if (strlen(*space) <= len && memcmp(text, *space, strlen(*space)) == 0)
            return strlen(*space);

    return 0;
}

void arc_text_trim(const char **text, size_t *len)
{
    size_t space, start;

    while ((space = arc_text_space(*text, *len))) {
        *text += space;
        *len -= space;
    }

    for (; *len; *len = start) {
        start = *len - 1;
        while (start && *len - start < 3 && arc_utf8_continues((*text)[start]))
            start--;
        if (arc_text_space(*text + start, *len - start) != *len - start)
            return;
    }
}

void arc_text_size(struct arc_buf *out, int64_t bytes, int64_t base)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double divisor = 1000;
    size_t unit = 0;

    for (; (double)bytes / divisor >= 999.95 && unit < 3; unit++)
        divisor *= 1000;
    arc_buf_printf(out, "%.1f %s", (double)bytes / divisor, units[unit]);
    if (base < 0)
        return;

    double more = (double)(bytes - base) / divisor;
    if (more < 0.05 && more > -0.05)
        arc_buf_puts(out, " (same)");
    else
        arc_buf_printf(out, " (%+.1f %s)", more, units[unit]);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void arc_texts_sort(const char **texts, size_t count)
{
    if (count) /* qsort() must not get NULL */
        qsort(texts, count, sizeof *texts, by_bytes);
}

char *arc_arena_utf8(struct arc_arena *memory, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    if (arc_utf8_valid(text, strlen(text)))
        return arc_arena_text(memory, text);
    arc_text_visible_lines(&shown, text, strlen(text));
    memory->failed |= shown.failed;
    return arc_arena_text(memory, arc_buf_text(&shown));
}

int arc_text_copy(const char *text, char **out, struct arc_error *err)
{
    *out = text ? strdup(text) : NULL;
    return text && !*out ? arc_error_nomem(err) : ARC_OK;
}

bool arc_path_clean(const char *path, size_t path_len, bool rooted, struct arc_buf *out)
{
    size_t start = out->len, top = start; /* `top`: the end of the leading ".."s, which stay */
    const char *end = path + path_len;

    for (size_t len; path < end; path += len + 1) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        len = (size_t)(arc_or(slash, end) - path);
        bool up = arc_text_is(path, len, "..");
        if (!len || (len == 1 && *path == '.') || (up && rooted && out->len == start))
            continue;

        if (up && out->len > top) {
            while (out->len > top && out->data[--out->len] != '/')
                ;
            out->data[out->len] = '\0';
            continue;
        }
        arc_buf_printf(out, "%s%.*s", out->len > start ? "/" : "", (int)len, path);
        top = up ? out->len : top;
    }
    return top == start;
}

const char *arc_url_path(const char *url)
{
    static const char mark[] = "://";
    const char *host = url ? strstr(url, mark) : NULL;
    const char *slash = host ? strchr(host + strlen(mark), '/') : NULL;
    return slash ? slash + 1 : NULL;
}

void arc_text_encode(struct arc_buf *out, const char *text)
{
    arc_text_encode_except(out, text, "-._~");
}

void arc_text_encode_except(struct arc_buf *out, const char *text, const char *kept)
{
    for (; *text; text++)
        if (arc_is_alnum(*text) || strchr(kept, *text))
            arc_buf_putc(out, *text);
        else
            arc_buf_printf(out, "%%%02X", (unsigned char)*text);
}

/* Reads a text of a form such as "00-00T": each run of zeros is that many digits, a number of
 * `out`. */
static bool read_numbers(const char **text, const char *form, int *out)
{
    for (*out = 0; *form; form++, ++*text) {
        if (*form != '0') {
            if (toupper((unsigned char)**text) != *form)
                return false;
            *++out = 0;
            continue;
        }
        if (!arc_is_digit(**text))
            return false;
        *out = *out * 10 + (**text - '0');
    }

    return true;
}

/* Reads "Z", "+02:00" or "-04:30", up to the end of the text. */
static bool read_offset(const char *text, int64_t *seconds)
{
    int sign = *text == '-' ? -1 : 1, zone[2] = {0};

    if (toupper((unsigned char)*text) == 'Z') {
        *seconds = 0;
        return !text[1];
    }

    if (*text != '+' && *text != '-')
        return false;
    text++;
    if (!read_numbers(&text, "00:00", zone) || *text || zone[0] > 23 || zone[1] > 59)
        return false;
    *seconds = sign * ((int64_t)zone[0] * 3600 + zone[1] * 60);

    return true;
}

int arc_text_print(char **out, struct arc_error *err, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    ARC_TRY(arc_buf_check(&text, "a text", err));
    *out = arc_buf_steal(&text);
    return arc_error_unless(*out, err);
}

void arc_text_separate(struct arc_buf *list, const char *separator)
{
    if (list->len)
        arc_buf_puts(list, separator);
}

void arc_text_item(struct arc_buf *list, const char *separator, const char *format, ...)
{
    arc_text_separate(list, separator);
    ARC_WITH_ARGS(format, arc_buf_vprintf(list, format, args));
}

bool arc_text_is_hex(const char *text, size_t digits)
{
    return strspn(text, "0123456789abcdef") == digits && !text[digits];
}

bool arc_text_lists(const char *words, const char *word, size_t len)
{
    arc_each_piece (one, words, " ")
        if (len && one.len == len && strncasecmp(one.text, word, len) == 0)
            return true;
    return false;
}

bool arc_text_among(const char *text, const char *const *words)
{
    while (*words && strcmp(*words, text) != 0)
        words++;
    return *words != NULL;
}

bool arc_text_holds(const char *text, const char *const *parts)
{
    while (*parts && !strstr(text, *parts))
        parts++;
    return *parts != NULL;
}

bool arc_text_starts(const char *text, const char *const *parts)
{
    while (*parts && strncmp(text, *parts, strlen(*parts)) != 0)
        parts++;
    return *parts != NULL;
}

/* Removes the separator of an empty value: "{version}-{suffix}" and "{suffix}-{version}" give
 * "1.2.3". */
static void drop_separator(struct arc_buf *out, const char **next)
{
    static const char separators[] = "-_";
    char last = '\0';

    if (out->len)
        last = out->data[out->len - 1];
    if (last && strchr(separators, last))
        out->data[--out->len] = '\0';
    else if (**next && strchr(separators, **next) && !arc_is_word(last))
        ++*next;
}

void arc_text_fill(const char *text,
                   bool (*value)(void *context, const char *name, struct arc_buf *out),
                   void *context, struct arc_buf *out)
{
    while (*text) {
        size_t len = *text == '{' ? strcspn(text + 1, "{}") : 0;
        char name[32] = "";
        if (len && len < sizeof name && text[1 + len] == '}')
            memcpy(name, text + 1, len);

        size_t before = out->len;

        if (!*name || !value(context, name, out)) {
            arc_buf_putc(out, *text++);
            continue;
        }

        text += len + 2;
        if (out->len == before)
            drop_separator(out, &text);
    }
}

bool arc_text_expression(const char **at, const char **start, size_t *len)
{
    const char *open = *at ? strstr(*at, "${{") : NULL;
    if (!open)
        return false;

    bool quoted = false;
    const char *end = open + 3;
    for (; *end && (quoted || !ARC_STARTS(end, "}}")); end++)
        quoted ^= *end == '\'';
    *start = open + 3;
    *len = (size_t)(end - *start);
    *at = *end ? end + 2 : end;

    return true;
}

bool arc_text_ends(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

const char *arc_text_after(const char *text, const char *start)
{
    size_t len = strlen(start);
    return text && strncmp(text, start, len) == 0 ? text + len : NULL;
}

bool arc_text_at_least(const char *text, unsigned long major, unsigned long minor)
{
    const char *at = text + strcspn(text, "0123456789");
    char *end;
    unsigned long found = strtoul(at, &end, 10);
    if (found != major || *end != '.')
        return found > major;
    return strtoul(end + 1, NULL, 10) >= minor;
}

bool arc_text_number(const char *text, size_t most, int64_t *out)
{
    size_t digits = text ? strspn(text, "0123456789") : 0;
    if (!digits || digits > most || text[digits])
        return false;
    *out = strtoll(text, NULL, 10);
    return true;
}

bool arc_time_parse(const char *text, int64_t *out)
{
    int n[6];

    if (!read_numbers(&text, "0000-00-00T00:00:00", n))
        return false;

    if (*text == '.') {
        size_t digits = strspn(text + 1, "0123456789");
        if (!digits)
            return false;
        text += 1 + digits;
    }

    int64_t offset;
    if (!read_offset(text, &offset) || n[0] < 1970 || n[1] < 1 || n[1] > 12 || n[2] < 1 ||
        n[2] > 31 || n[3] > 23 || n[4] > 59 || n[5] > 60) /* a leap second counts as the next
                                                           * second */
        return false;

    struct tm tm = {.tm_year = n[0] - 1900,
                    .tm_mon = n[1] - 1,
                    .tm_mday = n[2],
                    .tm_hour = n[3],
                    .tm_min = n[4]};
    int64_t minute = (int64_t)timegm(&tm);
    if (tm.tm_mday != n[2]) /* timegm() makes March of February 30 */
        return false;
    *out = minute + n[5] - offset;

    return true;
}

bool arc_day_parse(const char *text, int64_t *out)
{
    char time[32];
    snprintf(time, sizeof time, "%.10sT00:00:00Z", text);
    return strnlen(text, 11) == 10 && arc_time_parse(time, out);
}

void arc_time_print(int64_t seconds, char out[32])
{
    time_t when = (time_t)seconds;
    struct tm parts;
    if (!gmtime_r(&when, &parts) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts))
        memcpy(out, "1970-01-01T00:00:00Z", sizeof "1970-01-01T00:00:00Z");
}
