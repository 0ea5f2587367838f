/* Text from outside made fit to be shown: UTF-8 checks and escaping for people. */
#pragma once

#include "base/auto.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The length in bytes (1–4) of the well-formed UTF-8 sequence at `text` with `len` bytes left, or
 * 0 if there is none (Unicode 15, table 3-7: no surrogates, no overlong forms). */
size_t arc_utf8_length(const char *text, size_t len);

/* The length of the character at the start of `len` > 0 bytes, and its code point. What is no UTF-8
 * is U+FFFD, one for the longest beginning of a character there is, else for a byte (Unicode 15,
 * 3.9, "maximal subpart"; WHATWG Encoding, UTF-8 decoder). */
size_t arc_utf8_point(const char *text, size_t len, uint32_t *point);

/* How many printable characters of ASCII the text starts with: nearly always all. */
size_t arc_text_printable(const char *text, size_t len);

/* Whether all `len` bytes are well-formed UTF-8. */
bool arc_utf8_valid(const char *text, size_t len);

/* The length of the text in units of UTF-16, as JavaScript counts: the strictest way in which
 * GitHub may count characters. */
size_t arc_text_utf16(const char *text, size_t len);

/* The characters of a text, which are its columns, near enough; colours have none. */
size_t arc_text_columns(const char *text);

/* The length in bytes of the first `most` characters; a byte that is no UTF-8 is one. */
size_t arc_text_cut(const char *text, size_t len, size_t most);

/* The length in bytes of the white space (JavaScript's \s, which is what actions' inputs and
 * filters know) that the text starts with: one character of it, 0 if there is none. */
size_t arc_text_space(const char *text, size_t len);

/* The text without white space at both ends, as JavaScript's trim() gives it: moves *text and
 * shortens *len. */
void arc_text_trim(const char **text, size_t *len);

/* The length that is left of a text without those of `ends` that it ends with. */
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

/* A line of a text, or an item of a list in one. Nothing ends it, and it is the text's. */
struct arc_piece {
    const char *text;
    size_t len;
    const char *rest; /* behind the separator */
};

/* The next piece of what is the rest, up to one of the separators; false at the end. What is empty
 * is a piece, too, but not at the very end. */
static inline bool arc_piece_next(struct arc_piece *piece, const char *separators)
{
    piece->text = piece->rest;
    piece->len = strcspn(piece->text, separators);
    piece->rest += piece->len + (piece->text[piece->len] != '\0');
    return *piece->text;
}

/* For each piece of a text, whose `text` and `len` the loop may change. */
#define arc_each_piece(piece, whole, separators)                                                   \
    for (struct arc_piece piece = {.rest = (whole)}; arc_piece_next(&piece, separators);)

/* A copy, which the caller frees; NULL when out of memory. */
static inline char *arc_piece_copy(struct arc_piece piece)
{
    return strndup(piece.text, piece.len);
}

/* Whether a list of words, with spaces between, has this one, in any case. */
bool arc_text_lists(const char *words, const char *word, size_t len);

/* Appends the text with every control character (C0, DEL, C1), bidirectional override and every
 * byte that is not UTF-8 written as \xNN, so that it stays on its line and cannot drive a
 * terminal. */
void arc_text_visible(struct arc_buf *out, const char *text, size_t len);

/* Whether arc_text_visible() would leave the text as it is. */
bool arc_text_is_visible(const char *text);

/* arc_text_visible() for text of several lines: line breaks and tabs stay, CRLF becomes LF. */
void arc_text_visible_lines(struct arc_buf *out, const char *text, size_t len);

/* A copy of the text in *out, owned by the caller; of NULL it is NULL. */
int arc_text_copy(const char *text, char **out, struct arc_error *err);

/* A formatted text in *out, owned by the caller. */
int arc_text_print(char **out, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends an item to a list, or only what stands before it: the separator, but to the first. */
void arc_text_item(struct arc_buf *list, const char *separator, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void arc_text_separate(struct arc_buf *list, const char *separator);

/* Whether what has a length is this word; whether it is in capitals or not. */
static inline bool arc_text_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static inline bool arc_text_is_caseless(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* As strcmp(), by bytes. */
static inline int arc_text_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, ARC_MIN(a_len, b_len));
    return arc_or(order, (a_len > b_len) - (a_len < b_len));
}

/* Puts texts in order, by bytes. */
void arc_texts_sort(const char **texts, size_t count);

/* How many texts are in a list (char **) that ends with NULL; none in NULL. */
static inline size_t arc_texts_count(const void *list)
{
    const char *const *texts = list;
    size_t count = 0;
    while (texts && texts[count])
        count++;
    return count;
}

/* Appends a size as registries show it, in powers of ten: "12.3 MB"; with a base (0 or more) the
 * difference, too, in the same unit: "12.3 MB (+0.4 MB)" or "12.3 MB (same)". */
void arc_text_size(struct arc_buf *out, int64_t bytes, int64_t base);

/* Appends the path "./a//b/../c" as "a/c" (Go's path.Clean). False when it leads out at the top:
 * those ".." stay, unless the path is `rooted`, as the source of a COPY is. */
bool arc_path_clean(const char *path, size_t path_len, bool rooted, struct arc_buf *out);

static inline bool arc_text_path(struct arc_buf *out, const char *path)
{
    return arc_path_clean(path, strlen(path), false, out);
}

/* What ASCII has as a digit; a letter or digit; those or '_'; white space. */
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

static inline bool arc_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether a byte goes on with a character of UTF-8 that a byte before it began. */
static inline bool arc_utf8_continues(char c)
{
    return (c & 0xc0) == 0x80;
}

/* The text, or what stands for it where it is empty or NULL. */
static inline const char *arc_text_or(const char *text, const char *otherwise)
{
    return text && *text ? text : otherwise;
}

/* "s" behind a noun of which there are so many, "" behind one. */
static inline const char *arc_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* A list of texts that ends with NULL. */
#define ARC_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Whether a text is one of some, has one of them in it, or at its start. */
#define ARC_AMONG(text, ...)  arc_text_among(text, ARC_WORDS(__VA_ARGS__))
#define ARC_HOLDS(text, ...)  arc_text_holds(text, ARC_WORDS(__VA_ARGS__))
#define ARC_STARTS(text, ...) arc_text_starts(text, ARC_WORDS(__VA_ARGS__))
bool arc_text_among(const char *text, const char *const *words);
bool arc_text_holds(const char *text, const char *const *parts);
bool arc_text_starts(const char *text, const char *const *parts);

/* Appends a text with a value in the place of each {name}: `value` appends it, or says that there
 * is none, and the name stays as it is written. An empty value goes with the '-' or '_' that parts
 * it from the rest. */
void arc_text_fill(const char *text,
                   bool (*value)(void *context, const char *name, struct arc_buf *out),
                   void *context, struct arc_buf *out);

/* What follows a beginning in a text; NULL for any other text, and for NULL. */
const char *arc_text_after(const char *text, const char *start);

/* Whether a text ends in another. */
bool arc_text_ends(const char *text, const char *end);

/* Reads a text of 1 to `most` (18) decimal digits and nothing else; false for any other, and for
 * NULL. */
bool arc_text_number(const char *text, size_t most, int64_t *out);

/* Whether a text is so many lower-case hexadecimal digits, and nothing else. */
bool arc_text_is_hex(const char *text, size_t digits);

/* Of "https://host/path" what is behind the host's slash; NULL for any other text, and for NULL. */
const char *arc_url_path(const char *url);

/* Appends the text percent-encoded, as a part of a path, a query or a form (RFC 3986: unreserved
 * characters stay). */
void arc_text_encode(struct arc_buf *out, const char *text);

/* Seconds since 1970 of an RFC 3339 time; false if it is none. */
bool arc_time_parse(const char *text, int64_t *out);

/* The first second, in UTC, of a day such as "2026-12-31". */
bool arc_day_parse(const char *text, int64_t *out);

/* A time the other way round, in UTC; 1970's first second for one beyond all calendars. */
void arc_time_print(int64_t seconds, char out[32]);
