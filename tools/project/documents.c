#include "project/documents.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "os/gzip.h"

/* Longest text that is passed on unpacked. */
#define PLAIN_MAX 65536

int arc_document_pack(const json_t *document, char **out, struct arc_error *err)
{
    ARC_AUTO_FREE char *text = arc_json_dumps(document, JSON_COMPACT);
    size_t len = text ? strlen(text) : 0;
    ARC_TRY_ALLOC(text, err);
    if (len > PLAIN_MAX)
        return arc_gzip_base64(text, len, out, &len, err);
    *out = arc_steal(&text);
    return ARC_OK;
}

int arc_document_unpack(const char *text, size_t len, struct arc_buf *out, struct arc_error *err)
{
    arc_text_trim(&text, &len);
    if (ARC_STARTS(text, ARC_GZIP_BASE64_START))
        return arc_gunzip_base64(text, len, out, err);
    arc_buf_add(out, text, len);
    return arc_buf_check(out, "the document", err);
}

static int read_text(const char *where, struct arc_buf *out, const char **name,
                     struct arc_error *err)
{
    const char *start = where + strspn(where, " \t\r\n");
    *name = where;

    if (*start == '{' || strncmp(start, ARC_GZIP_BASE64_START, 4) == 0) {
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
    ARC_AUTO(arc_buf) struct arc_buf said = {.max = ARC_DOCUMENT_MAX};
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_DOCUMENT_MAX};
    const char *name = NULL;

    ARC_TRY(read_text(where, &said, &name, err));
    ARC_TRY_PREFIX(arc_document_unpack(arc_buf_text(&said), said.len, &text, err), err, "%s", name);

    if (!text.len) /* an empty output that a workflow wrote to the file */
        return arc_error_set(err, ARC_EINPUT,
                             "%s is empty: the job that makes it gave nothing; " ARC_OUTPUT_DROPPED,
                             name);

    json_error_t at;
    ARC_AUTO_JSON json_t *value =
        arc_json_load(arc_buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &at);
    ARC_TRY_ALLOC(value || *at.text, err);

    if (!value) {
        unsigned line = at.line > 0 ? (unsigned)at.line : 0;
        unsigned column = at.column > 0 ? (unsigned)at.column : 0;
        arc_error_at(err, ARC_EINPUT, name, line, column, "not JSON: %s", at.text);
        arc_error_show_line(err, arc_buf_text(&text), text.len);
        return ARC_EINPUT;
    }

    if (!json_is_object(value))
        return arc_error_at(err, ARC_EINPUT, name, 1, 1, "a JSON object is expected here");
    *out = arc_steal(&value);

    return ARC_OK;
}

int arc_document_of_stage(const char *command, const char *where, json_t **out,
                          struct arc_error *err)
{
    int rc = arc_document_read(where, out, err);
    if (rc == ARC_ENOTFOUND)
        arc_error_set(err, rc, "%s; 'arc-ci %s --json > %s' writes it", arc_error_text(err),
                      command, where);
    return rc;
}
