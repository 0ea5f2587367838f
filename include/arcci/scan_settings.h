/* What a project sets for the security gate: `scan:` of .github/arc-ci.yaml. */
#ifndef ARCCI_SCAN_SETTINGS_H
#define ARCCI_SCAN_SETTINGS_H

#include "arcci/api.h"
#include "arcci/error.h"
#include <stddef.h>

ARC_API_BEGIN

/* Findings that are left out. All that is given must be right; strings are owned, NULL where not given. */
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

/* Lists end with NULL and may be NULL; owned. */
struct arc_scan_settings {
    char **skip_dirs; /* folders and files, globs, whose findings do not count */
    char **skip_files;
    char **severity; /* as --severity, --scanners, where those are not given */
    char **scanners;
    char *policy;  /* a Rego file by which Trivy leaves findings out (--ignore-policy) */
    char **vex;    /* VEX documents, OpenVEX or CycloneDX */
    char **accept; /* reasons of an incomplete scan that do not fail the gate */
    struct arc_scan_ignore *ignores;
    size_t ignore_count;
};

/* Reads `scan:` of a whole configuration file; without the key *out is {0}. `name` stands for the file in messages.
 * ARC_EINPUT with the place for anything wrong. */
int arc_scan_settings_parse(const char *text, size_t len, const char *name,
                            struct arc_scan_settings *out, struct arc_error *err);
void arc_scan_settings_free(struct arc_scan_settings *settings);

ARC_API_END

#endif
