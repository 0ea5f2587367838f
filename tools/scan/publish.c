#include "scan/publish.h"
#include "base/auto.h"
#include "base/json.h"

/* The gate's verdict must not depend on an upload that is disabled or forbidden. */
static int tolerate(struct arc_scan *scan, const struct arc_transport *transport,
                    const char *advice, struct arc_error *err)
{
    if (!transport->refused)
        return err->code;
    json_t *warnings = json_object_get(scan->document, "warnings");
    json_t *text = json_sprintf("%s; %s", arc_error_text(err), advice);
    arc_error_clear(err);
    return arc_json_append(warnings, text, err);
}

int arc_scan_publish(struct arc_scan *scan, const struct arc_scan_publish *options,
                     struct arc_transport *transport, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error first = {0};
    json_t *made = NULL;
    int sarif = ARC_OK, issues = ARC_OK;

    if (options->sarif && scan->sarif) {
        sarif = scan_upload(options, scan->sarif, SARIF_UPLOAD_MAX, transport, &made, &first);
        if (sarif)
            arc_error_prefix(&first, "SARIF upload");
        else
            sarif = arc_json_set(scan->document, "upload", made, &first);
    }

    if (sarif && options->sarif_optional)
        sarif = tolerate(
            scan, transport,
            "if it is off, turn on code scanning (Settings, Advanced Security), or set upload-sarif "
            "to false",
            &first);

    if (options->issues) {
        issues = scan_file_issues(options, scan->issues, transport, &made, err);
        if (!issues)
            issues = arc_json_set(scan->document, "issues", made, err);
    }

    if (issues && options->issues_optional)
        issues = tolerate(
            scan, transport,
            "if they are off, turn on issues (Settings, Features), or set create-issues to false",
            err);

    if (sarif && issues)
        return arc_error_prefix(err, "%s; and", arc_error_text(&first));

    return sarif ? arc_error_set(err, sarif, "%s", arc_error_text(&first)) : issues;
}
