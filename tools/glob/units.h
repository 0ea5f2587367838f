/* Text as JavaScript has it: sequences of UTF-16 units, and reading them from bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Growing text. Failure to get memory is sticky, as in arc_buf. */
struct arc_units {
    uint16_t *at;
    size_t len;
    size_t size;
    bool failed;
};

void arc_units_add(struct arc_units *text, const uint16_t *units, size_t len);
void arc_units_put(struct arc_units *text, uint16_t unit);
/* Adds ASCII text. */
void arc_units_puts(struct arc_units *text, const char *ascii);
void arc_units_append(struct arc_units *text, const struct arc_units *more);
void arc_units_free(struct arc_units *text);

/* JavaScript's text.slice(0, -count): a count of 0 leaves nothing. */
void arc_units_slice_end(struct arc_units *text, size_t count);
/* Inserts one unit before index `at`. */
void arc_units_insert(struct arc_units *text, size_t at, uint16_t unit);

bool arc_units_equal(const struct arc_units *text, const char *ascii);
bool arc_units_has(const uint16_t *units, size_t len, uint16_t unit);
/* Index of the last such unit, or -1. */
ptrdiff_t arc_units_last(const uint16_t *units, size_t len, uint16_t unit);
/* The order of JavaScript's sort(): by units, shorter first. */
int arc_units_compare(const struct arc_units *a, const struct arc_units *b);

/* Adds bytes decoded as UTF-8; whatever is not becomes U+FFFD as the WHATWG decoder does it: one
 * for each longest start of a sequence, else one for each byte. */
void arc_units_decode(struct arc_units *text, const char *bytes, size_t len);

/* The first character of `len` > 0 bytes, by the same rules: sets `units` to 1 or 2 units and
 * *count, and returns how many bytes it takes. */
size_t arc_units_first(const char *bytes, size_t len, uint16_t units[2], size_t *count);

/* The last character of `len` > 0 bytes, by the same rules: sets `units` to 1 or 2 units in text
 * order and *count, and returns how many bytes it takes. */
size_t arc_units_before(const char *bytes, size_t len, uint16_t units[2], size_t *count);

/* Whether a unit is of a word, as \w and \b of regular expressions have it. */
static inline bool arc_unit_is_word(int unit)
{
    return (unit >= '0' && unit <= '9') || (unit >= 'a' && unit <= 'z') ||
           (unit >= 'A' && unit <= 'Z') || unit == '_';
}
