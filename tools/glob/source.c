/* Follows picomatch's parse() and fastpaths() step by step, since only they define the meaning of
 * unusual patterns. */
#include "base/auto.h"
#include "glob/pattern.h"
#include "glob/picomatch.h"
#include <string.h>

static bool is_text(const uint16_t *units, size_t len, const char *text)
{
    struct arc_units view = {.at = (uint16_t *)units, .len = len};
    return arc_units_equal(&view, text);
}

/* Returns the source for a whole shape (parse.js, create()), or NULL. */
static const char *shape_source(const uint16_t *units, size_t len)
{
#define TREE "(?:" GLOB_NO_DOTS GLOB_GLOBSTAR GLOB_SLASH ")?"
    static const char *const table[][2] = {
        {"*", GLOB_NO_DOTS GLOB_ONE_CHAR GLOB_STAR},
        {".*", GLOB_DOT GLOB_ONE_CHAR GLOB_STAR},
        {"*.*", GLOB_NO_DOTS GLOB_STAR GLOB_DOT GLOB_ONE_CHAR GLOB_STAR},
        {"*/*", GLOB_NO_DOTS GLOB_STAR GLOB_SLASH GLOB_ONE_CHAR GLOB_NO_DOTS_SLASH GLOB_STAR},
        {"**", GLOB_NO_DOTS GLOB_GLOBSTAR},
        {"**/*", TREE GLOB_NO_DOTS_SLASH GLOB_ONE_CHAR GLOB_STAR},
        {"**/*.*", TREE GLOB_NO_DOTS_SLASH GLOB_STAR GLOB_DOT GLOB_ONE_CHAR GLOB_STAR},
        {"**/.*", TREE GLOB_DOT GLOB_ONE_CHAR GLOB_STAR},
    };
#undef TREE
    for (size_t i = 0; i < ARC_COUNT(table); i++)
        if (is_text(units, len, table[i][0]))
            return table[i][1];

    return NULL;
}

/* Returns the length without a final ".word", or 0 if there is no such ending
 * (/^(.*?)\.(\w+)$/). */
static size_t without_extension(const uint16_t *units, size_t len)
{
    size_t word = len;
    while (word > 0 && arc_unit_is_word(units[word - 1]))
        word--;
    if (word == len || word == 0 || units[word - 1] != '.')
        return 0;

    for (size_t i = 0; i + 1 < word; i++)
        if (units[i] == '\n' || units[i] == '\r' || units[i] == 0x2028 || units[i] == 0x2029)
            return 0;

    return word - 1;
}

/* Appends the source for shapes that picomatch handles separately ("*", "**" "/" "*.js" …); returns
 * false for any other pattern. */
static bool add_fast(const uint16_t *pattern, size_t len, struct arc_units *source)
{
    size_t shape = len;
    const char *text;

    while (!(text = shape_source(pattern, shape)))
        if (!(shape = without_extension(pattern, shape)))
            return false;

    arc_units_puts(source, text);

    for (size_t i = shape; i < len; i++) {
        if (pattern[i] == '.')
            arc_units_put(source, '\\');
        arc_units_put(source, pattern[i]);
    }

    arc_units_puts(source, GLOB_SLASH "?");

    return true;
}

static void repeat(struct arc_units *out, const char *text, size_t count)
{
    while (count-- > 0)
        arc_units_puts(out, text);
}

/* Appends one match of REGEX_SPECIAL_CHARS_BACKREF: a unit `run` times, perhaps after a
 * backslash. */
static void special_run(struct arc_units *out, bool escaped, uint16_t unit, size_t run)
{
    if (unit == '.') {
        repeat(out, GLOB_DOT, run);
    } else if (unit == '?' || unit == '*') {
        size_t wild = escaped ? run - 1 : run;
        if (escaped) {
            arc_units_put(out, '\\');
            arc_units_put(out, unit);
        }
        if (unit == '?')
            repeat(out, GLOB_QMARK, wild);
        else if (wild)
            arc_units_puts(out, GLOB_STAR);
    } else {
        if (escaped || unit != '\\')
            arc_units_put(out, '\\');
        for (size_t i = 0; i < run; i++)
            arc_units_put(out, unit);
    }
}

/* Shortens runs of backslashes to two (even) or one (odd). */
static void collapse_backslashes(struct arc_units *text)
{
    size_t to = 0;

    for (size_t i = 0; i < text->len;) {
        size_t run = 0;
        while (i + run < text->len && text->at[i + run] == '\\')
            run++;
        for (size_t keep = run ? 2 - run % 2 : 0; keep > 0; keep--)
            text->at[to++] = '\\';
        i += run;
        if (run == 0)
            text->at[to++] = text->at[i++];
    }

    text->len = to;
}

/* Appends the source for a pattern without braces, brackets, parentheses, slashes and quotes that
 * does not start with * or !; returns false for any other pattern. */
static bool add_simple(const uint16_t *pattern, size_t len, struct arc_units *source)
{
    struct arc_units out = {0};
    bool backslashes = false;

    if (len && (pattern[0] == '*' || pattern[0] == '!'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (pattern[i] && pattern[i] < 0x80 && strchr("/()[]{}\"", pattern[i]))
            return false;

    for (size_t i = 0; i < len;) {
        bool escaped = pattern[i] == '\\' && i + 1 < len && !arc_unit_is_word(pattern[i + 1]);
        uint16_t unit = pattern[i + escaped];
        if (arc_unit_is_word(unit)) {
            arc_units_put(&out, unit);
            i++;
            continue;
        }
        i += escaped;
        size_t run = 0;
        while (i + run < len && pattern[i + run] == unit)
            run++;
        special_run(&out, escaped, unit, run);
        backslashes |= unit == '\\';
        i += run;
    }

    if (backslashes)
        collapse_backslashes(&out);
    arc_units_puts(source, "^(?:");
    arc_units_append(source, &out);
    arc_units_puts(source, ")$");
    arc_units_free(&out);

    return true;
}

bool arc_glob_source(const uint16_t *pattern, size_t len, struct arc_units *source, bool *negated)
{
    static const uint16_t star[] = {'*', '*'};

    if (is_text(pattern, len, "***")) {
        pattern = star;
        len = 1;
    } else if (is_text(pattern, len, "**/**") || is_text(pattern, len, "**/**/**")) {
        pattern = star;
        len = 2;
    }

    bool fast = pattern[0] == '*' || pattern[0] == '.';
    if (len >= 2 && pattern[0] == '.' && pattern[1] == '/') {
        pattern += 2;
        len -= 2;
    }
    *negated = false;

    if ((fast && add_fast(pattern, len, source)) || add_simple(pattern, len, source))
        return !source->failed;

    return parser_run(pattern, len, source, negated);
}
