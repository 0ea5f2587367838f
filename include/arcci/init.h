/* Stage `init`: a first configuration and workflows, read off the repository.
 *
 * Dockerfiles, bake and compose files, workflows and tags are read; nothing of them is run. What is
 * proposed loads, and what could not be told is a question.
 */
#ifndef ARCCI_INIT_H
#define ARCCI_INIT_H

#include "arcci/api.h"
#include "arcci/project.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* What is proposed, and how. Borrowed. */
struct arc_init_options {
    const char *source; /* "OWNER/REPOSITORY@COMMIT" that the workflows call; NULL: a placeholder */
    bool write;         /* write the files, all of them or none */
};

/* Makes init.json (docs/schema/init.schema.json): the files with their text, what was found and
 * where, and the questions. *out is a new reference. ARC_ENOTFOUND when there is no image to
 * propose; ARC_EINPUT when a file of a proposed name exists, or for a source that is none;
 * ARC_EWORLD when one cannot be written, and then none is. */
int arc_init(struct arc_project *project, const struct arc_init_options *options, json_t **out,
             struct arc_error *err);

ARC_API_END

#endif
