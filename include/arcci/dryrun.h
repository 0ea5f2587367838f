/* `dry-run`: a whole release rehearsed. It takes the same path through the stages as the real run;
 * whatever would build, push, scan, move a tag or call GitHub is described instead of done.
 * It needs no network, no docker, no scanner and no token.
 */
#ifndef ARCCI_DRYRUN_H
#define ARCCI_DRYRUN_H

#include "arcci/api.h"
#include "arcci/buf.h"
#include "arcci/project.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* Rehearses the push of the project's tag, which need not exist (then HEAD is assumed), or what a
 * recorded event (a file as GITHUB_EVENT_PATH names it; NULL: none) starts: without a tag a ci run.
 * Makes dry-run.json (docs/schema/dry-run.schema.json):
 *   revision, revision-from (text), and the documents of the stages: version, changes, plan, build
 *   {argv, definition}, scan {commands, fail-on, block}, notes, requests [{method, path, body,
 * why}], warnings [{kind, message}]. A ci run has no version, notes and requests: null. What cannot
 * be known here has its reason in unknown.<part>; the part is null, but for requests to a
 * repository without a name, which is OWNER/NAME then. ARC_EINPUT for a tag of no group or a wrong
 * configuration; ARC_ENOTFOUND outside a repository. *out is a new reference. */
int arc_dryrun(struct arc_project *project, const char *event, json_t **out, struct arc_error *err);

/* How dry-run.json is shown. */
struct arc_dryrun_style {
    bool colour; /* for a terminal */
    bool full;   /* every target of the definition and every body whole; else one target stands for
                    those of the same form, and the notes are shown once */
};

/* Appends dry-run.json as text for a person. */
int arc_dryrun_text(const json_t *document, const struct arc_dryrun_style *style,
                    struct arc_buf *out, struct arc_error *err);

/* The same of requests alone: [{method, path, body, why}]. */
int arc_dryrun_requests(const json_t *requests, const struct arc_dryrun_style *style,
                        struct arc_buf *out, struct arc_error *err);

ARC_API_END

#endif
