#include "scan/publish.h"
#include "base/auto.h"
#include "base/json.h"

static int publish_sarif(struct arc_scan *scan, const struct arc_scan_publish *options,
                         struct arc_transport *transport, struct arc_error *err)
{
    json_t *upload = NULL;
    if (!scan->sarif)
        return ARC_OK;
    if (scan_upload(options, scan->sarif, SARIF_UPLOAD_MAX, transport, &upload, err))
        return arc_error_prefix(err, "SARIF upload");
    return arc_json_set(scan->document, "upload", upload, err);
}

static int publish_issues(struct arc_scan *scan, const struct arc_scan_publish *options,
                          struct arc_transport *transport, struct arc_error *err)
{
    json_t *issues = NULL;
    ARC_TRY(scan_file_issues(options, scan->issues, transport, &issues, err));
    return arc_json_set(scan->document, "issues", issues, err);
}

/* The gate's verdict does not hang on a side channel that is turned off or closed here. */
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
    int sarif = options->sarif ? publish_sarif(scan, options, transport, &first) : ARC_OK;

    if (sarif && options->sarif_optional)
        sarif = tolerate(scan, transport,
                         "turn on code scanning (Settings, Advanced Security), or set upload-sarif "
                         "to false",
                         &first);

    int issues = options->issues ? publish_issues(scan, options, transport, err) : ARC_OK;
    if (issues && options->issues_optional)
        issues =
            tolerate(scan, transport,
                     "turn on issues (Settings, Features), or set create-issues to false", err);

    if (sarif && issues)
        return arc_error_prefix(err, "%s; and", arc_error_text(&first));

    return sarif ? arc_error_set(err, sarif, "%s", arc_error_text(&first)) : issues;
}
