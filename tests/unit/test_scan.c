#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/scan.h"
#include "base/auto.h"
#include "base/text.h"
#include "report.h"
#include "scan/judged.h"
#include "scan/publish.h"
#include <cmocka.h>
#include <string.h>

/* The whole decision, every cell of it: a mutation of the comparison fails here. */
static void test_gate_on_findings(void **state)
{
    (void)state;
    for (int limit = 0; limit < ARC_SEVERITIES; limit++)
        for (int worst = 0; worst < ARC_SEVERITIES; worst++)
            for (int flags = 0; flags < 4; flags++) {
                struct arc_scan_policy policy = {.fail_on = (enum arc_severity)limit,
                                                 .block = flags & 1,
                                                 .tolerate_no_answer = flags >> 1};
                enum arc_gate expected = worst < limit ? ARC_GATE_PASS
                                         : flags & 1   ? ARC_GATE_FAIL
                                                       : ARC_GATE_REPORT_ONLY;
                assert_int_equal(
                    arc_scan_gate(&policy, ARC_VERDICT_FINDINGS, (enum arc_severity)worst),
                    expected);
                assert_int_equal(
                    arc_scan_gate(&policy, ARC_VERDICT_CLEAN, (enum arc_severity)worst),
                    ARC_GATE_PASS);
            }
}

static void test_gate_without_an_answer(void **state)
{
    (void)state;
    static const enum arc_verdict none[] = {ARC_VERDICT_STALE_DATABASE, ARC_VERDICT_SCANNER_ERROR};
    for (size_t i = 0; i < 2; i++)
        for (int flags = 0; flags < 4; flags++) {
            struct arc_scan_policy policy = {.fail_on = ARC_SEVERITY_CRITICAL,
                                             .block = flags & 1,
                                             .tolerate_no_answer = flags >> 1};
            assert_int_equal(arc_scan_gate(&policy, none[i], ARC_SEVERITY_UNKNOWN),
                             flags == 2 ? ARC_GATE_REPORT_ONLY : ARC_GATE_FAIL);
        }
}

static void test_severities(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        unsigned set;
    } table[] = {{"CRITICAL", 16},  {"critical, High", 24},
                 {"LOW MEDIUM", 6}, {"UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL", 31},
                 {"", 0},           {",", 0},
                 {"HIGH,", 0},      {"HIG", 0},
                 {"HIGHER", 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        unsigned set = 0;
        int rc = arc_severity_set(table[i].list, &set, NULL);
        assert_int_equal(rc, table[i].set ? 0 : ARC_EINPUT);
        if (!rc)
            assert_int_equal(set, table[i].set);
    }

    assert_string_equal(arc_scanner_name(ARC_SCANNER_LICENSE), "license");
    assert_string_equal(arc_scanner_name((enum arc_scanner)0), "unknown");
    assert_string_equal(arc_scanner_name((enum arc_scanner)(ARC_SCANNER_VULN | ARC_SCANNER_SECRET)),
                        "unknown");
}

static void test_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* -1: no time */
    } table[] = {{"1970-01-01T00:00:10Z", 10},
                 {"2026-02-23T10:00:00.123456789Z", 1771840800},
                 {"2026-02-23T12:00:00+02:00", 1771840800},
                 {"2026-02-23T05:30:00.5-04:30", 1771840800},
                 {"2026-02-23", -1},
                 {"2026-02-23T10:00:00", -1},
                 {"2026-13-23T10:00:00Z", -1},
                 {"2024-02-29t00:00:00z", 1709164800},
                 {"2026-02-29T00:00:00Z", -1},
                 {"2016-12-31T23:59:60Z", 1483228800},
                 {"2026-02-23T24:00:00Z", -1},
                 {"2026-02-23T10:60:00Z", -1},
                 {"2026-02-23T10:00:61Z", -1},
                 {"2026-02-23T10:00:00.Z", -1},
                 {"2026-02-23T10:00:00+24:00", -1},
                 {"2026-02-23T10:00:00+02:60", -1},
                 {"2026-02-23T10:00:00*02:00", -1},
                 {"2026-02-23T10:00:00+2:00", -1},
                 {"2026-02-23T10:00:00+02:00x", -1},
                 {"2026-02-23T10:00:00Z ", -1},
                 {"2026-2-23T10:00:00Z", -1},
                 {" 026-02-23T10:00:00Z", -1},
                 {"2026-02-23T+1:00:00Z", -1},
                 {"2026-02-23 10:00:00Z", -1},
                 {"", -1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int64_t seconds = -1;
        bool good = arc_time_parse(table[i].text, &seconds);
        assert_int_equal(good, table[i].seconds != -1);
        if (good)
            assert_int_equal(seconds, table[i].seconds);
    }
}

static int read_text(struct findings *findings, const char *text, struct arc_error *err)
{
    assert_int_equal(findings_add_target(findings, "flash", "linux/amd64", "r.json", err), 0);
    int rc = scan_report_text(findings, 0, text, strlen(text), err);
    if (!rc)
        rc = findings_join(findings, err);
    return rc;
}

/* A prefix of a report is never a report: cut anywhere, it is an error. */
static void test_truncated(void **state)
{
    (void)state;
    static const char text[] =
        "{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Metadata\": {\"Size\": 12, \"OS\": "
        "{\"Family\": \"alpine\"}, \"X\": [[1, 2.5e3], {}]}, \"Results\": [{\"Target\": \"t\", "
        "\"Packages\": [{\"Name\": \"p\"}], \"Vulnerabilities\": [{\"VulnerabilityID\": "
        "\"CVE-1\", \"PkgName\": \"p\", \"Severity\": \"HIGH\"}]}]}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        ARC_AUTO(findings) struct findings findings = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        assert_int_equal(findings_add_target(&findings, NULL, NULL, "r", &err), 0);
        assert_int_equal(scan_report_text(&findings, 0, text, len, &err), ARC_EINPUT);
    }
    ARC_AUTO(findings) struct findings findings = {0};
    assert_int_equal(read_text(&findings, text, NULL), 0);
    assert_int_equal(findings.count, 1);
}

/* Members in another order than Trivy's own say the same. */
static void test_order_of_members(void **state)
{
    (void)state;
    ARC_AUTO(findings) struct findings findings = {0};
    assert_int_equal(read_text(&findings,
                               "{\"Results\": [{\"Vulnerabilities\": [{\"Severity\": \"LOW\", "
                               "\"VulnerabilityID\": \"CVE-1\"}], \"Type\": \"npm\", \"Target\": "
                               "\"package-lock.json\", \"Class\": \"lang-pkgs\"}], "
                               "\"SchemaVersion\": 2, \"ArtifactName\": \"a\"}",
                               NULL),
                     0);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].place, "package-lock.json");
    assert_int_equal(findings.list[0].severity, ARC_SEVERITY_LOW);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"{\"SchemaVersion\": \"2\"}", "SchemaVersion is not 2"},
        {"{\"SchemaVersion\": 2, \"Results\": {}}", "Results is an object, not a list"},
        {"{\"SchemaVersion\": 2, \"Results\": \"\"}", "Results is not a list or object"},
        {"{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Results\": [null]}",
         "an element is not a list or object"},
        {"{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Results\": [[]]}",
         "an element is a list, not an object"},
        {"{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Results\": [{\"Secrets\": [1]}]}",
         "an element is not a list or object"},
        {"{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Results\": [{\"Secrets\": [{}]}]}",
         "it has no id"},
        {"{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Results\": [{\"Secrets\": [{\"RuleID\": \"x\", \"Severity\": "
         "1}]}]}",
         "a text is not a string"},
        {"{\"SchemaVersion\": 2} {}", "r.json:1:23: parse error: trailing garbage"},
        {"{\"SchemaVersion\": 2,}", "r.json:1:22: parse error: invalid object key"},
        {"{\"SchemaVersion\": [2]}", "SchemaVersion is not a single value"},
        {"{\"SchemaVersion\": 2, \"Metadata\": {\"OS\": [\"a\"]}}", "OS is a list"},
        {"\"report\"", "not a report of Trivy"},
        {"{\"SchemaVersion\": 2, \"ArtifactName\": \"\xc0\xb8\"}", "is not valid UTF-8"},
        {"{\"SchemaVersion\": 2, \"a\": \"\xff\"}", "invalid bytes in UTF8 string"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO(findings) struct findings findings = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        assert_int_equal(read_text(&findings, table[i][0], &err), ARC_EINPUT);
        assert_non_null(strstr(arc_error_text(&err), table[i][1]));
    }
}

/* The argv is a pure function of what is asked for. */
static void test_commands(void **state)
{
    (void)state;
    struct arc_scan_run run = {.type = "image",
                               .target = "img:1",
                               .scanners = ARC_SCANNER_VULN,
                               .report_dir = "out",
                               .timeout = 90};
    ARC_AUTO_JSON json_t *commands = NULL;
    ARC_AUTO_JSON json_t *platforms = json_pack("[s]", "linux/arm64");
    ARC_AUTO_JSON json_t *expected = json_pack(
        "[{s:s, s:s, s:s, s:s, s:[s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s,s]}]", "service",
        "flash", "platform", "linux/arm64", "target", "img:1", "report",
        "out/flash-linux-arm64.json", "argv", "trivy", "image", "--format", "json", "--output",
        "out/flash-linux-arm64.json", "--scanners", "vuln", "--severity",
        "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL", "--ignore-unfixed=false", "--list-all-pkgs",
        "--show-suppressed", "--quiet=false", "--ignorefile", "/dev/null", "--exit-code", "0",
        "--no-progress", "--timeout", "90s", "--platform", "linux/arm64", "--", "img:1");
    run.platforms = platforms;
    assert_int_equal(arc_scan_commands(&run, "flash", &commands, NULL), 0);
    assert_true(json_equal(commands, expected));
}

/* Rules are most of a log of many weaknesses: those that no result names any more go, too. */
static void test_upload_limit_of_rules(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    struct arc_transport *transport = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *results = json_array(), *rules = json_array(), *upload = NULL;
    for (int i = 0; i < COUNT; i++) {
        json_array_append_new(rules,
                              json_pack("{s:f, s:f}", "x", 1.0 / (i + 3), "y", 1.0 / (i + 500)));
        json_array_append_new(results, json_pack("{s:i}", "ruleIndex", i));
    }
    ARC_AUTO_JSON json_t *sarif = json_pack("{s:[{s:O, s:{s:{s:O}}}]}", "runs", "results", results,
                                            "tool", "driver", "rules", rules);
    struct arc_scan_publish options = {.repository = "o/r", .ref = "refs/heads/x", .commit = "c"};
    assert_int_equal(arc_transport_describe(&transport, NULL), 0);
    assert_int_equal(scan_upload(&options, sarif, 2000, transport, &upload, &err), 0);
    assert_true(json_array_size(results) > 0 && json_array_size(results) < COUNT);
    assert_int_equal(json_array_size(rules), json_array_size(results));
    arc_transport_free(transport);
}

/* Over the limit, results go from the end until the rest fits; the head stays. */
static void test_upload_limit(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    struct arc_transport *transport = NULL;
    json_t *none = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *results = json_array();
    ARC_AUTO_JSON json_t *upload = NULL;
    for (int i = 0; i < COUNT; i++)
        json_array_append_new(results, json_pack("{s:f}", "x", 1.0 / (i + 3)));
    ARC_AUTO_JSON json_t *sarif = json_pack("{s:[{s:O}]}", "runs", "results", results);
    struct arc_scan_publish options = {.repository = "o/r", .ref = "refs/heads/x", .commit = "c"};
    assert_int_equal(arc_transport_describe(&transport, NULL), 0);
    assert_int_equal(scan_upload(&options, sarif, 1200, transport, &upload, &err), 0);
    size_t left = json_array_size(results);
    assert_true(left > 0 && left < COUNT);
    assert_int_equal(json_integer_value(json_object_get(upload, "results")), left);
    const json_t *sent = json_array_get(arc_transport_described(transport), 0);
    const json_t *body = json_object_get(sent, "body");
    assert_true(json_string_length(json_object_get(body, "sarif")) <= 1200);
    assert_int_equal(scan_upload(&options, sarif, 10, transport, &none, &err), ARC_ELIMIT);
    arc_transport_free(transport);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_on_findings), cmocka_unit_test(test_gate_without_an_answer),
        cmocka_unit_test(test_severities),       cmocka_unit_test(test_time),
        cmocka_unit_test(test_truncated),        cmocka_unit_test(test_order_of_members),
        cmocka_unit_test(test_refused),          cmocka_unit_test(test_commands),
        cmocka_unit_test(test_upload_limit),     cmocka_unit_test(test_upload_limit_of_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
