/* Stage `init`: a first configuration and workflows, derived from the repository.
 *
 * Reads Dockerfiles, bake and compose files, workflows and tags; runs none of them. The proposed
 * configuration always loads; anything that could not be determined becomes a question.
 */
#ifndef ARCCI_INIT_H
#define ARCCI_INIT_H

#include "arcci/api.h"
#include "arcci/project.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* What to propose. Borrowed. */
struct arc_init_options {
    const char *source; /* "OWNER/REPOSITORY@COMMIT" that the workflows call; NULL: a placeholder */
    bool write;         /* write the files, all of them or none */
};

/* Makes init.json (docs/schema/init.schema.json): the files with their text, the findings with
 * their places, and the questions. *out is a new reference. ARC_ENOTFOUND when there is no image to
 * propose; ARC_EINPUT when a proposed file exists already, or `source` is invalid; ARC_EWORLD when
 * a file cannot be written (then none is). */
int arc_init(struct arc_project *project, const struct arc_init_options *options, json_t **out,
             struct arc_error *err);

ARC_API_END

#endif
