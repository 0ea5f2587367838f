/* `dry-run`: a whole release rehearsed. It takes the same path through the stages as the real run;
 * whatever would build, push, scan, move a tag or call GitHub is described in place of done.
 * It needs no network, no docker, no scanner and no token.
 */
#ifndef ARCCI_DRYRUN_H
#define ARCCI_DRYRUN_H

#include "arcci/buf.h"
#include "arcci/env.h"
#include "arcci/error.h"
#include <jansson.h>
#include <stdbool.h>

/* What to rehearse. Nothing is owned. */
struct arc_dryrun_options {
    const char
        *tag; /* "messaging/v0.1.0"; it need not exist: then HEAD is assumed. NULL: GITHUB_REF */
    const char *config; /* the release groups' file; NULL: .github/arc-ci.yaml */
};

/* Makes dry-run.json (docs/schema/dry-run.schema.json) of the repository that env->cwd lies in:
 *   revision, revision-from (text), and the documents of the stages: version, changes, plan,
 *   build {definition, argv}, scan {argv, …}, notes, requests [{method, path, body, why}].
 * What cannot be known here has its reason in unknown.<part>; the part is null, but for requests to
 * a repository without a name, which is OWNER/NAME then. ARC_EINPUT for a tag of no group or a
 * wrong configuration; ARC_ENOTFOUND outside a repository. *out is a new reference. */
int arc_dryrun(const struct arc_env *env, const struct arc_dryrun_options *options, json_t **out,
               struct arc_error *err);

/* Appends dry-run.json as text for a person; `colour` for a terminal. */
void arc_dryrun_text(const json_t *document, bool colour, struct arc_buf *out);

#endif
