/* A report from files, as `arc-ci report` makes it. */
#pragma once

#include "arcci/project.h"
#include "arcci/report.h"
#include "github/options.h"
#include "project/needs.h"

/* Borrowed; NULL for what was not given. */
struct arc_report_files {
    struct arc_needs_files documents;
    struct arc_github_settings github;
    const char *base; /* the base's build.json */
    const char *pull; /* number of the pull request, digits; NULL: the event's, if any */
    const char *run;  /* id of the workflow run whose jobs to report, digits; or NULL */
    bool comment;
    struct arc_report_target
        target; /* `revision` may be NULL: the pull request's head, otherwise the plan's;
                 * repository, run_url and pull are set by the callee */
};

/* Reads the documents, makes the report and posts it. Without a plan, makes one from the repository
 * that contains env->cwd. *out is report.json, in a dry run with the list `requests`; a new
 * reference. */
int arc_report_files(struct arc_project *project, const struct arc_report_files *files,
                     json_t **out, struct arc_error *err);
