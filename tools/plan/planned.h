/* The plan of a run, made on the spot. */
#ifndef ARC_PLAN_PLANNED_H
#define ARC_PLAN_PLANNED_H

#include "arcci/project.h"

/* The plan of the context's group for the version (NULL: a ci plan of what `changes`, which may be
 * NULL too, names). *out is a new reference. */
int arc_planned(const struct arc_project *project, const json_t *version, const json_t *changes,
                json_t **out, struct arc_error *err);

#endif
