/* Growing text and byte buffers with a maximum size.
 *
 * Invariants: `data` is always NUL-terminated at data[len] once anything was added; len <= max.
 * A failure (no memory, maximum exceeded) is sticky: later additions do nothing, and one
 * arc_buf_check() at the end reports it. So a run of additions needs one check.
 */
#ifndef ARCCI_BUF_H
#define ARCCI_BUF_H

#include "arcci/api.h"
#include "arcci/error.h"
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

/* The default maximum, 64 MiB: far above any document this program writes. */
#define ARC_BUF_MAX ((size_t)64 << 20)

struct arc_buf {
    char *data;  /* owned; NULL while empty */
    size_t len;  /* bytes used, without the final NUL */
    size_t size; /* bytes allocated */
    size_t max;  /* most bytes it may hold; 0 means ARC_BUF_MAX */
    int failed;  /* 0, ARC_ENOMEM or ARC_ELIMIT */
};

/* Adds bytes, a string, one character, or formatted text. */
void arc_buf_add(struct arc_buf *buf, const void *bytes, size_t len);
void arc_buf_puts(struct arc_buf *buf, const char *text);
void arc_buf_putc(struct arc_buf *buf, char c);
void arc_buf_printf(struct arc_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arc_buf_vprintf(struct arc_buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Empties the buffer and clears any failure; keeps the memory. */
void arc_buf_reset(struct arc_buf *buf);

/* The content as a C string, "" while empty. Owned by the buffer, valid until it changes. */
const char *arc_buf_text(const struct arc_buf *buf);

/* 0, or the sticky failure as an error naming `what` ("release notes"). */
int arc_buf_check(const struct arc_buf *buf, const char *what, struct arc_error *err);

/* Hands the content over as a malloc'd string ("" for an empty buffer) and empties the buffer;
 * NULL if a failure was recorded or memory ran out. The caller frees it. */
char *arc_buf_steal(struct arc_buf *buf);

/* Frees the memory; *buf becomes {0} but keeps `max`. */
void arc_buf_free(struct arc_buf *buf);

/* Frees `part`, whose text was added to `whole`. If `part` had failed, `whole` fails too, since
 * some of its text is missing. */
void arc_buf_free_part(struct arc_buf *whole, struct arc_buf *part);

ARC_API_END

#endif
