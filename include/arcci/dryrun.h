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

/* Rehearses a push of the project's tag, which need not exist (then HEAD is used), or the run that
 * a recorded event starts (`event`: a file like GITHUB_EVENT_PATH's, or NULL). No tag: a ci run.
 * Makes dry-run.json (docs/schema/dry-run.schema.json):
 *   revision, revision-from (text), and the documents of the stages: version, changes, plan, build
 *   {argv, definition}, scan {commands, fail-on, block}, notes, requests [{method, path, body,
 * why}], warnings [{kind, message}]. version, notes and requests are null in a ci run. A part that
 * cannot be known here is null, with the reason in unknown.<part>; but requests to a repository of
 * unknown name use OWNER/NAME. ARC_EINPUT for a tag of no group or a wrong
 * configuration; ARC_ENOTFOUND outside a repository. *out is a new reference. */
int arc_dryrun(struct arc_project *project, const char *event, json_t **out, struct arc_error *err);

/* How to show dry-run.json. */
struct arc_dryrun_style {
    bool colour; /* for a terminal */
    bool full;   /* show every target and every body in full; else one target for all of the same
                    form, and the notes only once */
};

/* Appends dry-run.json as text for a person. */
int arc_dryrun_text(const json_t *document, const struct arc_dryrun_style *style,
                    struct arc_buf *out, struct arc_error *err);

/* As arc_dryrun_text(), for requests only: [{method, path, body, why}]. */
int arc_dryrun_requests(const json_t *requests, const struct arc_dryrun_style *style,
                        struct arc_buf *out, struct arc_error *err);

ARC_API_END

#endif
