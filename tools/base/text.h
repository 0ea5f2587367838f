/* Text: UTF-8, escaping of untrusted text for people, lists, numbers, times. */
#pragma once

#include "base/auto.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The length in bytes (1–4) of the well-formed UTF-8 sequence at `text` with `len` bytes left, or
 * 0 if there is none (Unicode 15, table 3-7: no surrogates, no overlong forms). */
size_t arc_utf8_length(const char *text, size_t len);

/* Returns the length of the first character of `len` > 0 bytes; *point is its code point. Invalid
 * UTF-8 is U+FFFD, one per maximal subpart or byte (Unicode 15, 3.9; WHATWG Encoding, UTF-8
 * decoder). */
size_t arc_utf8_point(const char *text, size_t len, uint32_t *point);

/* The number of printable ASCII characters at the start of the text: usually all. */
size_t arc_text_printable(const char *text, size_t len);

/* Whether all `len` bytes are well-formed UTF-8. */
bool arc_utf8_valid(const char *text, size_t len);

/* The length of the text in units of UTF-16, as JavaScript counts: the strictest way in which
 * GitHub may count characters. */
size_t arc_text_utf16(const char *text, size_t len);

/* The number of characters, which approximates the columns; colour sequences count as 0. */
size_t arc_text_columns(const char *text);

/* The length in bytes of the first `most` characters; an invalid byte counts as one. */
size_t arc_text_cut(const char *text, size_t len, size_t most);

/* The length in bytes of the white space character at the start of the text, or 0: JavaScript's \s,
 * as in inputs and filters of actions. */
size_t arc_text_space(const char *text, size_t len);

/* Trims white space at both ends like JavaScript's trim(): moves *text and shortens *len. */
void arc_text_trim(const char **text, size_t *len);

/* The length of a text without the trailing characters that are in `ends`. */
static inline size_t arc_text_strip(const char *text, size_t len, const char *ends)
{
    while (len && memchr(ends, text[len - 1], strlen(ends)))
        len--;
    return len;
}

static inline void arc_buf_strip(struct arc_buf *buf, const char *ends)
{
    size_t len = arc_text_strip(buf->data, buf->len, ends);
    if (len < buf->len)
        buf->data[buf->len = len] = '\0';
}

/* A line of a text, or an item of a list; points into the text and is not NUL-terminated. */
struct arc_piece {
    const char *text;
    size_t len;
    const char *rest; /* behind the separator */
};

/* Moves to the next piece, up to one of the separators; false at the end. A piece may be empty,
 * except at the end of the text. */
static inline bool arc_piece_next(struct arc_piece *piece, const char *separators)
{
    piece->text = piece->rest;
    piece->len = strcspn(piece->text, separators);
    piece->rest += piece->len + (piece->text[piece->len] != '\0');
    return *piece->text;
}

/* Loops over the pieces of a text; the body may change piece.text and piece.len. */
#define arc_each_piece(piece, whole, separators)                                                   \
    for (struct arc_piece piece = {.rest = (whole)}; arc_piece_next(&piece, separators);)

/* A copy owned by the caller; NULL if out of memory. */
static inline char *arc_piece_copy(struct arc_piece piece)
{
    return strndup(piece.text, piece.len);
}

/* Whether a space-separated list contains this word, ignoring case. */
bool arc_text_lists(const char *words, const char *word, size_t len);

/* Appends the text with every control character (C0, DEL, C1), bidirectional override and every
 * byte that is not UTF-8 written as \xNN, so that it stays on its line and cannot drive a
 * terminal. */
void arc_text_visible(struct arc_buf *out, const char *text, size_t len);

/* Whether arc_text_visible() would leave the text as it is. */
bool arc_text_is_visible(const char *text);

/* Appends "FILE:LINE:COLUMN", made visible, without numbers that are 0. */
void arc_place_show(struct arc_buf *out, const struct arc_place *place);

/* arc_text_visible() for text of several lines: line breaks and tabs stay, CRLF becomes LF. */
void arc_text_visible_lines(struct arc_buf *out, const char *text, size_t len);

/* Copies the text into the arena; makes it visible if it is not UTF-8. */
char *arc_arena_utf8(struct arc_arena *memory, const char *text);

/* Copies the text to *out, owned by the caller; NULL for NULL. */
int arc_text_copy(const char *text, char **out, struct arc_error *err);

/* Prints a formatted text to *out, owned by the caller. */
int arc_text_print(char **out, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends the separator, unless the list is empty, and the formatted item, which may be empty. */
void arc_text_item(struct arc_buf *list, const char *separator, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void arc_text_separate(struct arc_buf *list, const char *separator);

/* Whether `len` bytes are this word; the second function ignores case. */
static inline bool arc_text_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static inline bool arc_text_is_caseless(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* Whether two texts are the same; NULL equals only NULL. */
static inline bool arc_text_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The first of `count` structs (of NULL: none) whose member is this text; NULL if there is none. */
#define arc_find(items, count, member, wanted)                                                     \
    __extension__({                                                                                \
        __typeof__((items)[0]) *at_ = (items), *end_ = at_ ? at_ + (count) : at_;                  \
        while (at_ < end_ && strcmp(at_->member, wanted) != 0)                                     \
            at_++;                                                                                 \
        at_ < end_ ? at_ : NULL;                                                                   \
    })

/* As strcmp(), by bytes. */
static inline int arc_text_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, ARC_MIN(a_len, b_len));
    return arc_or(order, (a_len > b_len) - (a_len < b_len));
}

/* Sorts texts by bytes. */
void arc_texts_sort(const char **texts, size_t count);

/* The number of texts in a NULL-terminated list (char **); 0 for NULL. */
static inline size_t arc_texts_count(const void *list)
{
    const char *const *texts = list;
    size_t count = 0;
    while (texts && texts[count])
        count++;
    return count;
}

/* Appends a size as registries show it, in powers of ten: "12.3 MB". If `base` is not negative,
 * also appends the difference in the same unit: "12.3 MB (+0.4 MB)" or "12.3 MB (same)". */
void arc_text_size(struct arc_buf *out, int64_t bytes, int64_t base);

/* Appends the path "./a//b/../c" as "a/c" (Go's path.Clean). Returns false if it leads out of the
 * top; the leading ".."s stay, unless the path is `rooted`, like the source of a COPY. */
bool arc_path_clean(const char *path, size_t path_len, bool rooted, struct arc_buf *out);

static inline bool arc_text_path(struct arc_buf *out, const char *path)
{
    return arc_path_clean(path, strlen(path), false, out);
}

/* The ASCII letters and digits, for strspn() and strchr(). */
#define ARC_ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* ASCII: a digit; a letter or digit; a letter, digit or '_'; white space. */
static inline bool arc_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool arc_is_alnum(char c)
{
    return arc_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool arc_is_word(char c)
{
    return arc_is_alnum(c) || c == '_';
}

/* Makes the ASCII letters of a text lower case, in place; returns it. */
static inline char *arc_text_lower(char *text)
{
    for (char *c = text; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return text;
}

static inline bool arc_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether a byte continues a UTF-8 character. */
static inline bool arc_utf8_continues(char c)
{
    return (c & 0xc0) == 0x80;
}

/* The text, or `otherwise` if it is empty or NULL. */
static inline const char *arc_text_or(const char *text, const char *otherwise)
{
    return text && *text ? text : otherwise;
}

/* The word for a flag. */
static inline const char *arc_true_or_false(bool value)
{
    return value ? "true" : "false";
}

/* The ending of a noun: "s" unless count is 1. */
static inline const char *arc_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* A NULL-terminated list of texts. */
#define ARC_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Whether a text equals, contains or starts with one of some texts. */
#define ARC_AMONG(text, ...)  arc_text_among(text, ARC_WORDS(__VA_ARGS__))
#define ARC_HOLDS(text, ...)  arc_text_holds(text, ARC_WORDS(__VA_ARGS__))
#define ARC_STARTS(text, ...) arc_text_starts(text, ARC_WORDS(__VA_ARGS__))
bool arc_text_among(const char *text, const char *const *words);
bool arc_text_holds(const char *text, const char *const *parts);
bool arc_text_starts(const char *text, const char *const *parts);

/* Appends a text with {name}s replaced by their values. `value` appends one, or returns false for
 * an unknown name, which stays as it is. An empty value is removed together with its separator, '-'
 * or '_'. */
void arc_text_fill(const char *text,
                   bool (*value)(void *context, const char *name, struct arc_buf *out),
                   void *context, struct arc_buf *out);

/* The rest of a text that starts with `start`; NULL for any other text, and for NULL. */
const char *arc_text_after(const char *text, const char *start);

/* The next of GitHub's expressions, "${{ … }}", from *at (may be NULL) on: its text between the braces.
 * Moves *at past it. Braces in quotes do not end it; an unclosed one extends to the end of the text. */
bool arc_text_expression(const char **at, const char **start, size_t *len);

/* Whether a text ends with another. */
bool arc_text_ends(const char *text, const char *end);

/* Whether the first number of "github.com/docker/buildx v0.13.1 abcdef" is at least
 * MAJOR.MINOR. */
bool arc_text_at_least(const char *text, unsigned long major, unsigned long minor);

/* Reads a text that is 1 to `most` (up to 18) decimal digits; false for any other, and for NULL. */
bool arc_text_number(const char *text, size_t most, int64_t *out);

/* Whether a text is exactly `digits` lower-case hexadecimal digits. */
bool arc_text_is_hex(const char *text, size_t digits);

/* The "path" of "https://host/path"; NULL for any other text, and for NULL. */
const char *arc_url_path(const char *url);

/* Appends the text percent-encoded, as a part of a path, a query or a form (RFC 3986: unreserved
 * characters stay). */
void arc_text_encode(struct arc_buf *out, const char *text);

/* The same, but only letters, digits and the characters of `kept` stay. */
void arc_text_encode_except(struct arc_buf *out, const char *text, const char *kept);

/* Reads an RFC 3339 time as seconds since 1970; false if it is not valid. */
bool arc_time_parse(const char *text, int64_t *out);

/* The first second, in UTC, of a day such as "2026-12-31". */
bool arc_day_parse(const char *text, int64_t *out);

/* Prints seconds since 1970 as an RFC 3339 time in UTC; 1970-01-01T00:00:00Z if out of range. */
void arc_time_print(int64_t seconds, char out[32]);
