/* Character classes and escapes of regular expressions. */
#include "base/auto.h"
#include "base/room.h"
#include "glob/regex.h"
#include <ctype.h>
#include <string.h>

static const struct regex_range digits[] = {{'0', '9'}};
static const struct regex_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct regex_range line_ends[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
/* WhiteSpace and LineTerminator of ECMA-262. */
static const struct regex_range spaces[] = {
    {'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff},
};

static void add(struct regex_reader *r, uint16_t low, uint16_t high)
{
    struct arc_regex *regex = r->regex;
    if (!arc_room(&regex->ranges, regex->range_count, sizeof *regex->ranges)) {
        regex->failed = true;
        return;
    }
    regex->ranges[regex->range_count++] = (struct regex_range){low, high};
}

static int by_low(const void *a, const void *b)
{
    const struct regex_range *left = a, *right = b;
    return left->low < right->low ? -1 : left->low > right->low;
}

/* Sorts and merges the ranges from `first` on. */
static void normalize(struct arc_regex *regex, size_t first)
{
    size_t count = regex->range_count - first, kept = 0;
    if (count < 2) /* regex->ranges may be NULL */
        return;
    struct regex_range *ranges = regex->ranges + first;
    qsort(ranges, count, sizeof *ranges, by_low);

    for (size_t i = 1; i < count; i++) {
        if (ranges[i].low <= (uint32_t)ranges[kept].high + 1) {
            if (ranges[i].high > ranges[kept].high)
                ranges[kept].high = ranges[i].high;
        } else
            ranges[++kept] = ranges[i];
    }

    regex->range_count = first + kept + 1;
}

static void add_complement(struct regex_reader *r, const struct regex_range *ranges, size_t count)
{
    uint32_t low = 0;
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].low > low)
            add(r, (uint16_t)low, (uint16_t)(ranges[i].low - 1));
        low = (uint32_t)ranges[i].high + 1;
    }
    if (low <= UINT16_MAX)
        add(r, (uint16_t)low, UINT16_MAX);
}

/* Adds the ranges of \d, \S … */
static void add_named(struct regex_reader *r, int letter)
{
    static const struct {
        char letter;
        const struct regex_range *ranges;
        size_t count;
    } sets[] = {{'d', digits, ARC_COUNT(digits)},
                {'s', spaces, ARC_COUNT(spaces)},
                {'w', words, ARC_COUNT(words)}};

    arc_each_in (set, sets) {
        if (letter != set->letter && (letter | 0x20) == set->letter)
            add_complement(r, set->ranges, set->count);
        for (size_t k = 0; letter == set->letter && k < set->count; k++)
            add(r, set->ranges[k].low, set->ranges[k].high);
    }
}

/* Makes a class of the ranges from `first` on. */
static uint32_t finish(struct regex_reader *r, size_t first)
{
    uint32_t index = regex_node(r, REGEX_CLASS);
    r->regex->nodes[index].first_range = (uint32_t)first;
    r->regex->nodes[index].range_count = (uint32_t)(r->regex->range_count - first);
    return index;
}

uint32_t regex_dot(struct regex_reader *r)
{
    size_t first = r->regex->range_count;
    add_complement(r, line_ends, ARC_COUNT(line_ends));
    return finish(r, first);
}

uint32_t regex_unit(struct regex_reader *r, uint16_t unit)
{
    size_t first = r->regex->range_count;
    add(r, unit, unit);
    return finish(r, first);
}

uint32_t regex_named_class(struct regex_reader *r, int letter)
{
    size_t first = r->regex->range_count;
    add_named(r, letter);
    return finish(r, first);
}

/* Reads exactly `count` hexadecimal digits into *value; otherwise consumes nothing and returns
 * false. */
static bool hex(struct regex_reader *r, size_t count, uint16_t *value)
{
    unsigned number = 0;

    for (size_t i = 0; i < count; i++) {
        static const char hex_digits[] = "0123456789abcdef";
        int unit = regex_peek(r, i);
        const char *digit = unit > 0 && unit < 0x80 ? strchr(hex_digits, tolower(unit)) : NULL;
        if (!digit)
            return false;
        number = number * 16 + (unsigned)(digit - hex_digits);
    }

    r->at += count;
    *value = (uint16_t)number;

    return true;
}

static bool octal_digit(int unit)
{
    return unit >= '0' && unit <= '7';
}

/* Reads "\c" and a letter as a control character; without one, the backslash is literal. */
static uint16_t control(struct regex_reader *r, bool in_class)
{
    int next = regex_peek(r, 1);
    bool letter = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
    bool more = in_class && ((next >= '0' && next <= '9') || next == '_');
    if (!letter && !more)
        return '\\';
    r->at += 2;
    return (uint16_t)(next & 0x1f);
}

uint16_t regex_character_escape(struct regex_reader *r, bool in_class)
{
    static const char letters[] = "tnvfr", values[] = "\t\n\v\f\r";
    int unit = regex_peek(r, 0);
    uint16_t value;

    if (unit < 0) {
        regex_defect(r, "a backslash at the end");
        return 0;
    }

    if (unit == 'c')
        return control(r, in_class);

    if (octal_digit(unit)) { /* annex B: up to three octal digits, at most 0377 */
        value = 0;
        for (size_t i = 0; i < 3 && octal_digit(regex_peek(r, 0)) && value < 32; i++)
            value = (uint16_t)(value * 8 + r->source[r->at++] - '0');
        return value;
    }

    r->at++;
    if ((unit == 'x' && hex(r, 2, &value)) || (unit == 'u' && hex(r, 4, &value)))
        return value;
    if (in_class && unit == 'b')
        return '\b';
    const char *known = unit && unit < 0x80 ? strchr(letters, unit) : NULL;
    return known ? (unsigned char)values[known - letters] : (uint16_t)unit;
}

/* Reads one member of a class. Returns true and sets *unit for a single unit; adds a set like \d
 * itself. */
static bool class_member(struct regex_reader *r, uint16_t *unit)
{
    *unit = r->source[r->at++];
    if (*unit != '\\')
        return true;
    int next = regex_peek(r, 0);
    if (next > 0 && next < 0x80 && strchr("dDsSwW", next)) {
        r->at++;
        add_named(r, next);
        return false;
    }
    *unit = regex_character_escape(r, true);

    return true;
}

/* Reads one member, or a range of two. */
static void class_item(struct regex_reader *r)
{
    uint16_t low, high;
    bool single = class_member(r, &low);
    bool range = regex_peek(r, 0) == '-' && regex_peek(r, 1) != ']' && regex_peek(r, 1) >= 0;

    if (!range) {
        if (single)
            add(r, low, low);
        return;
    }

    r->at++;
    bool single_high = class_member(r, &high);
    if (single && single_high) {
        if (low > high)
            regex_defect(r, "a range out of order in a character class");
        add(r, low, high);
        return;
    }

    add(r, '-', '-');
    if (single)
        add(r, low, low);
    if (single_high)
        add(r, high, high);
}

uint32_t regex_class(struct regex_reader *r)
{
    size_t first = r->regex->range_count;
    bool negative = regex_peek(r, 0) == '^';

    r->at += negative;
    while (regex_peek(r, 0) >= 0 && regex_peek(r, 0) != ']' && !r->regex->defect)
        class_item(r);
    if (regex_peek(r, 0) < 0)
        regex_defect(r, "an unterminated character class");
    r->at++;
    normalize(r->regex, first);

    if (negative && !r->regex->failed) {
        size_t count = r->regex->range_count - first;
        struct regex_range *copy = malloc((count + 1) * sizeof *copy);
        if (!copy) {
            r->regex->failed = true;
            return REGEX_NONE;
        }
        if (count)
            memcpy(copy, r->regex->ranges + first, count * sizeof *copy);
        r->regex->range_count = first;
        add_complement(r, copy, count);
        free(copy);
    }

    return finish(r, first);
}
