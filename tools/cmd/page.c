#include "cmd/page.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "project/documents.h"

static int read_builds(const json_t *files, struct arc_ledger *builds, struct arc_error *err)
{
    arc_json_each (file, files) {
        ARC_AUTO_JSON json_t *build = NULL;
        ARC_TRY(arc_document_read(json_string_value(file), &build, err));
        ARC_TRY_PREFIX(arc_ledger_read(build, builds++, err), err, "%s", json_string_value(file));
    }

    return ARC_OK;
}

int page_write(const struct invocation *inv, const json_t *document, html_page *make,
               struct arc_error *err)
{
    const json_t *files = option_list(inv, "build");
    size_t count = json_array_size(files);
    ARC_AUTO(arc_buf) struct arc_buf page = {0};

    if (!option_value(inv, "html"))
        return ARC_OK;
    struct arc_ledger *builds = calloc(count + 1, sizeof *builds);
    ARC_TRY_ALLOC(builds, err);
    int rc = read_builds(files, builds, err);
    if (!rc)
        rc = make(document, builds, count, &page, err);
    if (!rc)
        rc = arc_buf_check(&page, "the page", err);
    if (!rc)
        rc = arc_file_write(option_value(inv, "html"), page.data, page.len, err);
    for (size_t i = 0; i < count; i++)
        arc_ledger_free(&builds[i]);
    free(builds);

    return rc;
}
