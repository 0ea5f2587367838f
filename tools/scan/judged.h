/* The state of a scan, from reports to verdict, for the renderers. Internal to the scan stage. */
#pragma once

#include "base/warn.h"
#include "scan/findings.h"

/* The scanner's own information (`trivy version --format json`). */
struct scan_scanner {
    char *version;      /* "0.58.0", owned; NULL: unknown */
    char *database;     /* when its database was made, RFC 3339, owned; NULL: unknown */
    int64_t updated_at; /* the same in seconds since 1970; 0: unknown */
    int64_t java_at;    /* the same of its index of Java's archives */
};

/* Reasons why a part was not scanned, as named in `scan.accept`. */
#define SCAN_GAP_OS          "os-not-scanned"
#define SCAN_GAP_PACKAGES    "os-without-packages"
#define SCAN_GAP_END_OF_LIFE "end-of-life"
#define SCAN_GAP_WARNING     "scanner-warning"
#define SCAN_GAP_PLATFORM    "other-platform"
#define SCAN_GAP_INLINE      "inline-ignore"

struct scan_judged {
    const struct arc_scan_options *options;
    int64_t now;
    struct findings findings; /* the findings that count: filtered, joined, sorted */
    size_t counts[ARC_SEVERITIES];
    size_t total;
    size_t fixable;    /* findings with a fixed version */
    size_t unfixed;    /* dropped because they have no fix */
    size_t ignored;    /* dropped by an ignore entry or a skipped path */
    size_t suppressed; /* dropped by the scanner for VEX documents or policies */
    size_t other;      /* of severities that do not count */
    bool baseline;     /* `fresh` is known */
    size_t fresh;      /* findings that the baseline lacks */
    struct scan_scanner scanner;
    enum arc_verdict verdict;
    enum arc_severity worst;
    enum arc_gate gate;
    struct arc_buf reason; /* one sentence: why this verdict and gate */
    json_t *warnings;      /* array of strings */
    json_t *missed;        /* array of {reason, text}: what was not scanned */
    char **accept;         /* reasons that do not fail the gate; borrowed, may be NULL */
};

/* Adds a formatted warning. */
#define scan_warn(judged, err, ...) arc_warn(&(judged)->warnings, err, __VA_ARGS__)

/* Records that something was not scanned, or only warns if the reason is accepted, or NULL. */
int scan_miss(struct scan_judged *judged, const char *gap, struct arc_error *err,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reads the scanner's information file. Any failure is an error. */
int scan_scanner_read(const char *path, struct scan_scanner *out, struct arc_error *err);
int scan_scanner_parse(const char *text, size_t len, const char *name, struct scan_scanner *out,
                       struct arc_error *err);
void scan_scanner_free(struct scan_scanner *scanner);

/* Marks ignored findings (severity 0xff) and warns about entries that match nothing or have
 * expired. ARC_EINPUT with the place for an invalid line. */
#define SCAN_LEFT_OUT 0xff
int scan_ignore_apply(struct scan_judged *judged, struct arc_error *err);

/* The renderers. SARIF 2.1.0 (OASIS standard) stays within GitHub's limits (GitHub docs, "SARIF
 * support for code scanning": 25,000 results and rules per run, 20 tags per rule), keeping the
 * worst findings and warning about the rest. Fingerprints are the same in every run that finds the
 * same weakness. */
#define SARIF_RESULTS_MAX 25000
int scan_sarif(struct scan_judged *judged, json_t **out, struct arc_error *err);
int scan_document(const struct scan_judged *judged, json_t **out, struct arc_error *err);
int scan_human(const struct scan_judged *judged, struct arc_buf *out, struct arc_error *err);
int scan_issues(const struct scan_judged *judged, json_t **out, struct arc_error *err);
int scan_summary(const struct scan_judged *judged, struct arc_buf *out, struct arc_error *err);

/* Appends a row of a markdown table: severity, id, package, installed, fixed, service (optional),
 * platforms. */
void scan_add_row(struct arc_buf *out, const struct scan_judged *judged,
                  const struct finding *finding, bool service);

const char *scan_kind_name(unsigned kind);

/* The length of "HOST:5000/NAME" in "HOST:5000/NAME:TAG@DIGEST". */
size_t scan_name_length(const char *reference);

/* Appends the numbers of dropped findings: "; 3 ignored" and the like. */
void scan_add_left_out(struct arc_buf *out, const struct scan_judged *judged);

/* Runs the commands, reads each report into its target, then gets the scanner's version and the age
 * of its database. A target's failure is recorded in the target. */
int scan_run_all(struct scan_judged *judged, const struct arc_env *env, struct arc_error *err);

/* Records comments in a file, or a folder's files, that make Trivy skip checks (--scanners
 * misconfig). */
int scan_find_inline(struct scan_judged *judged, const char *target, struct arc_error *err);
