#include "arcci/documents.h"
#include "base/json.h"
#include "base/text.h"

static const char *const verdicts[] = {"clean",          "findings",      "incomplete",
                                       "stale-database", "scanner-error", NULL};
static const char *const gates[] = {"pass", "report-only", "fail", NULL};

const char *arc_verdict_name(enum arc_verdict verdict)
{
    return verdicts[verdict];
}

const char *arc_gate_name(enum arc_gate gate)
{
    return gates[gate];
}

static int refuse_member(const json_t *value, const char *name, const char *expected,
                         struct arc_error *err)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "not a text";
    return arc_error_set(err, ARC_EINPUT, "scan.json: %s is '%.60s'; expected %s", name, text,
                         expected);
}

/* Reads a member's word as its index in `words`; a missing member leaves *out unchanged. */
static int read_word(const json_t *scan, const char *name, const char *const *words,
                     const char *expected, int *out, struct arc_error *err)
{
    const json_t *value = json_object_get(scan, name);

    if (!value)
        return ARC_OK;

    for (int i = 0; json_is_string(value) && words[i]; i++)
        if (strcmp(json_string_value(value), words[i]) == 0) {
            *out = i;
            return ARC_OK;
        }

    return refuse_member(value, name, expected, err);
}

int arc_scan_read(const json_t *scan, struct arc_scan_info *out, struct arc_error *err)
{
    const json_t *scanned = json_object_get(scan, "scanned");
    int verdict = ARC_VERDICT_SCANNER_ERROR, gate = ARC_GATE_FAIL;

    *out = (struct arc_scan_info){ARC_VERDICT_SCANNER_ERROR, ARC_GATE_FAIL, "", 0, NULL};
    ARC_TRY(arc_document_check(scan, "scan", err));
    ARC_TRY(read_word(scan, "verdict", verdicts,
                      "clean, findings, incomplete, stale-database or scanner-error", &verdict,
                      err));
    ARC_TRY(read_word(scan, "gate", gates, "pass, report-only or fail", &gate, err));
    if (scanned && !arc_time_parse(arc_json_text_of(scan, "scanned"), &out->time))
        return refuse_member(scanned, "scanned", "a time such as 2026-02-23T10:00:00Z", err);

    out->verdict = (enum arc_verdict)verdict;
    out->gate = (enum arc_gate)gate;
    out->reason = arc_json_text_of(scan, "reason");
    out->counts = json_object_get(scan, "counts");

    return ARC_OK;
}
