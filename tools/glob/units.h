/* Text as in JavaScript: sequences of UTF-16 units, decoded from bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing text. `failed` (out of memory) is sticky, as in arc_buf. */
struct arc_units {
    uint16_t *at;
    size_t len;
    size_t size;
    bool failed;
};

void arc_units_add(struct arc_units *text, const uint16_t *units, size_t len);
void arc_units_put(struct arc_units *text, uint16_t unit);
/* Appends ASCII text. */
void arc_units_puts(struct arc_units *text, const char *ascii);
void arc_units_append(struct arc_units *text, const struct arc_units *more);
void arc_units_free(struct arc_units *text);

/* JavaScript's text.slice(0, -count): a count of 0 empties the text. */
void arc_units_slice_end(struct arc_units *text, size_t count);
/* Inserts one unit before index `at`. */
void arc_units_insert(struct arc_units *text, size_t at, uint16_t unit);

bool arc_units_equal(const struct arc_units *text, const char *ascii);
bool arc_units_has(const uint16_t *units, size_t len, uint16_t unit);
/* Returns the index of the last such unit, or -1. */
ptrdiff_t arc_units_last(const uint16_t *units, size_t len, uint16_t unit);
/* Compares as JavaScript's sort(): by units, a prefix first. */
int arc_units_compare(const struct arc_units *a, const struct arc_units *b);

/* Appends bytes decoded as UTF-8. As in the WHATWG decoder, invalid bytes become U+FFFD: one per
 * longest prefix of a valid sequence, otherwise one per byte. */
void arc_units_decode(struct arc_units *text, const char *bytes, size_t len);

/* Decodes the first character of `len` > 0 bytes by the same rules. Sets `units` and *count (1 or
 * 2); returns the number of bytes consumed. */
size_t arc_units_first(const char *bytes, size_t len, uint16_t units[2], size_t *count);

/* Decodes the last character of `len` > 0 bytes by the same rules. Sets `units` (in text order) and
 * *count (1 or 2); returns the number of bytes consumed. */
size_t arc_units_before(const char *bytes, size_t len, uint16_t units[2], size_t *count);

/* Whether the unit is a word character, as in \w and \b. */
static inline bool arc_unit_is_word(int unit)
{
    return (unit >= '0' && unit <= '9') || (unit >= 'a' && unit <= 'z') ||
           (unit >= 'A' && unit <= 'Z') || unit == '_';
}
