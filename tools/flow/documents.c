#include "flow/documents.h"
#include "base/auto.h"
#include "port/file.h"
#include <string.h>

int arc_document_read(const char *path, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_DOCUMENT_MAX};
    bool from_stdin = strcmp(path, "-") == 0;
    int rc = from_stdin ? arc_file_read_stdin(ARC_DOCUMENT_MAX, &text, err)
                        : arc_file_read_given(path, ARC_DOCUMENT_MAX, &text, err);
    path = from_stdin ? "stdin" : path;
    if (rc)
        return rc;
    json_error_t where;
    ARC_AUTO_JSON json_t *value =
        json_loadb(arc_buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &where);
    if (!value && json_error_code(&where) == json_error_out_of_memory)
        return arc_error_nomem(err);
    if (!value)
        return arc_error_at(err, ARC_EINPUT, path, where.line > 0 ? (unsigned)where.line : 0,
                            where.column > 0 ? (unsigned)where.column : 0, "not JSON: %s",
                            where.text);
    if (!json_is_object(value))
        return arc_error_at(err, ARC_EINPUT, path, 1, 1, "a JSON object is expected here");
    *out = arc_steal(&value);
    return ARC_OK;
}
