#include "glob/regex.h"
#include "base/auto.h"
#include "base/room.h"
#include <ctype.h>
#include <string.h>

/* Bounds the recursion of the parser; nobody nests that deep. */
#define DEPTH_MAX 1000

/* The parser's state. */
struct regex_reader {
    struct arc_regex *regex;
    const uint16_t *source;
    size_t len, at;
    size_t depth;
    uint32_t captures; /* capturing groups in the whole source, once `counted` */
    bool named;        /* one of them has a name */
    bool counted;
};

/* Returns the unit `ahead` places on (0 is the next), or -1 at the end. */
static int regex_peek(const struct regex_reader *r, size_t ahead)
{
    return r->at + ahead < r->len ? r->source[r->at + ahead] : -1;
}

static void regex_defect(struct regex_reader *r, const char *defect)
{
    if (!r->regex->defect)
        r->regex->defect = defect;
}

static void beyond(struct regex_reader *r, const char *what)
{
    if (!r->regex->beyond)
        r->regex->beyond = what;
}

static bool stopped(const struct regex_reader *r)
{
    return r->regex->failed || r->regex->deep || r->regex->defect;
}

/* Adds a node. Returns REGEX_NONE and sets failed if out of memory. */
static uint32_t regex_node(struct regex_reader *r, enum regex_kind kind)
{
    struct arc_regex *regex = r->regex;
    if (!arc_room(&regex->nodes, regex->node_count, sizeof *regex->nodes)) {
        regex->failed = true;
        return REGEX_NONE;
    }
    regex->nodes[regex->node_count] = (struct regex_node){.kind = kind};
    return (uint32_t)regex->node_count++;
}

/* ---- classes and escapes ------------------------------------------------------------------- */

static const struct regex_range digit_ranges[] = {{'0', '9'}};
static const struct regex_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct regex_range line_ends[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
/* WhiteSpace and LineTerminator of ECMA-262. */
static const struct regex_range spaces[] = {
    {'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff},
};

static void add_range(struct regex_reader *r, uint16_t low, uint16_t high)
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
            add_range(r, (uint16_t)low, (uint16_t)(ranges[i].low - 1));
        low = (uint32_t)ranges[i].high + 1;
    }
    if (low <= UINT16_MAX)
        add_range(r, (uint16_t)low, UINT16_MAX);
}

/* Adds the ranges of \d, \S … */
static void add_named(struct regex_reader *r, int letter)
{
    static const struct {
        char letter;
        const struct regex_range *ranges;
        size_t count;
    } sets[] = {{'d', digit_ranges, ARC_COUNT(digit_ranges)},
                {'s', spaces, ARC_COUNT(spaces)},
                {'w', words, ARC_COUNT(words)}};

    arc_each_in (set, sets) {
        if (letter != set->letter && (letter | 0x20) == set->letter)
            add_complement(r, set->ranges, set->count);
        for (size_t k = 0; letter == set->letter && k < set->count; k++)
            add_range(r, set->ranges[k].low, set->ranges[k].high);
    }
}

/* Makes a class of the ranges from `first` on. */
static uint32_t make_class(struct regex_reader *r, size_t first)
{
    uint32_t index = regex_node(r, REGEX_CLASS);
    r->regex->nodes[index].first_range = (uint32_t)first;
    r->regex->nodes[index].range_count = (uint32_t)(r->regex->range_count - first);
    return index;
}

static uint32_t regex_unit(struct regex_reader *r, uint16_t unit)
{
    size_t first = r->regex->range_count;
    add_range(r, unit, unit);
    return make_class(r, first);
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

/* Reads a character escape after its backslash. */
static uint16_t regex_character_escape(struct regex_reader *r, bool in_class)
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
            add_range(r, low, low);
        return;
    }

    r->at++;
    bool single_high = class_member(r, &high);
    if (single && single_high) {
        if (low > high)
            regex_defect(r, "a range out of order in a character class");
        add_range(r, low, high);
        return;
    }

    add_range(r, '-', '-');
    if (single)
        add_range(r, low, low);
    if (single_high)
        add_range(r, high, high);
}

/* Reads a class after its `[`; returns its node. */
static uint32_t regex_class(struct regex_reader *r)
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

    return make_class(r, first);
}

/* ---- groups -------------------------------------------------------------------------------- */

static void add_child(struct regex_reader *r, uint32_t parent, uint32_t child)
{
    r->regex->nodes[child].previous = r->regex->nodes[parent].last;
    r->regex->nodes[parent].last = child;
}

static uint32_t either(struct regex_reader *r);

/* Counts the capturing groups, once. */
static void count_captures(struct regex_reader *r)
{
    if (r->counted)
        return;
    r->counted = true;
    bool in_class = false;
    for (size_t i = 0; i < r->len; i++) {
        uint16_t unit = r->source[i];
        if (unit == '\\')
            i++;
        else if (unit == '[')
            in_class = true;
        else if (unit == ']')
            in_class = false;
        if (unit != '(' || in_class)
            continue;
        const uint16_t *next = r->source + i + 1;
        size_t left = r->len - i - 1;
        bool name =
            left > 2 && next[0] == '?' && next[1] == '<' && next[2] != '=' && next[2] != '!';
        r->named |= name;
        r->captures += name || left == 0 || next[0] != '?';
    }
}

/* Whether the number after a backslash is a group's, which makes it a back reference. */
static bool refers_back(struct regex_reader *r)
{
    if (regex_peek(r, 0) < '1' || regex_peek(r, 0) > '9')
        return false;
    count_captures(r);
    uint64_t number = 0;
    for (size_t i = 0; regex_peek(r, i) >= '0' && regex_peek(r, i) <= '9' && i < 9; i++)
        number = number * 10 + (uint64_t)(regex_peek(r, i) - '0');
    return number <= r->captures;
}

/* Returns the length of a group's name, up to its `>`; 0 if it is not valid. */
static size_t name_length(const struct regex_reader *r)
{
    size_t len = 0;
    for (int unit; (unit = regex_peek(r, len)) == '$' || unit >= 0x80 || arc_unit_is_word(unit);)
        len++;
    bool digit = regex_peek(r, 0) >= '0' && regex_peek(r, 0) <= '9';
    return digit || regex_peek(r, len) != '>' ? 0 : len;
}

/* Counts the groups before `end` with the name of `len` units at `name`. */
static size_t name_count(const struct regex_reader *r, size_t name, size_t len, size_t end)
{
    size_t count = 0;
    for (size_t i = 3; i + len < end; i++) {
        const uint16_t *at = r->source + i;
        count += at[-3] == '(' && at[-2] == '?' && at[-1] == '<' && at[len] == '>' &&
                 memcmp(at, r->source + name, len * sizeof *at) == 0;
    }
    return count;
}

/* Reads a back reference "\k<name>"; returns false if "\k" is none because no group has a name. */
static bool refers_by_name(struct regex_reader *r)
{
    if (regex_peek(r, 0) != 'k')
        return false;
    count_captures(r);
    if (!r->named)
        return false;
    r->at += 2;
    size_t len = r->at <= r->len && r->source[r->at - 1] == '<' ? name_length(r) : 0;
    if (!len || !name_count(r, r->at, len, r->len))
        regex_defect(r, "a reference to a name that no group has");
    r->at += len + 1;

    return true;
}

/* Reads an escape after its backslash, outside a class. */
static uint32_t escape(struct regex_reader *r, bool *quantifiable)
{
    int unit = regex_peek(r, 0);
    if (unit == 'b' || unit == 'B') {
        uint32_t index = regex_node(r, REGEX_WORD);
        r->regex->nodes[index].negative = unit == 'B';
        r->at++;
        *quantifiable = false;
        return index;
    }

    if (unit > 0 && unit < 0x80 && strchr("dDsSwW", unit)) {
        size_t first = r->regex->range_count;
        r->at++;
        add_named(r, unit);
        return make_class(r, first);
    }

    if (refers_back(r)) {
        beyond(r, "a back reference");
        r->at++;
        return regex_node(r, REGEX_EMPTY);
    }

    if (refers_by_name(r)) {
        beyond(r, "a back reference");
        return regex_node(r, REGEX_EMPTY);
    }

    return regex_unit(r, regex_character_escape(r, false));
}

/* Reads a group after "(?". */
static uint32_t special_group(struct regex_reader *r, bool *quantifiable)
{
    int unit = regex_peek(r, 0), next = regex_peek(r, 1);

    r->at++;
    if (unit == ':')
        return either(r);

    if (unit == '=' || unit == '!') {
        uint32_t index = regex_node(r, REGEX_LOOK);
        uint32_t child = either(r);
        r->regex->nodes[index].negative = unit == '!';
        add_child(r, index, child);
        return index;
    }

    if (unit == '<' && (next == '=' || next == '!')) {
        beyond(r, "a lookbehind");
        *quantifiable = false;
        r->at++;
        return either(r);
    }

    if (unit == '<') {
        size_t len = name_length(r);
        if (!len)
            regex_defect(r, "a group name that is not one");
        else if (name_count(r, r->at, len, r->at))
            regex_defect(r, "two groups of one name");
        r->at += len + 1;
    } else
        regex_defect(r, "a group that starts with (?");

    return stopped(r) ? REGEX_NONE : either(r);
}

static uint32_t group(struct regex_reader *r, bool *quantifiable)
{
    if (r->depth == DEPTH_MAX) {
        r->regex->deep = true;
        return REGEX_NONE;
    }

    r->depth++;
    bool special = regex_peek(r, 0) == '?';
    r->at += special;
    uint32_t index = special ? special_group(r, quantifiable) : either(r);
    r->depth--;
    if (stopped(r))
        return REGEX_NONE;
    if (regex_peek(r, 0) != ')')
        regex_defect(r, "an unterminated group");
    r->at++;

    return index;
}

static size_t number(const struct regex_reader *r, size_t ahead, uint32_t *value)
{
    uint64_t total = 0;
    size_t len = 0;
    for (int unit; (unit = regex_peek(r, ahead + len)) >= '0' && unit <= '9'; len++)
        total = total > UINT32_MAX ? total : total * 10 + (uint64_t)(unit - '0');
    *value = total >= REGEX_MANY ? REGEX_MANY : (uint32_t)total;
    return len;
}

/* Reads a quantifier; returns its length, or 0 if there is none (a brace may be literal). */
static size_t quantifier(const struct regex_reader *r, uint32_t *min, uint32_t *max)
{
    int unit = regex_peek(r, 0);
    *min = unit == '+';
    *max = unit == '?' ? 1 : REGEX_MANY;
    if (unit == '*' || unit == '+' || unit == '?')
        return 1;

    /* {n}, {n,} or {n,m} */
    size_t len = 1, digits = unit == '{' ? number(r, len, min) : 0;
    if (!digits)
        return 0;
    len += digits;
    *max = *min;

    if (regex_peek(r, len) == ',') {
        len++;
        digits = number(r, len, max);
        if (!digits)
            *max = REGEX_MANY;
        len += digits;
    }

    return regex_peek(r, len) == '}' ? len + 1 : 0;
}

static uint32_t quantified(struct regex_reader *r, uint32_t child)
{
    uint32_t min, max;
    size_t len = quantifier(r, &min, &max);

    if (!len)
        return child;
    r->at += len;
    r->at += regex_peek(r, 0) == '?';
    if (min > max)
        regex_defect(r, "numbers out of order in a {} quantifier");
    uint32_t index = regex_node(r, REGEX_REPEAT);
    r->regex->nodes[index].min = min;
    r->regex->nodes[index].max = max;
    add_child(r, index, child);

    return index;
}

static uint32_t term(struct regex_reader *r)
{
    bool quantifiable = true;
    size_t first = r->regex->range_count;
    uint32_t min, max, index;

    if (quantifier(r, &min, &max)) {
        regex_defect(r, "nothing to repeat");
        return REGEX_NONE;
    }

    int unit = r->source[r->at++];
    if (unit == '^' || unit == '$')
        return regex_node(r, unit == '^' ? REGEX_START : REGEX_END);

    if (unit == '(')
        index = group(r, &quantifiable);
    else if (unit == '\\')
        index = escape(r, &quantifiable);
    else if (unit == '[')
        index = regex_class(r);
    else if (unit == '.') {
        add_complement(r, line_ends, ARC_COUNT(line_ends));
        index = make_class(r, first);
    } else
        index = regex_unit(r, (uint16_t)unit);

    if (unit == '(' && !quantifiable && quantifier(r, &min, &max))
        regex_defect(r, "a lookbehind that is repeated");

    return quantifiable && !stopped(r) ? quantified(r, index) : index;
}

static uint32_t sequence(struct regex_reader *r)
{
    uint32_t index = regex_node(r, REGEX_SEQUENCE);
    while (!stopped(r)) {
        int unit = regex_peek(r, 0);
        if (unit < 0 || unit == '|' || unit == ')')
            break;
        add_child(r, index, term(r));
    }
    return index;
}

static uint32_t either(struct regex_reader *r)
{
    uint32_t index = regex_node(r, REGEX_EITHER);
    add_child(r, index, sequence(r));
    while (!stopped(r) && regex_peek(r, 0) == '|') {
        r->at++;
        add_child(r, index, sequence(r));
    }
    return index;
}

void arc_regex_parse(struct arc_regex *regex, const uint16_t *source, size_t len)
{
    struct regex_reader reader = {.regex = regex, .source = source, .len = len};
    regex_node(&reader, REGEX_EMPTY); /* REGEX_NONE */
    if (regex->failed)
        return;
    regex->root = either(&reader);
    if (!stopped(&reader) && reader.at < reader.len)
        regex_defect(&reader, "a closing parenthesis without an opening one");
}

void arc_regex_free(struct arc_regex *regex)
{
    free(regex->nodes);
    free(regex->ranges);
    *regex = (struct arc_regex){0};
}

bool arc_regex_valid(const struct arc_units *source)
{
    struct arc_regex regex = {0};
    arc_regex_parse(&regex, source->at, source->len);
    bool valid = !regex.defect;
    arc_regex_free(&regex);
    return valid;
}
