#include "base/auto.h"
#include <stdio.h>
#include <string.h>

static size_t limit(const struct arc_buf *buf)
{
    return arc_or(buf->max, ARC_BUF_MAX);
}

/* Makes room for `more` bytes and a NUL; records a failure. */
static bool reserve(struct arc_buf *buf, size_t more)
{
    if (buf->failed)
        return false;

    if (more > limit(buf) - buf->len) {
        buf->failed = ARC_ELIMIT;
        return false;
    }

    size_t need = buf->len + more + 1;
    if (need <= buf->size)
        return true;
    size_t size = arc_or(buf->size, 64);
    while (size < need)
        size *= 2;
    char *data = realloc(buf->data, size);
    if (!data) {
        buf->failed = ARC_ENOMEM;
        return false;
    }

    buf->data = data;
    buf->size = size;

    return true;
}

void arc_buf_add(struct arc_buf *buf, const void *bytes, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void arc_buf_puts(struct arc_buf *buf, const char *text)
{
    arc_buf_add(buf, text, strlen(text));
}

void arc_buf_putc(struct arc_buf *buf, char c)
{
    if (!reserve(buf, 1))
        return;
    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
}

/* The first attempt prints into the free room, which is nearly always enough. */
void arc_buf_vprintf(struct arc_buf *buf, const char *format, va_list args)
{
    va_list again;
    size_t room = reserve(buf, 0) ? buf->size - buf->len : 0;

    va_copy(again, args);
    int len = vsnprintf(room ? buf->data + buf->len : NULL, room, format, again);
    va_end(again);
    if (len < 0)
        buf->failed = arc_or(buf->failed, ARC_ENOMEM);

    if (len < 0 || !reserve(buf, (size_t)len)) {
        if (room)
            buf->data[buf->len] = '\0';
        return;
    }

    if ((size_t)len >= room)
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    buf->len += (size_t)len;
}

void arc_buf_printf(struct arc_buf *buf, const char *format, ...)
{
    ARC_WITH_ARGS(format, arc_buf_vprintf(buf, format, args));
}

void arc_buf_reset(struct arc_buf *buf)
{
    buf->len = 0;
    buf->failed = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

const char *arc_buf_text(const struct arc_buf *buf)
{
    return arc_or(buf->data, "");
}

int arc_buf_check(const struct arc_buf *buf, const char *what, struct arc_error *err)
{
    if (!buf->failed)
        return ARC_OK;
    if (buf->failed == ARC_ELIMIT)
        return arc_error_set(err, ARC_ELIMIT, "%s: longer than the limit of %zu bytes", what,
                             limit(buf));
    return arc_error_nomem(err);
}

char *arc_buf_steal(struct arc_buf *buf)
{
    char *data = buf->failed ? NULL : buf->data;
    if (!data && !buf->failed)
        return calloc(1, 1);
    if (!data)
        free(buf->data);
    *buf = (struct arc_buf){.max = buf->max};
    return data;
}

void arc_buf_free(struct arc_buf *buf)
{
    free(buf->data);
    *buf = (struct arc_buf){.max = buf->max};
}

void arc_buf_free_part(struct arc_buf *whole, struct arc_buf *part)
{
    if (!whole->failed)
        whole->failed = part->failed;
    arc_buf_free(part);
}
