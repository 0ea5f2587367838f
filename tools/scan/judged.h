/* A scan under way, from reports to verdict; what the renderers are given. Internal to the scan
 * stage. */
#pragma once

#include "base/warn.h"
#include "scan/findings.h"

/* What the scanner said about itself (`trivy version --format json`). */
struct scan_scanner {
    char *version;      /* "0.58.0", owned; NULL when unknown */
    char *database;     /* when its database was made, RFC 3339, owned; NULL when unknown */
    int64_t updated_at; /* the same in seconds since 1970; 0 when unknown */
};

/* Why a part was not looked at; `scan.accept` names them. */
#define SCAN_GAP_OS          "os-not-scanned"
#define SCAN_GAP_PACKAGES    "os-without-packages"
#define SCAN_GAP_END_OF_LIFE "end-of-life"
#define SCAN_GAP_WARNING     "scanner-warning"
#define SCAN_GAP_PLATFORM    "other-platform"
#define SCAN_GAP_INLINE      "inline-ignore"

struct scan_judged {
    const struct arc_scan_options *options;
    int64_t now;
    struct findings findings; /* those that count: filtered, joined, sorted */
    size_t counts[ARC_SEVERITIES];
    size_t total;
    size_t fixable;    /* findings with a fixed version */
    size_t unfixed;    /* left out for want of a fix */
    size_t ignored;    /* left out by an entry that ignores them, or a path that is skipped */
    size_t suppressed; /* left out by the scanner, for VEX documents or policies */
    size_t other;      /* of severities that do not count */
    bool baseline;     /* `fresh` is known */
    size_t fresh;      /* findings that the baseline has not */
    struct scan_scanner scanner;
    enum arc_verdict verdict;
    enum arc_severity worst;
    enum arc_gate gate;
    struct arc_buf reason; /* one sentence: why this verdict and gate */
    json_t *warnings;      /* array of strings */
    json_t *missed;        /* array of {reason, text}: what was not looked at */
    char **accept;         /* reasons that do not fail the gate; borrowed, may be NULL */
};

/* Adds a formatted warning. */
#define scan_warn(judged, err, ...) arc_warn(&(judged)->warnings, err, __VA_ARGS__)

/* Notes that something was not looked at, or warns of it where that is accepted. */
int scan_miss(struct scan_judged *judged, const char *gap, struct arc_error *err,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reads the scanner's information file. Any failure is an error. */
int scan_scanner_read(const char *path, struct scan_scanner *out, struct arc_error *err);
int scan_scanner_parse(const char *text, size_t len, const char *name, struct scan_scanner *out,
                       struct arc_error *err);
void scan_scanner_free(struct scan_scanner *scanner);

/* Marks what the settings and the ignore file leave out (severity 0xff) and warns of entries that
 * match nothing or have expired. ARC_EINPUT with the place for a line that is none. */
#define SCAN_LEFT_OUT 0xff
int scan_ignore_apply(struct scan_judged *judged, struct arc_error *err);

/* The renderers. SARIF 2.1.0 (OASIS standard) is within what GitHub takes (GitHub docs, "SARIF
 * support for code scanning": 25,000 results, 25,000 rules a run, 20 tags a rule): the worst
 * findings; it warns of those left out. Fingerprints are the same in every run that finds the same
 * weakness. */
#define SARIF_RESULTS_MAX 25000
int scan_sarif(struct scan_judged *judged, json_t **out, struct arc_error *err);
int scan_document(const struct scan_judged *judged, json_t **out, struct arc_error *err);
int scan_human(const struct scan_judged *judged, struct arc_buf *out, struct arc_error *err);
int scan_issues(const struct scan_judged *judged, json_t **out, struct arc_error *err);
int scan_summary(const struct scan_judged *judged, struct arc_buf *out, struct arc_error *err);

/* A row of a markdown table: severity, id, package, installed, fixed, service (if asked for),
 * platforms. */
void scan_add_row(struct arc_buf *out, const struct scan_judged *judged,
                  const struct finding *finding, bool service);

const char *scan_kind_name(unsigned kind);

/* Appends "; 3 ignored" and the like: nothing is left out without a word. */
void scan_add_left_out(struct arc_buf *out, const struct scan_judged *judged);

/* Runs the commands, reads each report into a target of its own, then asks the scanner for its
 * version and the age of its database. What goes wrong with one target is kept in that target. */
int scan_run_all(struct scan_judged *judged, const struct arc_env *env, struct arc_error *err);

/* Notes comments in a file, or in the files of a folder, by which Trivy leaves out checks
 * (--scanners misconfig). */
int scan_find_inline(struct scan_judged *judged, const char *target, struct arc_error *err);
