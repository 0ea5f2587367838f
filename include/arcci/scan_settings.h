/* What a project sets for the security gate: `scan:` of .github/arc-ci.yaml. */
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

/* "CRITICAL" of ARC_SEVERITY_CRITICAL. */
const char *arc_severity_name(enum arc_severity severity);

/* The severity of a name, in any case; false if it is none. */
bool arc_severity_parse(const char *name, size_t len, enum arc_severity *out);

/* A list such as "CRITICAL,HIGH" as a set of bits (1 << severity). ARC_EINPUT for an empty list or
 * a name that is not a severity. */
int arc_severity_set(const char *list, unsigned *out, struct arc_error *err);

/* What Trivy looks for: bits. */
enum arc_scanner {
    ARC_SCANNER_VULN = 1,
    ARC_SCANNER_MISCONFIG = 2,
    ARC_SCANNER_SECRET = 4,
    ARC_SCANNER_LICENSE = 8,
};

/* "vuln" of ARC_SCANNER_VULN; and a list of such names as bits. ARC_EINPUT as above. */
const char *arc_scanner_name(enum arc_scanner scanner);
int arc_scanner_set(const char *list, unsigned *out, struct arc_error *err);

/* Findings that are left out. All that is given must be right; strings are NULL where not
 * given. */
struct arc_scan_ignore {
    char *id;      /* "CVE-2024-1234", a check's "DS-0002", a secret's rule */
    char *license; /* a licence's name: "GPL-3.0" */
    char *package;
    char *path; /* a glob, from the repository's root or the image's */
    char *service;
    char *reason;  /* why it may be left out; always there */
    char *expires; /* "2026-12-31": the day from which it counts again */
    unsigned line;
};

/* Lists end with NULL and may be NULL. */
struct arc_scan_settings {
    struct arc_arena memory; /* of all of it */
    char **skip_dirs;        /* folders and files, globs, whose findings do not count */
    char **skip_files;
    char **severity; /* as --severity, --scanners, where those are not given */
    char **scanners;
    char *policy;  /* a Rego file by which Trivy leaves findings out (--ignore-policy) */
    char **vex;    /* VEX documents, OpenVEX or CycloneDX */
    char **accept; /* reasons of an incomplete scan that do not fail the gate */
    struct arc_scan_ignore *ignores;
    size_t ignore_count;
};

/* Reads `scan:` of a whole configuration file; without the key *out is {0}. `name` stands for the
 * file in messages. ARC_EINPUT with the place for anything wrong. */
int arc_scan_settings_parse(const char *text, size_t len, const char *name,
                            struct arc_scan_settings *out, struct arc_error *err);
void arc_scan_settings_free(struct arc_scan_settings *settings);

ARC_API_END

#endif
