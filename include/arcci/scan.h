/* Stage `scan`: the security gate. It never passes because it could not look.
 *
 * The scanner's JSON report is read once; counts, verdict, gate, table, summary and SARIF are all
 * derived from it. Trivy's report, schema versions 1 and 2 (trivy.dev, "Reporting").
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
    enum arc_severity fail_on;  /* findings of this severity and above fail the gate */
    unsigned severities;        /* bits: the severities that are counted and shown */
    bool ignore_unfixed;        /* leave out what has no fixed version */
    bool block;                 /* false: findings are reported, and the gate does not fail */
    bool tolerate_no_answer;    /* with block false: not even a scanner error, a part that was not
                                   looked at or a stale database fails the gate */
    bool end_of_life_fails;     /* an operating system without advisories is one, too */
    bool packages;              /* vulnerabilities were looked for */
    int64_t database_age_max;   /* seconds; 0: no limit */
    bool database_age_required; /* a database of unknown age is a stale one */
};

/* The gate for a verdict: `worst` is the highest severity found (ignored unless the verdict is
 * FINDINGS). This comparison is the whole decision. */
enum arc_gate arc_scan_gate(const struct arc_scan_policy *policy, enum arc_verdict verdict,
                            enum arc_severity worst);

/* What the scanner is to be run on. Nothing is owned. */
struct arc_scan_run {
    const char *type;        /* "fs" or "image" */
    const char *target;      /* a folder, or an image's name; NULL: the documents' images */
    const json_t *platforms; /* array of "linux/amd64", …: one scan each, of the target or of
                                           what follows an '@'; NULL: arc_scan() asks the registry
                                           for all that the image has */
    const struct arc_ledger *build; /* every cell by its digest; NULL for none */
    const struct arc_plan *plan;    /* every cell by its service's staging tag; or NULL */
    unsigned scanners;              /* what to look for: bits of enum arc_scanner */
    const char *docker_image;  /* run this image of the scanner, pinned by digest; NULL: `trivy` */
    const char *docker_config; /* with docker_image: docker's config.json with the registries'
                                  credentials, absolute; NULL for none (arc_scan() finds it) */
    const char *report_dir;    /* where the reports go, absolute */
    const char *work_dir;      /* the folder to run in, which holds nothing of the tree, and in it
                                  the files that the settings name: policy.rego, vex-0, vex-1, …;
                                  absolute */
    const json_t *services;    /* array of names: only these of the documents; NULL: all */
    size_t vex_count;
    bool policy;
    unsigned timeout; /* seconds for one target */
    unsigned jobs;    /* most targets that are scanned at once; 0: one */
};

/* The commands that would be run, one for each target and platform: *out is [{service, platform,
 * target, report, argv}], `service` and `platform` may be null; a new reference. A pure function.
 * `service` (may be NULL) names what no document names. The scanner is told every choice that its
 * own configuration file or environment could turn into a gate that sees less. ARC_EINPUT for a
 * docker_image without a digest, or nothing to scan. */
int arc_scan_commands(const struct arc_scan_run *run, const char *service, json_t **out,
                      struct arc_error *err);

/* What is scanned, and against what. Strings and arrays are borrowed. */
struct arc_scan_options {
    struct arc_scan_policy policy;
    const char *service;   /* name for findings of reports that name none; may be NULL */
    const json_t *reports; /* array of strings: "[SERVICE[@PLATFORM]=]FILE"; NULL for none */
    const struct arc_scan_run *run; /* what to run the scanner on; NULL: the reports are all */
    const json_t *baselines;        /* reports of the previous release; NULL for none */
    const char *scanner_info; /* file with the output of `trivy version --format json`, or NULL */
    const char *ignore_name;  /* the ignore file's name, for messages; or NULL */
    const char *ignore_text;  /* its content: ids to leave out, one per line; or NULL */
    const struct arc_scan_settings *settings; /* what the project sets; or NULL */
    const char *settings_from;                /* where that stands, for messages */
    const char *settings_problem;             /* why they are not known; or NULL */
    const struct arc_buf *policy_file; /* the file settings->policy, as it is to be used; or NULL */
    const struct arc_buf *vex;         /* and those of settings->vex */
    size_t vex_count;
    const char *root;       /* of the repository, for paths of files; NULL: the current directory */
    const char *name;       /* what the scan is about, for code scanning: a group; or NULL */
    bool sarif;             /* make the SARIF log, also without a file */
    bool issues;            /* make the issues' texts */
    const char *sarif_file; /* written with the findings as SARIF 2.1.0, or NULL; left alone when
                               the scanner could not look */
};

/* What a scan gave. arc_scan_free() frees it. */
struct arc_scan {
    enum arc_verdict verdict;
    enum arc_gate gate;
    json_t *document; /* scan.json (docs/schema/scan.schema.json) */
    json_t *issues; /* what each service's issue shall say: [{service, count, marker, title, body}];
                       empty if the scanner could not look, NULL if not asked for */
    json_t *sarif;  /* a SARIF 2.1.0 log, when asked for; NULL if the scanner could not look */
    struct arc_buf human;   /* table for a person */
    struct arc_buf summary; /* markdown, within GitHub's 1 MiB */
};

/* Reads the reports, judges, renders. A report that cannot be read is no error of this call but the
 * verdict SCANNER_ERROR. ARC_EINPUT for contradictory options or a wrong ignore file. */
int arc_scan(const struct arc_scan_options *options, const struct arc_env *env,
             struct arc_scan *out, struct arc_error *err);
void arc_scan_free(struct arc_scan *scan);

/* Where the findings are published. Everything is borrowed. */
struct arc_scan_publish {
    const char *repository; /* "owner/name" */
    const char *ref;        /* "refs/heads/main"; for `sarif` */
    const char *commit;     /* 40 hexadecimal digits; for `sarif` */
    bool sarif;             /* upload the log to code scanning, wait until it is processed */
    bool sarif_optional, issues_optional; /* GitHub's refusal is a warning of the document */
    bool issues; /* one issue a service with findings at or above the gate's limit: filed,
                    updated, closed, reopened. Without an answer of the scanner they stay
                    as they are */
};

/* Sends to GitHub what was asked for, both parts even if one fails, and notes what became of it in
 * scan->document: `upload` {id, status, results, url}, `issues` [{service, action, number, url}].
 * A second run changes nothing that is already so. Errors as the transport's; ARC_EFAILED when code
 * scanning rejects the log. */
int arc_scan_publish(struct arc_scan *scan, const struct arc_scan_publish *options,
                     struct arc_transport *transport, struct arc_error *err);

ARC_API_END

#endif
