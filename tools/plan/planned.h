/* The plan of a run, made on the spot. */
#ifndef ARC_PLAN_PLANNED_H
#define ARC_PLAN_PLANNED_H

#include "arcci/plan.h"
#include "arcci/project.h"

/* The plan of the context's group for the version (NULL: a ci plan of what `changes`, which may be
 * NULL too, names). *out is a new reference. */
int arc_planned(struct arc_project *project, const json_t *version, const json_t *changes,
                json_t **out, struct arc_error *err);

/* The moment of a run: its event, branch and pull request, and the time (SOURCE_DATE_EPOCH, where
 * that is set). Points into the project, whose event is loaded. */
int arc_plan_moment(struct arc_project *project, struct arc_plan_moment *out,
                    struct arc_error *err);

/* Who signs the group's images, as plan.json has it: `identity` (may be NULL) where the
 * group names nobody, else the workflow that runs. *out is NULL where nothing is signed, else a new
 * reference. The project is loaded. */
int arc_plan_signing(struct arc_project *project, const char *identity, json_t **out,
                     struct arc_error *err);

/* The versions that the services' files had at the base of `changes` (changes.json); NULL without one.
 * *out is a new reference. */
int arc_plan_before(struct arc_project *project, const json_t *changes, json_t **out,
                    struct arc_error *err);

#endif
