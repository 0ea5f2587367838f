#include "flow/notes_run.h"
#include "arcci/notes.h"
#include "arcci/template.h"
#include "base/auto.h"
#include "flow/documents.h"
#include "port/file.h"

static int read_optional(const char *path, json_t **out, struct arc_error *err)
{
    return path ? arc_document_read(path, out, err) : ARC_OK;
}

int arc_notes_run(const struct arc_env *env, const struct arc_notes_files *files, json_t **out,
                  struct arc_error *err)
{
    ARC_AUTO_JSON json_t *plan = NULL;
    ARC_AUTO_JSON json_t *build = NULL;
    ARC_AUTO_JSON json_t *scan = NULL;
    ARC_AUTO_JSON json_t *log = NULL;
    ARC_AUTO(arc_buf) struct arc_buf template = {.max = ARC_TEMPLATE_MAX};
    int rc = arc_document_read(files->plan, &plan, err);
    if (!rc)
        rc = read_optional(files->build, &build, err);
    if (!rc)
        rc = read_optional(files->scan, &scan, err);
    if (!rc && files->template)
        rc = arc_file_read(files->template, NULL, ARC_TEMPLATE_MAX, &template, err);
    if (!rc)
        rc = arc_notes_log(env, plan, NULL, &log, err);
    if (rc)
        return rc;
    struct arc_notes_options options = {
        .plan = plan,
        .build = build,
        .scan = scan,
        .log = log,
        .template_name = files->template,
        .template_text = files->template ? arc_buf_text(&template) : NULL,
        .template_len = template.len,
    };
    return arc_notes(&options, out, err);
}
