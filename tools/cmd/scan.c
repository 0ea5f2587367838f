#include "scan/scan.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"

static int read_policy(const struct invocation *inv, struct arc_scan_policy *policy,
                       struct arc_error *err)
{
    const char *fail_on = option_value(inv, "fail-on-severity");
    if (!arc_severity_parse(fail_on, strlen(fail_on), &policy->fail_on))
        return arc_error_set(err, ARC_EINPUT,
                             "--fail-on-severity: '%s' is not a severity: UNKNOWN, LOW, MEDIUM, "
                             "HIGH or CRITICAL",
                             fail_on);
    policy->ignore_unfixed = option_flag(inv, "ignore-unfixed");
    policy->block = option_flag(inv, "block-on-failure");
    policy->end_of_life_fails = option_flag(inv, "exit-on-eol");
    policy->tolerate_no_answer = strcmp(option_value(inv, "on-scanner-error"), "report") == 0;
    policy->database_age_required = option_given(inv, "max-database-age");

    const char *text = option_value(inv, "max-database-age");
    if (strcmp(text, "0") != 0 && !option_time(text, "hd", &policy->database_age_max))
        return arc_error_set(err, ARC_EINPUT,
                             "--max-database-age: '%s' is not an age: 72h, 7d, or 0 for no limit",
                             text);

    return arc_severity_set(option_value(inv, "severity"), &policy->severities, err);
}

/* An unknown number is never shown as 0. */
static void fill_outputs(struct report *report)
{
    const json_t *document = report->document, *counts = json_object_get(document, "counts");

    report_value(report, "cve-count", json_object_get(document, "total"), "unknown");
    report_value(report, "critical-count", json_object_get(counts, "CRITICAL"), "unknown");
    report_value(report, "high-count", json_object_get(counts, "HIGH"), "unknown");
    report_value(report, "medium-count", json_object_get(counts, "MEDIUM"), "unknown");
    report_value(report, "low-count", json_object_get(counts, "LOW"), "unknown");
    report_value(report, "new-count", json_object_get(document, "new"), "unknown");
    report_value(report, "scan-status", json_object_get(document, "verdict"), "unknown");
    report_value(report, "gate", json_object_get(document, "gate"), "unknown");
    report_value(report, "scan", document, "");
}

static bool wants(const struct invocation *inv, const char *name)
{
    return option_flag(inv, name) || option_is_auto(inv, name);
}

static int read_files(const struct invocation *inv, struct arc_scan_files *out,
                      struct arc_error *err)
{
    const struct arc_needs_files documents = project_documents(inv);
    bool images = documents.build || documents.plan || documents.needs || option_given(inv, "tag");
    const char *type = option_value(inv, "scan-type");

    if (!type)
        type = images ? "image" : "fs";
    *out = (struct arc_scan_files){
        .options = {.service = option_value(inv, "service-name"),
                    .reports = option_list(inv, "report"),
                    .baselines = option_list(inv, "baseline"),
                    .scanner_info = option_value(inv, "scanner-info"),
                    .sarif_file = option_value(inv, "sarif")},
        .run = {.type = type,
                .target = option_value(inv, "scan-target"),
                .platforms = option_list(inv, "platform"),
                .docker_image = option_value(inv, "scanner-image"),
                .report_dir = option_value(inv, "report-dir"),
                .services = option_list(inv, "service")},
        .documents = documents,
        .ignore_file = option_value(inv, "ignore-file"),
        .severity_given = option_given(inv, "severity"),
        .scanners_given = option_given(inv, "scanners"),
        .publish = {.sarif = wants(inv, "upload-sarif"),
                    .sarif_optional = option_is_auto(inv, "upload-sarif"),
                    .issues = wants(inv, "create-issues"),
                    .issues_optional = option_is_auto(inv, "create-issues")},
    };
    ARC_TRY(github_settings(inv, "request-timeout", &out->github, err));
    ARC_TRY(read_policy(inv, &out->options.policy, err));
    ARC_TRY(arc_scanner_set(option_value(inv, "scanners"), &out->run.scanners, err));

    const char *timeout = option_value(inv, "timeout");
    int64_t seconds = 0;
    bool right = option_time(timeout, "smh", &seconds) && seconds > 0 && seconds < 1000000;
    out->run.timeout = (unsigned)seconds;
    if (!right)
        return arc_error_set(err, ARC_EINPUT, "--timeout: '%s' is not a time: 90s, 15m or 1h",
                             timeout);

    const char *text = option_value(inv, "jobs");
    int64_t jobs = 0;
    if (!arc_text_number(text, 3, &jobs) || jobs < 1 || jobs > 32)
        return arc_error_set(err, ARC_EINPUT, "--jobs: '%s' is not a number from 1 to 32", text);
    out->run.jobs = (unsigned)jobs;

    return ARC_OK;
}

static int run_scan(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_scan) struct arc_scan scan = {.document = NULL};
    ARC_AUTO(arc_error) struct arc_error unpublished = {0};
    struct arc_scan_files files;

    inv->project->wanted.tag = option_value(inv, "tag");
    ARC_TRY(read_files(inv, &files, err));
    ARC_TRY(arc_scan_files(inv->project, &files, &scan, &unpublished, err));

    report->document = arc_steal(&scan.document);
    report->human = arc_steal(&scan.human);
    report->summary = arc_steal(&scan.summary);
    bool failed = scan.gate == ARC_GATE_FAIL;
    report->failed = failed ? ARC_EFAILED : ARC_OK;
    fill_outputs(report);
    arc_json_each (warning, json_object_get(report->document, "warnings"))
        report_warn(report, "%s", json_string_value(warning));

    if (scan.gate != ARC_GATE_PASS) {
        const char *what = failed ? "failed" : "would have failed";
        report_note(report, failed ? 'e' : 'w', NULL, "the gate %s: %s", what,
                    arc_json_text_of(report->document, "reason"));
    }

    /* A failure to publish fails the run, but does not change the scan's result. */
    if (!unpublished.code)
        return ARC_OK;
    report->failed = arc_or(report->failed, unpublished.code);
    report_note(report, 'e', NULL, "%s", arc_error_text(&unpublished));

    return ARC_OK;
}

/* The options that name what Trivy scans. */
#define NAMED   "build|plan|needs|tag"
#define SCANNED "scan-target|" NAMED

const struct command cmd_scan = {
    .name = "scan",
    .summary = "scan the images for vulnerabilities: the security gate",
    .description =
        "Runs Trivy once on each target (--scan-target, --build), or reads its reports "
        "(--report), and derives the rest: counts, verdict, gate, table, SARIF. The gate fails if "
        "the scan failed or its database is stale: no answer is not a pass.\n\n"
        "Verdicts: clean; findings; incomplete; stale-database; scanner-error. With "
        "--block-on-failure=false the run succeeds in spite of findings, but still fails on a "
        "scanner error. The same finding on several platforms of a service counts once.",
    .options = OPTIONS(
        CHOICE("scan-type", "TYPE", "fs|image", NULL,
               "What is scanned: a folder of the file system, or images. Default: image with "
               "--build, --plan, --needs and --tag, else fs.",
               .with = SCANNED),
        VALUE("scan-target", "TARGET", "The folder or image to run Trivy on.", .without = NAMED),
        VALUES("platform", "OS/ARCH",
               "A platform of the image to scan; by default all its platforms.",
               .with = "scan-target"),
        VALUE("build", "FILE",
              "build.json: scan every service on every platform, by the built digests."),
        VALUE("plan", "FILE", "plan.json: the same before build.json exists, by staging tags."),
        VALUE("needs", "JSON",
              "toJSON(needs), or a file with it: build.json is taken from the outputs of the "
              "jobs."),
        VALUE("tag", "TAG", "A release tag: scan the images of its plan, by staging tags."),
        VALUE("config", "FILE", "The release groups, for --tag. Default: .github/arc-ci.yaml."),
        VALUES("service", "CODENAME", "Scan only this service of the plan or build.",
               .with = NAMED),
        VALUE_OR("jobs", "NUMBER", "4",
                 "How many targets to scan in parallel; the first is scanned alone.",
                 .with = SCANNED),
        VALUE_OR("scanners", "LIST", "vuln,secret",
                 "What Trivy looks for: vuln, secret, misconfig, license."),
        VALUE("scanner-image", "NAME@sha256:DIGEST",
              "Run Trivy from this image with docker, not from PATH.", .with = SCANNED),
        VALUE("report-dir", "DIR", "Write Trivy's reports to DIR: the next release's --baseline.",
              .with = SCANNED),
        VALUE_OR("timeout", "TIME", "15m", "The time limit for one target: 90s, 15m, 1h.",
                 .with = SCANNED),
        VALUES("report", "[SERVICE[@PLATFORM]=]FILE",
               "A JSON report of Trivy; one for each platform of an image."),
        VALUES("baseline", "[SERVICE[@PLATFORM]=]FILE",
               "A report of the previous release, to count what is new."),
        VALUE_OR("severity", "LIST", "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL",
                 "The severities to count and show, separated by commas."),
        VALUE_OR("fail-on-severity", "SEVERITY", "HIGH",
                 "Findings of this severity and above fail the gate: UNKNOWN, LOW, MEDIUM, HIGH or "
                 "CRITICAL."),
        FLAG("ignore-unfixed", "Ignore vulnerabilities that have no fixed version yet."),
        VALUE("ignore-file", "FILE",
              "Ids to ignore, one per line, optionally with the day from which they count again, "
              "exp:YYYY-MM-DD. Warns of entries that match nothing or have expired. For a pull "
              "request, the base commit's file is used."),
        FLAG("exit-on-eol",
             "Fail for an operating system that no longer gets security advisories."),
        FLAG_ON("block-on-failure",
                "Whether findings fail the run; with =false they are only reported."),
        CHOICE("on-scanner-error", "WHAT", "fail|report", "fail",
               "Whether a scanner error, an incomplete scan or a stale database still fails the "
               "run.",
               .with = "block-on-failure"),
        VALUE_OR("max-database-age", "AGE", "7d",
                 "The maximum age of the vulnerability database (72h, 7d; 0: any). If given, or if "
                 "arc-ci runs Trivy, a database of unknown age is stale."),
        VALUE("scanner-info", "FILE",
              "The output of 'trivy version --format json', for the scanner's version and its "
              "database's age."),
        VALUE("service-name", "NAME", "The service of reports without one."),
        VALUE("sarif", "FILE", "Write the findings as SARIF 2.1.0."),
        FLAG_AUTO(
            "upload-sarif",
            "Upload the findings to code scanning, for the scanned commit and its tag, branch or "
            "pull request. auto: only warn if the repository does not have it."),
        FLAG_AUTO("create-issues",
                  "Keep one issue per service with the findings that fail the gate: open, update, "
                  "close and reopen it. auto: only warn if issues are turned off."),
        GITHUB_OPTIONS("The repository for both; GITHUB_REPOSITORY by default.", "request-timeout",
                       "The longest wait for an answer of GitHub; 60 by default.",
                       "upload-sarif|create-issues")),
    .outputs = OUTPUTS(
        {"cve-count", "Findings of the chosen severities; `unknown` if the scan failed."},
        {"critical-count", "Findings of severity CRITICAL."},
        {"high-count", "Findings of severity HIGH."},
        {"medium-count", "Findings of severity MEDIUM."},
        {"low-count", "Findings of severity LOW."},
        {"new-count", "Findings that are not in the baseline; `unknown` without a baseline."},
        {"scan-status", "clean, findings, incomplete, stale-database or scanner-error."},
        {"gate", "pass, fail or report-only."},
        {"scan",
         "scan.json on one line, for later jobs; compressed (gzip, base64) if it is long."}),
    .token = true,
    .run = run_scan,
};
