/* The plan of a run, made on the spot. */
#pragma once

#include "arcci/plan.h"
#include "arcci/project.h"
#include "project/needs.h"

/* The plan of the loaded project's group and version. Of `wanted` count changes, services,
 * platforms, hold_latest and push; the rest is the project's. `identity` as for arc_plan_signing().
 * Fills *out, which points into the project; the caller frees it with arc_plan_free(). */
int arc_planned(struct arc_project *project, const struct arc_plan_options *wanted,
                const char *identity, struct arc_plan *out, struct arc_error *err);

/* The same as the plan of `needs`, which owns it; nothing where a document has one. */
int arc_needs_plan(struct arc_project *project, const struct arc_plan_options *wanted,
                   struct arc_needs *needs, struct arc_error *err);

/* Sets out->sign: who signs the group's images. `identity` (may be NULL) counts where the group
 * names nobody, else it is the workflow that runs. */
int arc_plan_signing(struct arc_project *project, const char *identity, struct arc_plan *out,
                     struct arc_error *err);
