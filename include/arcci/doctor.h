/* `doctor`: checks whether the machine has what a purpose needs, and advises what to do.
 *
 * It changes nothing: it asks programs for their versions, binds a port for an instant and sends
 * each registry one GET of /v2/. It shows no credentials; with `push` it sends docker's own to the
 * registries, as a push would.
 */
#ifndef ARCCI_DOCTOR_H
#define ARCCI_DOCTOR_H

#include "arcci/api.h"
#include "arcci/project.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* Borrowed. */
struct arc_doctor_options {
    const char *purpose; /* "plan", "build", "scan", "release", "services" or "all" */
    bool offline;        /* skip checks that need the network */
    bool push;           /* start an upload to every image and cancel it */
};

/* Makes doctor.json (docs/schema/doctor.schema.json):
 *   for, ok (the purpose lacks nothing), checks: array of {name, status ("ok",
 *   "warning", "missing" or "skipped"), found, advice (or null), needed (bool: by this purpose)}.
 * A check that cannot run is a finding, not an error. *out is a new reference.
 * ARC_EINPUT for an unknown purpose, and for `push` with `offline`. */
int arc_doctor(struct arc_project *project, const struct arc_doctor_options *options, json_t **out,
               struct arc_error *err);

/* Makes program.json (docs/schema/program.schema.json): the versions of this program and,
 * by name, of the libraries that it contains or loads, except those that are not installed.
 * *out is a new reference. */
int arc_libraries(json_t **out, struct arc_error *err);

ARC_API_END

#endif
