/* Any bytes are a template that renders within its limits, or an error with a place; and any bytes
 * as a value end up as one line without a control character. */
#include "base/template.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

static const char names[] =
    "{\"a\": {\"b\": [1, 2, {\"c\": \"x|y\"}]}, \"l\": [[], [\"p\"], null], \"t\": true, \"n\": 0,"
    " \"s\": \"<@x> [y](z) `q`\"}";

static void parse_and_render(const char *text, size_t size, const json_t *values)
{
    struct arc_template parsed;
    struct arc_buf out = {.max = 1 << 16};
    struct arc_error err = {0};
    int rc = arc_template_parse("fuzz", text, size, false, &parsed, &err);
    if (!rc)
        rc = arc_template_render(&parsed, values, &out, &err);
    if (rc ? !err.code : err.code)
        abort();
    if (!rc && !arc_utf8_valid(arc_buf_text(&out), out.len))
        abort();
    arc_buf_free(&out);
    arc_template_free(&parsed);
    arc_error_clear(&err);
}

/* As a text of the program's own, which says more; it ends at a NUL. */
static void fill(const char *data, size_t size, const json_t *values)
{
    struct arc_buf out = {.max = 1 << 16};
    char *text = strndup(data, size);
    if (!text)
        return;
    arc_template_fill(text, NULL, values, &out, NULL);
    arc_buf_free(&out);
    free(text);
}

/* The bytes as a value, in each place. */
static void escape(const char *data, size_t size, json_t *values)
{
    static const char each[] = "{{s}}\n{{code s}}\n{{url s}}\n{{line s}}\n{{shell s}}\n";
    struct arc_template parsed;
    struct arc_buf out = {0};
    json_t *value = json_stringn(data, size);
    if (!value || json_object_set_new(values, "s", value) != 0)
        return;
    if (arc_template_parse("each", each, strlen(each), false, &parsed, NULL) ||
        arc_template_render(&parsed, values, &out, NULL))
        abort();
    size_t lines = 0;
    for (size_t i = 0; i < out.len; i++) {
        lines += out.data[i] == '\n';
        if ((unsigned char)out.data[i] < ' ' && out.data[i] != '\n')
            abort();
    }
    if (lines != 5)
        abort();
    arc_buf_free(&out);
    arc_template_free(&parsed);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    json_t *values = json_loads(names, 0, NULL);
    if (!values)
        abort();
    parse_and_render((const char *)data, size, values);
    fill((const char *)data, size, values);
    escape((const char *)data, size, values);
    json_decref(values);
    return 0;
}
