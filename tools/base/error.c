#include "arcci/error.h"
#include "arcci/buf.h"
#include "base/auto.h"
#include <stdlib.h>
#include <string.h>

/* A message names a place and quotes input; more than this is noise. */
#define MESSAGE_MAX 4096

__attribute__((format(printf, 1, 0))) static char *format_message(const char *format, va_list args)
{
    struct arc_buf text = {.max = MESSAGE_MAX};
    arc_buf_vprintf(&text, format, args);
    if (text.failed == ARC_ELIMIT) {
        arc_buf_reset(&text);
        arc_buf_puts(&text, "the message is too long to show; it starts \"");
        arc_buf_add(&text, format, strnlen(format, 80));
        arc_buf_puts(&text, "\"");
    }
    return arc_buf_steal(&text);
}

static int set_message(struct arc_error *err, int code, char *message)
{
    if (!err) {
        free(message);
        return code;
    }
    arc_error_clear(err);
    err->code = code;
    err->message = message;
    return code;
}

int arc_error_set(struct arc_error *err, int code, const char *format, ...)
{
    va_list args;
    if (!err)
        return code; /* nobody reads it, and some ask very often */
    va_start(args, format);
    char *message = format_message(format, args);
    va_end(args);
    return set_message(err, code, message);
}

int arc_error_at(struct arc_error *err, int code, const char *file, unsigned line, unsigned column,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = format_message(format, args);
    va_end(args);

    ARC_AUTO(arc_buf) struct arc_buf text = {.max = MESSAGE_MAX * 2};
    arc_buf_puts(&text, file);
    if (line)
        arc_buf_printf(&text, ":%u", line);
    if (line && column)
        arc_buf_printf(&text, ":%u", column);
    arc_buf_puts(&text, ": ");
    size_t place_len = text.len;
    arc_buf_puts(&text, message ? message : "");
    free(message);

    set_message(err, code, arc_buf_steal(&text));
    if (err) {
        err->place = (struct arc_place){.file = strdup(file), .line = line, .column = column};
        err->place_len = err->message ? place_len : 0;
    }
    return code;
}

int arc_error_prefix(struct arc_error *err, const char *format, ...)
{
    if (!err)
        return ARC_EFAILED;
    va_list args;
    va_start(args, format);
    char *context = format_message(format, args);
    va_end(args);

    struct arc_buf text = {.max = MESSAGE_MAX * 4};
    arc_buf_printf(&text, "%s: %s", context ? context : "", arc_error_text(err));
    free(context);
    char *message = arc_buf_steal(&text);
    arc_buf_free(&text);
    if (message) {
        free(err->message);
        err->message = message;
        err->place_len = 0;
    }
    return err->code;
}

int arc_error_nomem(struct arc_error *err)
{
    return set_message(err, ARC_ENOMEM, NULL);
}

const char *arc_error_text(const struct arc_error *err)
{
    if (err->message)
        return err->message;
    return err->code == ARC_OK ? "no error" : "out of memory";
}

void arc_error_clear(struct arc_error *err)
{
    free(err->message);
    free((char *)err->place.file);
    *err = (struct arc_error){0};
}

int arc_exit_status(int code)
{
    switch (code) {
    case ARC_OK:
        return 0;
    case ARC_EINPUT:
    case ARC_ELIMIT:
        return 2;
    case ARC_EWORLD:
    case ARC_ENOTFOUND:
    case ARC_ENOMEM:
        return 3;
    default:
        return 1;
    }
}
