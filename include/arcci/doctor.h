/* `doctor`: what of the machine works for which purpose, and what to do about what does not.
 *
 * Looks, and changes nothing: programs are asked for their version, a port is bound for an instant,
 * a registry gets one GET of its /v2/. No credential is shown; with `push` docker's own is sent to
 * the registries, as a push would.
 */
#ifndef ARCCI_DOCTOR_H
#define ARCCI_DOCTOR_H

#include "arcci/api.h"
#include "arcci/project.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* Nothing is owned. */
struct arc_doctor_options {
    const char *purpose; /* "plan", "build", "scan", "release", "services" or "all" */
    bool offline;        /* leave out what needs the network */
    bool push;           /* open an upload to every image, and drop it again */
};

/* Makes doctor.json (docs/schema/doctor.schema.json):
 *   for, ok (nothing that the purpose needs is missing), checks: array of {name, status ("ok",
 *   "warning", "missing" or "skipped"), found, advice (or null), needed (bool: by this purpose)}.
 * A check that cannot be made is a finding of its own, never an error. *out is a new reference.
 * ARC_EINPUT for an unknown purpose, and for `push` with `offline`. */
int arc_doctor(struct arc_project *project, const struct arc_doctor_options *options, json_t **out,
               struct arc_error *err);

/* Makes program.json (docs/schema/program.schema.json): the version of this program, and those of
 * the libraries that it has inside or loads, by name; one that is not installed is left out.
 * *out is a new reference. */
int arc_libraries(json_t **out, struct arc_error *err);

ARC_API_END

#endif
