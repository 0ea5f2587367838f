/* Makes the plan of a run. */
#pragma once

#include "arcci/plan.h"
#include "arcci/project.h"
#include "project/needs.h"

/* Makes the plan of the loaded project's group and version. Uses changes, services, platforms,
 * hold_latest and push of `wanted`; the rest comes from the project. `identity` as in
 * arc_plan_signing(). *out points into the project; free it with arc_plan_free(). */
int arc_planned(struct arc_project *project, const struct arc_plan_options *wanted,
                const char *identity, struct arc_plan *out, struct arc_error *err);

/* The same for `needs`, which owns the plan; does nothing if a document already has one. */
int arc_needs_plan(struct arc_project *project, const struct arc_plan_options *wanted,
                   struct arc_needs *needs, struct arc_error *err);

/* Sets out->sign, the signer of the group's images: the group's own, else `identity` (may be NULL),
 * else the running workflow. */
int arc_plan_signing(struct arc_project *project, const char *identity, struct arc_plan *out,
                     struct arc_error *err);
