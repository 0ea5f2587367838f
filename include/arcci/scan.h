/* Stage `scan`: the security gate. It never passes because a scan failed or was incomplete.
 *
 * The scanner's JSON report is read once; counts, verdict, gate, table, summary and SARIF are
 * derived from it. It reads Trivy's reports, schema versions 1 and 2 (trivy.dev, "Reporting").
 */
#ifndef ARCCI_SCAN_H
#define ARCCI_SCAN_H

#include "arcci/api.h"
#include "arcci/buf.h"
#include "arcci/documents.h"
#include "arcci/env.h"
#include "arcci/error.h"
#include "arcci/scan_settings.h"
#include "arcci/transport.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ARC_API_BEGIN

/* How the gate decides. */
struct arc_scan_policy {
    enum arc_severity fail_on; /* findings of this severity and above fail the gate */
    unsigned severities;       /* bits: the severities that are counted and shown */
    bool ignore_unfixed;       /* leave out findings without a fixed version */
    bool block;                /* false: findings are reported, and the gate does not fail */
    bool tolerate_no_answer;   /* with block false: a scanner error, an incomplete scan or a stale
                                   database does not fail the gate either */
    bool end_of_life_fails;   /* an operating system past its end of life makes a scan incomplete */
    bool packages;            /* vulnerabilities were looked for */
    int64_t database_age_max; /* seconds; 0: no limit */
    bool database_age_required; /* a database of unknown age counts as stale */
};

/* Returns the gate for a verdict; `worst`, the highest severity found, only matters for
 * ARC_VERDICT_FINDINGS. No other code decides. */
enum arc_gate arc_scan_gate(const struct arc_scan_policy *policy, enum arc_verdict verdict,
                            enum arc_severity worst);

/* What to run the scanner on. Borrowed. */
struct arc_scan_run {
    const char *type;        /* "fs" or "image" */
    const char *target;      /* a folder, or an image's name; NULL: the documents' images */
    const json_t *platforms; /* array of "linux/amd64", …: one scan each, of the target or of
                                           what follows an '@'; NULL: arc_scan() asks the registry
                                           for all that the image has */
    const struct arc_ledger *build; /* scan every cell by its digest; or NULL */
    const struct arc_plan *plan;    /* scan every cell by its service's staging tag; or NULL */
    unsigned scanners;              /* what to look for: bits of enum arc_scanner */
    const char *docker_image;  /* run this image of the scanner, pinned by digest; NULL: `trivy` */
    const char *docker_config; /* with docker_image: docker's config.json with the registries'
                                  credentials, absolute; NULL for none (arc_scan() finds it) */
    const struct arc_env *env; /* with docker_image: whose TRIVY_ variables it gets; or NULL */
    const char *report_dir;    /* where the reports go, absolute */
    const char *work_dir;      /* the folder to run in, absolute. Holds only copies of the settings'
                                  files: policy.rego, vex-0, vex-1, … */
    const json_t *services;    /* array of names: only these services of the documents; NULL: all */
    size_t vex_count;
    bool policy;
    unsigned timeout; /* seconds for one target */
    unsigned jobs;    /* most targets to scan at once; 0: one */
};

/* Lists the commands to run, one per target and platform: *out is [{service, platform, target,
 * report, argv}], a new reference; `service` and `platform` may be null. Runs nothing. `service`
 * (may be NULL) names targets that no document names. The argv sets every option that the scanner's
 * own configuration file or environment could use to hide findings. ARC_EINPUT for a docker_image
 * without a digest, or nothing to scan. */
int arc_scan_commands(const struct arc_scan_run *run, const char *service, json_t **out,
                      struct arc_error *err);

/* What to scan, and how to judge it. Borrowed. */
struct arc_scan_options {
    struct arc_scan_policy policy;
    const char *service;   /* name for findings of reports that name none; may be NULL */
    const json_t *reports; /* array of strings: "[SERVICE[@PLATFORM]=]FILE"; NULL for none */
    const struct arc_scan_run *run; /* what to run the scanner on; NULL: only read the reports */
    const json_t *baselines;        /* reports of the previous release; NULL for none */
    const char *scanner_info; /* file with the output of `trivy version --format json`, or NULL */
    const char *ignore_name;  /* the ignore file's name, for messages; or NULL */
    const char *ignore_text;  /* its content: ids to leave out, one per line; or NULL */
    const struct arc_scan_settings *settings; /* the project's settings; or NULL */
    const char *settings_from;                /* where the settings come from, for messages */
    const char *settings_problem;             /* why the settings are not known; or NULL */
    const struct arc_buf *policy_file;        /* content of the file settings->policy; or NULL */
    const struct arc_buf *vex;                /* contents of the files settings->vex */
    size_t vex_count;
    const char *root;       /* of the repository, for file paths; NULL: the current directory */
    const char *name;       /* subject of the scan for code scanning, such as a group; or NULL */
    bool sarif;             /* make the SARIF log even without sarif_file */
    bool issues;            /* make the issues' texts */
    const char *sarif_file; /* file to write the SARIF 2.1.0 log to, or NULL; not written after a
                               scanner error */
};

/* The result of a scan. arc_scan_free() frees it. */
struct arc_scan {
    enum arc_verdict verdict;
    enum arc_gate gate;
    json_t *document; /* scan.json (docs/schema/scan.schema.json) */
    json_t *issues; /* text of each service's issue: [{service, count, marker, title, body}]; empty
                       after a scanner error, NULL unless options->issues */
    json_t *sarif;  /* the SARIF 2.1.0 log, if options asked for one; NULL after a scanner error */
    struct arc_buf human;   /* table for a person */
    struct arc_buf summary; /* markdown, within GitHub's 1 MiB */
};

/* Runs the scanner, reads the reports, decides and renders. A report that cannot be read is not an
 * error here: the verdict is ARC_VERDICT_SCANNER_ERROR. ARC_EINPUT for contradictory options or a
 * wrong ignore file. */
int arc_scan(const struct arc_scan_options *options, const struct arc_env *env,
             struct arc_scan *out, struct arc_error *err);
void arc_scan_free(struct arc_scan *scan);

/* Where to publish the findings. Borrowed. */
struct arc_scan_publish {
    const char *repository; /* "owner/name" */
    const char *ref;        /* "refs/heads/main"; for `sarif` */
    const char *commit;     /* 40 hexadecimal digits; for `sarif` */
    bool sarif;             /* upload the log to code scanning, wait until it is processed */
    bool sarif_optional, issues_optional; /* a refusal by GitHub is only a warning in the
                                             document */
    bool issues; /* keep one issue per service with findings at or above the gate's limit: open,
                    update, close, reopen it. After a scanner error, leave it alone */
};

/* Sends the SARIF log and the issues to GitHub, as the options ask; tries both even if one fails.
 * Adds the results to scan->document: `upload` {id, status, results, url}, `issues` [{service,
 * action, number, url}]. A second run changes nothing that is already right. Fails with the
 * transport's errors, or ARC_EFAILED when code scanning rejects the log. */
int arc_scan_publish(struct arc_scan *scan, const struct arc_scan_publish *options,
                     struct arc_transport *transport, struct arc_error *err);

ARC_API_END

#endif
