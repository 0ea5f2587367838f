/* A scan from files and settings: what `arc-ci scan` does. */
#pragma once

#include "arcci/project.h"
#include "arcci/scan.h"
#include "github/options.h"
#include "project/needs.h"

/* All borrowed; NULL: not given. */
struct arc_scan_files {
    struct arc_scan_options options;     /* `run` is set by arc_scan_files() */
    struct arc_scan_run run;             /* `build` and `plan` likewise */
    struct arc_needs_files documents;    /* build, plan, needs */
    const char *ignore_file;             /* ids to leave out */
    bool severity_given, scanners_given; /* given by option, instead of the settings' */
    struct arc_github_settings github;
    struct arc_scan_publish publish; /* what to send; the destination is found */
};

/* Scans, using the images of the project's tag if it has one, then publishes what was requested. If
 * only publishing fails, *out is complete and *publish_error, initially {0}, has the error. */
int arc_scan_files(struct arc_project *project, const struct arc_scan_files *files,
                   struct arc_scan *out, struct arc_error *publish_error, struct arc_error *err);
