#include "base/text.h"

/* A message names a place and quotes input; more than this is noise. */
#define MESSAGE_MAX 4096
/* Each byte may become \xNN. */
#define MESSAGE_SHOWN_MAX (MESSAGE_MAX * 4)

/* What a message quotes may be anything, so it is made visible here, once. */
__attribute__((format(printf, 1, 0))) static char *format_message(const char *format, va_list args)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = MESSAGE_MAX};
    struct arc_buf shown = {.max = MESSAGE_SHOWN_MAX};
    arc_buf_vprintf(&text, format, args);

    if (text.failed == ARC_ELIMIT) {
        arc_buf_reset(&text);
        arc_buf_puts(&text, "the message is too long to show; it starts \"");
        arc_buf_add(&text, format, strnlen(format, 80));
        arc_buf_puts(&text, "\"");
    }

    arc_text_visible(&shown, arc_buf_text(&text), text.len);

    return text.failed ? NULL : arc_buf_steal(&shown);
}

static int set_message(struct arc_error *err, int code, char *message)
{
    if (!err) {
        free(message);
        return code;
    }
    arc_error_clear(err);
    err->code = message ? code : ARC_ENOMEM;
    err->message = message;
    return err->code;
}

int arc_error_set(struct arc_error *err, int code, const char *format, ...)
{
    if (!err)
        return code; /* nobody reads the message, and some callers try very often */
    char *message = NULL;
    ARC_WITH_ARGS(format, message = format_message(format, args));
    return set_message(err, code, message);
}

void arc_place_show(struct arc_buf *out, const struct arc_place *place)
{
    arc_text_visible(out, place->file, strlen(place->file));
    if (place->line)
        arc_buf_printf(out, ":%u", place->line);
    if (place->line && place->column)
        arc_buf_printf(out, ":%u", place->column);
}

int arc_error_at(struct arc_error *err, int code, const char *file, unsigned line, unsigned column,
                 const char *format, ...)
{
    struct arc_place place = {.file = file, .line = line, .column = column};
    char *message = NULL;
    ARC_WITH_ARGS(format, message = format_message(format, args));

    ARC_AUTO(arc_buf) struct arc_buf text = {.max = MESSAGE_SHOWN_MAX * 2};
    arc_place_show(&text, &place);
    arc_buf_puts(&text, ": ");
    size_t place_len = text.len;
    arc_buf_puts(&text, arc_or(message, ""));
    free(message);

    code = set_message(err, code, arc_buf_steal(&text));

    if (err) {
        err->place = place;
        err->place.file = strdup(file);
        err->place_len = err->message ? place_len : 0;
    }

    return code;
}

/* The most columns shown of a line, and of the part before the place. */
#define EXCERPT_MAX    100
#define EXCERPT_BEFORE 60

void arc_error_show_line(struct arc_error *err, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 4096}, before = {.max = 2048};
    const char *end = text + len, *line = text;

    if (!err || !err->place.line || !err->place.column || !err->message || err->excerpt)
        return;

    for (unsigned i = 1; i < err->place.line && line < end; i++) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        line = next ? next + 1 : end;
    }

    if (line == end || *line == '\n')
        return;
    const char *stop = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
    end = arc_or(stop, end);

    size_t column = err->place.column - 1, left_out = 0;
    if (column > EXCERPT_BEFORE)
        left_out = column - EXCERPT_BEFORE;
    const char *from = line + arc_text_cut(line, (size_t)(end - line), left_out);
    const char *at = from + arc_text_cut(from, (size_t)(end - from), column - left_out);
    const char *to = from + arc_text_cut(from, (size_t)(end - from), EXCERPT_MAX);
    arc_text_visible(&before, from, (size_t)(at - from));
    arc_buf_printf(&out, "%5u | %s", err->place.line, arc_buf_text(&before));
    arc_text_visible(&out, at, to > at ? (size_t)(to - at) : 0);
    arc_buf_printf(&out, "\n      | %*s^\n", (int)arc_text_columns(arc_buf_text(&before)), "");
    err->excerpt = arc_buf_steal(&out);
}

int arc_error_prefix(struct arc_error *err, const char *format, ...)
{
    if (!err)
        return ARC_EFAILED;
    char *context = NULL;
    ARC_WITH_ARGS(format, context = format_message(format, args));

    struct arc_buf text = {.max = MESSAGE_SHOWN_MAX * 4};
    arc_buf_printf(&text, "%s: %s", arc_or(context, ""), arc_error_text(err));
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
    if (!err)
        return;
    free(err->message);
    free((char *)err->place.file);
    free(err->excerpt);
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
