/* A service that a train takes from another group's release. */
#ifndef ARC_PLAN_RELEASED_H
#define ARC_PLAN_RELEASED_H

#include "arcci/plan.h"

/* The service's part of a train's plan, beside its names and tags, which *out has: it is found by
 * the tag of its version, under which its own release put it, and verified by that release's
 * labels. ARC_EINPUT where its group names no image by its version alone. */
int arc_plan_released(const struct arc_plan_options *options, const struct arc_service *service,
                      struct arc_planned_service *out, struct arc_arena *memory,
                      struct arc_error *err);

#endif
