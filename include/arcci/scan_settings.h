/* A project's settings for the security gate: `scan:` in .github/arc-ci.yaml. */
#ifndef ARCCI_SCAN_SETTINGS_H
#define ARCCI_SCAN_SETTINGS_H

#include "arcci/api.h"
#include "arcci/arena.h"
#include "arcci/error.h"
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

/* Trivy's severities, in order. A finding without one is UNKNOWN, below LOW. */
enum arc_severity {
    ARC_SEVERITY_UNKNOWN,
    ARC_SEVERITY_LOW,
    ARC_SEVERITY_MEDIUM,
    ARC_SEVERITY_HIGH,
    ARC_SEVERITY_CRITICAL,
    ARC_SEVERITIES, /* how many there are */
};

/* Returns "CRITICAL" for ARC_SEVERITY_CRITICAL. */
const char *arc_severity_name(enum arc_severity severity);

/* Parses a severity's name, in any case; false if it is not one. */
bool arc_severity_parse(const char *name, size_t len, enum arc_severity *out);

/* Parses a list such as "CRITICAL,HIGH" to bits (1 << severity). ARC_EINPUT for an empty list or a
 * name that is not a severity. */
int arc_severity_set(const char *list, unsigned *out, struct arc_error *err);

/* What Trivy looks for: bits. */
enum arc_scanner {
    ARC_SCANNER_VULN = 1,
    ARC_SCANNER_MISCONFIG = 2,
    ARC_SCANNER_SECRET = 4,
    ARC_SCANNER_LICENSE = 8,
};

/* Returns "vuln" for ARC_SCANNER_VULN, "unknown" for no bit or several; parses a list of such names
 * to bits, with errors as arc_severity_set(). */
const char *arc_scanner_name(enum arc_scanner scanner);
int arc_scanner_set(const char *list, unsigned *out, struct arc_error *err);

/* Findings to leave out: those that match all given members. Strings that are not given are
 * NULL. */
struct arc_scan_ignore {
    char *id;      /* "CVE-2024-1234", a check's "DS-0002", a secret's rule */
    char *license; /* a licence's name: "GPL-3.0" */
    char *package;
    char *path; /* a glob, from the repository's root or the image's */
    char *service;
    char *reason;  /* why they may be left out; never NULL */
    char *expires; /* "2026-12-31": the day from which they count again */
    unsigned line;
};

/* Lists end with NULL and may be NULL. */
struct arc_scan_settings {
    struct arc_arena memory; /* of all of it */
    char **skip_dirs;        /* globs of folders and files whose findings are left out */
    char **skip_files;
    char **severity; /* defaults for --severity and --scanners */
    char **scanners;
    char *policy;  /* a Rego file that makes Trivy leave out findings (--ignore-policy) */
    char **vex;    /* VEX documents, OpenVEX or CycloneDX */
    char **accept; /* reasons of an incomplete scan that do not fail the gate */
    struct arc_scan_ignore *ignores;
    size_t ignore_count;
};

/* Reads `scan:` from the text of a configuration file; without that key *out is {0}. Messages call
 * the file `name`. ARC_EINPUT with the place for anything wrong. */
int arc_scan_settings_parse(const char *text, size_t len, const char *name,
                            struct arc_scan_settings *out, struct arc_error *err);
void arc_scan_settings_free(struct arc_scan_settings *settings);

ARC_API_END

#endif
