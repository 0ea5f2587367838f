/* Stage `report`: publishes a build's results: commit statuses or check runs with fixed names, one
 * comment in the pull request that is kept up to date, and a summary.
 *
 * Every run sets a status for every service of the group, built or not, so that a skipped job never
 * leaves a required check pending.
 */
#ifndef ARCCI_REPORT_H
#define ARCCI_REPORT_H

#include "arcci/api.h"
#include "arcci/documents.h"
#include "arcci/transport.h"

ARC_API_BEGIN

/* Most characters of a comment and of a status's description (GitHub's own limits). */
#define ARC_COMMENT_MAX     65536
#define ARC_DESCRIPTION_MAX 140

/* What a report is made from; all but `plan` may be NULL. Borrowed. */
struct arc_report_facts {
    const struct arc_plan *plan;
    const struct arc_changes_info *changes; /* why a service changed */
    const struct arc_ledger *build;         /* what was built */
    const struct arc_ledger *base;          /* the base's ledger, to compare sizes */
    const struct arc_scan_info *scan;       /* the gate */
    const json_t *jobs; /* job → result, of toJSON(needs): "build-<codename>" of one service, else
                           "build" of all; "security" */
    const char *run_url; /* page of the workflow run */
    const char *event;   /* added to the status names: "messaging / flash (push)"; NULL: the plain
                            names, which a merge may require */
};

/* Makes report.json (docs/schema/report.schema.json) without any request: group, revision, statuses
 * [{context, state, description}] in a fixed order ("<group> / <codename>" per service, then
 * "<group> / images", and "<group> / gate" where there is a gate), body (markdown, at most
 * ARC_COMMENT_MAX characters, its first line a hidden mark of the group). States are GitHub's:
 * success, failure, error, pending. *out is a new reference. */
int arc_report(const struct arc_report_facts *facts, json_t **out, struct arc_error *err);

enum arc_report_kind {
    ARC_REPORT_STATUS, /* commit statuses (`permissions: statuses: write`) */
    ARC_REPORT_CHECK,  /* check runs (`permissions: checks: write`) */
    ARC_REPORT_NONE,   /* neither */
};

/* Where a report goes. Borrowed. */
struct arc_report_target {
    const char *repository; /* "owner/name" */
    const char *revision;   /* the commit, 40 hexadecimal digits; of a pull request its head */
    const char *run_url;    /* link of the statuses, or NULL */
    enum arc_report_kind kind;
    const char *environment; /* of a deployment (`deployments: write`); NULL: none */
    bool statuses_optional,
        comment_optional; /* a refusal by GitHub is added to the report's `refusals`, not an
                             error */
    int64_t pull; /* number of the pull request to comment in, or 0 (`pull-requests: write`) */
};

/* Posts a report. Statuses and comments that are already right are left alone and others updated,
 * so a second run changes nothing. Adds to `report` for each status its action ("created",
 * "updated", "unchanged"), `comment` {"action", "url"} or null, `deployment` {"environment",
 * "action", "url"} or null, and `requests`; `refusals`, a list of texts, where something optional
 * was refused. Fails with the transport's errors. */
int arc_report_post(json_t *report, const struct arc_report_target *target,
                    struct arc_transport *transport, struct arc_error *err);

ARC_API_END

#endif
