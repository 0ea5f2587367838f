#include "scan/publish.h"
#include "base/auto.h"
#include "base/json.h"
#include "os/gzip.h"

#define WAIT_FIRST 2000  /* milliseconds */
#define WAIT_MOST  30000 /* between polls */
#define LOOKS      24    /* about ten minutes */

static json_t *results_of(json_t *sarif)
{
    return json_object_get(json_array_get(json_object_get(sarif, "runs"), 0), "results");
}

static void cut_list(json_t *list, size_t left)
{
    while (json_array_size(list) > left)
        json_array_remove(list, json_array_size(list) - 1);
}

/* Results are sorted, worst first, and rules by their first result: drops a quarter of the results
 * from the end, with the rules that only they name, until the rest fits. */
static int pack_within(json_t *sarif, size_t upload_max, char **out, struct arc_error *err)
{
    json_t *results = results_of(sarif);
    const json_t *run = json_array_get(json_object_get(sarif, "runs"), 0);
    const json_t *driver = json_object_get(json_object_get(run, "tool"), "driver");

    for (;;) {
        ARC_AUTO_FREE char *text = arc_json_dumps(sarif, JSON_COMPACT);
        size_t len = 0;
        ARC_TRY_ALLOC(text, err);
        ARC_TRY(arc_gzip_base64(text, strlen(text), out, &len, err));
        if (len <= upload_max)
            return ARC_OK;
        free(arc_steal(out));
        size_t count = json_array_size(results);
        if (count == 0)
            return arc_error_set(err, ARC_ELIMIT,
                                 "the SARIF log exceeds GitHub's limit even without results");
        cut_list(results, count - (count + 3) / 4);
        json_int_t rules = 0;
        arc_json_each (result, results) {
            json_int_t named = arc_json_number_of(result, "ruleIndex") + 1;
            rules = ARC_MAX(named, rules);
        }
        cut_list(json_object_get(driver, "rules"), (size_t)rules);
    }
}

/* Right after the upload, the id may not be known everywhere. */
static int wait_until_processed(const struct arc_scan_publish *options, const char *id,
                                struct arc_transport *transport, bool *complete,
                                struct arc_error *err)
{
    ARC_AUTO_FREE char *encoded = arc_url_encode(id);
    int64_t wait = WAIT_FIRST;

    ARC_TRY_ALLOC(encoded, err);

    for (int i = 0; i < LOOKS; i++) {
        ARC_AUTO(arc_reply) struct arc_reply reply = {0};
        int rc = arc_transport_send(transport, ARC_GET("see whether the findings were processed"),
                                    &reply, err, "/repos/%s/code-scanning/sarifs/%s",
                                    options->repository, encoded);
        ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
        const char *status = rc ? "" : arc_json_text_of(reply.body, "processing_status");
        const json_t *first = json_array_get(json_object_get(reply.body, "errors"), 0);
        if (strcmp(status, "failed") == 0)
            return arc_error_set(
                err, ARC_EFAILED, "code scanning did not accept the findings: %.1000s",
                json_is_string(first) ? json_string_value(first) : "it gave no reason");
        *complete = strcmp(status, "complete") == 0;
        if (*complete || transport->describes)
            return ARC_OK;
        transport->clock->wait(transport->clock->context, wait);
        wait = wait * 2 > WAIT_MOST ? WAIT_MOST : wait * 2;
    }

    return ARC_OK;
}

/* GitHub docs, "Upload an analysis as SARIF data". */
int scan_upload(const struct arc_scan_publish *options, json_t *sarif, size_t upload_max,
                struct arc_transport *transport, json_t **out, struct arc_error *err)
{
    ARC_AUTO_FREE char *log = NULL;
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    bool complete = false;

    ARC_TRY(pack_within(sarif, upload_max, &log, err));
    ARC_AUTO_JSON json_t *body =
        json_pack("{s:s, s:s, s:s, s:s}", "commit_sha", options->commit, "ref", options->ref,
                  "sarif", log, "tool_name", "arc-ci scan");
    /* An analysis of the same commit and category replaces the previous one. */
    struct arc_request request = ARC_POST(body, "upload the findings to code scanning");
    request.repeatable = true;
    ARC_TRY(arc_transport_send(transport, request, &reply, err, "/repos/%s/code-scanning/sarifs",
                               options->repository));

    json_t *id = json_object_get(reply.body, "id"), *url = json_object_get(reply.body, "url");
    if (json_is_string(id))
        ARC_TRY(wait_until_processed(options, json_string_value(id), transport, &complete, err));
    *out = json_pack("{s:s, s:I}", "status", complete ? "complete" : "pending", "results",
                     (json_int_t)json_array_size(results_of(sarif)));
    if (json_is_string(id))
        arc_json_put(out, "id", json_incref(id));
    if (json_is_string(url))
        arc_json_put(out, "url", json_incref(url));

    return arc_error_unless(*out, err);
}

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
