#include "project/documents.h"
#include "base/auto.h"
#include "os/file.h"
#include <string.h>

static int read_text(const char *where, struct arc_buf *out, const char **name,
                     struct arc_error *err)
{
    *name = where;
    if (where[strspn(where, " \t\r\n")] == '{') {
        *name = "the text";
        arc_buf_puts(out, where);
        return arc_buf_check(out, "the document", err);
    }
    if (strcmp(where, "-") != 0)
        return arc_file_read_given(where, ARC_DOCUMENT_MAX, out, err);
    *name = "stdin";
    return arc_file_read_stdin(ARC_DOCUMENT_MAX, out, err);
}

int arc_document_read(const char *where, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_DOCUMENT_MAX};
    const char *name = NULL;
    int rc = read_text(where, &text, &name, err);
    if (rc)
        return rc;
    json_error_t at;
    ARC_AUTO_JSON json_t *value =
        json_loadb(arc_buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &at);
    if (!value && json_error_code(&at) == json_error_out_of_memory)
        return arc_error_nomem(err);
    if (!value)
        return arc_error_at(err, ARC_EINPUT, name, at.line > 0 ? (unsigned)at.line : 0,
                            at.column > 0 ? (unsigned)at.column : 0, "not JSON: %s", at.text);
    if (!json_is_object(value))
        return arc_error_at(err, ARC_EINPUT, name, 1, 1, "a JSON object is expected here");
    *out = arc_steal(&value);
    return ARC_OK;
}
