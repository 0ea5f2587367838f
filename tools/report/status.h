/* Shared by the files of the report stage. */
#pragma once

#include "arcci/buf.h"
#include "arcci/report.h"

/* A state's severity: success is 0, then pending, failure, error. */
unsigned report_severity(const char *state);

/* Writes the comment's body. `statuses` are report.json's. */
int report_body(const struct arc_report_facts *facts, const json_t *statuses, struct arc_buf *out,
                struct arc_error *err);
/* Appends the hidden mark that starts the comment of a group. */
void report_mark(struct arc_buf *out, const char *group);

/* A report that is being posted. */
struct report_posting {
    json_t *report;
    const struct arc_report_target *target;
    struct arc_transport *transport;
};

/* How often to check whether a sent comment or status exists. */
#define REPORT_LOOKS 4

/* Posts the comment. */
int report_post_comment(const struct report_posting *p, struct arc_error *err);

/* Replaces *jobs by a workflow run's {"build-flash": "success", …}, with a called workflow's jobs
 * as one. If no job failed, deselects the plan's services whose job was skipped. ARC_EINPUT for an
 * id that is not a number. */
int report_read_run(struct arc_transport *transport, const char *repository, const char *run,
                    struct arc_plan *plan, json_t **jobs, struct arc_error *err);
