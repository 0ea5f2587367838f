/* A scan from files and settings: what `arc-ci scan` does. */
#pragma once

#include "arcci/project.h"
#include "arcci/scan.h"
#include "github/options.h"
#include "project/needs.h"

/* Everything is borrowed; what is NULL was not given. */
struct arc_scan_files {
    struct arc_scan_options options;     /* `run` is set by arc_scan_files() */
    struct arc_scan_run run;             /* `build` and `plan` likewise */
    struct arc_needs_files documents;    /* build, plan, needs */
    const char *ignore_file;             /* ids to leave out */
    bool severity_given, scanners_given; /* by hand: the settings' do not count */
    struct arc_github_settings github;
    struct arc_scan_publish publish; /* what is sent; where to is found */
};

/* Scans, with the images of the project's tag where it has one; then publishes what was asked for.
 * When only the publishing fails, *out is whole and *publish_error (an error of its own, {0}
 * before) says why. */
int arc_scan_files(struct arc_project *project, const struct arc_scan_files *files,
                   struct arc_scan *out, struct arc_error *publish_error, struct arc_error *err);
