/* A report from files: what `arc-ci report` does. */
#pragma once

#include "arcci/project.h"
#include "arcci/report.h"
#include "github/options.h"
#include "project/needs.h"

/* Everything is borrowed; what is NULL was not given. */
struct arc_report_files {
    struct arc_needs_files documents;
    struct arc_github_settings github;
    const char *base; /* build.json of the base */
    const char *pull; /* number of the pull request, digits; NULL: the event's, if any */
    const char *run;  /* id of the workflow run whose jobs to report, digits; or NULL */
    bool comment;
    struct arc_report_target
        target; /* `revision` may be NULL: the pull request's head, else the plan's;
                                        repository, run_url and pull are found */
};

/* Reads the documents, makes the report and posts it. A plan that is not given is made from the
 * repository that env->cwd lies in. *out is report.json, for a dry run with `requests` as a list;
 * a new reference. */
int arc_report_files(struct arc_project *project, const struct arc_report_files *files,
                     json_t **out, struct arc_error *err);
