/* What the parts of the report stage share. */
#pragma once

#include "arcci/buf.h"
#include "arcci/report.h"

/* How bad a state is: success, pending, failure, error count from 0. */
unsigned report_severity(const char *state);

/* The comment's body. `statuses` are those of report.json. */
int report_body(const struct arc_report_facts *facts, const json_t *statuses, struct arc_buf *out,
                struct arc_error *err);
/* Appends the hidden mark that starts the comment of a group. */
void report_mark(struct arc_buf *out, const char *group);

/* A report on its way to GitHub. */
struct report_posting {
    json_t *report;
    const struct arc_report_target *target;
    struct arc_transport *transport;
};

/* So often it is looked again whether what was sent stands. */
#define REPORT_LOOKS 4

/* Posts the comment. */
int report_post_comment(const struct report_posting *p, struct arc_error *err);

/* Replaces *jobs by {"build-flash": "success", …} of a workflow run, a called workflow's jobs as
 * one. Where no job failed, the plan's services whose job was skipped are not selected any more.
 * ARC_EINPUT for an id that is not a number. */
int report_read_run(struct arc_transport *transport, const char *repository, const char *run,
                    struct arc_plan *plan, json_t **jobs, struct arc_error *err);
