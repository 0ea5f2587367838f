/* Trivy's report from anywhere: the first byte chooses the policy. Whatever it holds, a report that
 * is not whole is not a pass, and what comes out can be printed. */
#define _GNU_SOURCE /* memfd_create */
#include "../unit/report.h"
#include "base/auto.h"
#include "scan/judged.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void render(struct scan_judged *judged)
{
    ARC_AUTO_JSON json_t *sarif = NULL;
    ARC_AUTO_JSON json_t *issues = NULL;
    ARC_AUTO_JSON json_t *document = NULL;
    ARC_AUTO(arc_buf) struct arc_buf human = {0};
    ARC_AUTO(arc_buf) struct arc_buf summary = {0};
    require(scan_sarif(judged, &sarif, NULL) == 0);
    require(scan_issues(judged, &issues, NULL) == 0);
    require(scan_document(judged, &document, NULL) == 0);
    require(scan_human(judged, &human, NULL) == 0);
    require(scan_summary(judged, &summary, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arc_scan_options options = {.policy = {.severities = 31, .block = true},
                                       .ignore_name = "ignore",
                                       .ignore_text = "DS002\nCVE-2019-1 exp:2030-01-01\n"};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    if (size == 0)
        return 0;
    struct scan_judged judged = {
        .options = &options, .now = 1800000000, .warnings = json_array(), .missed = json_array()};
    options.policy.fail_on = (enum arc_severity)(data[0] % ARC_SEVERITIES);
    require(findings_add_target(&judged.findings, "flash", "linux/amd64", "r.json", NULL) == 0);
    if (scan_report_text(&judged.findings, 0, (const char *)data + 1, size - 1, &err) == 0) {
        require(findings_join(&judged.findings, NULL) == 0);
        findings_sort(&judged.findings);
        judged.total = judged.findings.count;
        judged.verdict = judged.total ? ARC_VERDICT_FINDINGS : ARC_VERDICT_CLEAN;
        render(&judged);
        require(scan_ignore_apply(&judged, NULL) == 0);
    } else {
        require(err.code != 0 && *arc_error_text(&err));
    }
    findings_free(&judged.findings);
    arc_buf_free(&judged.reason);
    json_decref(judged.warnings);
    json_decref(judged.missed);
    return 0;
}
