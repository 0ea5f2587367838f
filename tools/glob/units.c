#include "glob/units.h"
#include "base/text.h"

#define REPLACEMENT 0xfffd

static bool reserve(struct arc_units *text, size_t more)
{
    if (text->failed)
        return false;
    size_t need = text->len + more;
    if (need <= text->size)
        return true;
    size_t size = arc_or(text->size, 16);
    while (size < need)
        size *= 2;
    uint16_t *at = realloc(text->at, size * sizeof *at);
    if (!at) {
        text->failed = true;
        return false;
    }

    text->at = at;
    text->size = size;

    return true;
}

void arc_units_add(struct arc_units *text, const uint16_t *units, size_t len)
{
    if (len == 0 || !reserve(text, len))
        return;
    memcpy(text->at + text->len, units, len * sizeof *units);
    text->len += len;
}

void arc_units_put(struct arc_units *text, uint16_t unit)
{
    arc_units_add(text, &unit, 1);
}

void arc_units_puts(struct arc_units *text, const char *ascii)
{
    size_t len = strlen(ascii);
    if (!reserve(text, len))
        return;
    for (size_t i = 0; i < len; i++)
        text->at[text->len + i] = (unsigned char)ascii[i];
    text->len += len;
}

void arc_units_append(struct arc_units *text, const struct arc_units *more)
{
    arc_units_add(text, more->at, more->len);
    text->failed |= more->failed;
}

void arc_units_free(struct arc_units *text)
{
    free(text->at);
    *text = (struct arc_units){0};
}

void arc_units_slice_end(struct arc_units *text, size_t count)
{
    text->len = count == 0 || count > text->len ? 0 : text->len - count;
}

void arc_units_insert(struct arc_units *text, size_t at, uint16_t unit)
{
    if (!reserve(text, 1))
        return;
    memmove(text->at + at + 1, text->at + at, (text->len - at) * sizeof *text->at);
    text->at[at] = unit;
    text->len++;
}

bool arc_units_equal(const struct arc_units *text, const char *ascii)
{
    size_t i = 0;
    while (i < text->len && ascii[i] && text->at[i] == (unsigned char)ascii[i])
        i++;
    return i == text->len && !ascii[i];
}

bool arc_units_has(const uint16_t *units, size_t len, uint16_t unit)
{
    return arc_units_last(units, len, unit) >= 0;
}

ptrdiff_t arc_units_last(const uint16_t *units, size_t len, uint16_t unit)
{
    while (len > 0)
        if (units[--len] == unit)
            return (ptrdiff_t)len;
    return -1;
}

int arc_units_compare(const struct arc_units *a, const struct arc_units *b)
{
    for (size_t i = 0; i < a->len && i < b->len; i++)
        if (a->at[i] != b->at[i])
            return a->at[i] < b->at[i] ? -1 : 1;
    return a->len < b->len ? -1 : a->len > b->len;
}

static size_t to_units(uint32_t point, uint16_t units[2])
{
    if (point < 0x10000) {
        units[0] = (uint16_t)point;
        return 1;
    }
    point -= 0x10000;
    units[0] = (uint16_t)(0xd800 | point >> 10);
    units[1] = (uint16_t)(0xdc00 | (point & 0x3ff));
    return 2;
}

size_t arc_units_first(const char *bytes, size_t len, uint16_t units[2], size_t *count)
{
    uint32_t point;
    size_t step = arc_utf8_point(bytes, len, &point);
    *count = to_units(point, units);
    return step;
}

void arc_units_decode(struct arc_units *text, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint16_t units[2];
        size_t count;
        at += arc_units_first(bytes + at, len - at, units, &count);
        arc_units_add(text, units, count);
    }
}

/* The last character starts at the last lead byte if a (perhaps truncated) sequence reaches from
 * there to the end; otherwise it is a single byte. */
size_t arc_units_before(const char *bytes, size_t len, uint16_t units[2], size_t *count)
{
    uint32_t point;
    size_t back = 1;

    while (back < 4 && back < len && arc_utf8_continues(bytes[len - back]))
        back++;

    if (arc_utf8_point(bytes + len - back, back, &point) != back) {
        back = 1;
        point = REPLACEMENT;
    }
    *count = to_units(point, units);

    return back;
}
