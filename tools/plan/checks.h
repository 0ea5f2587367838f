/* What may be wrong with the images of a plan, found in their Dockerfiles and recipes. */
#pragma once

#include "arcci/project.h"

/* Checks the project's group, which must not be a train, as arc_group_check_dockerfiles() does.
 * Calls `warn` also for a base image that another group releases by the same tag, and for a layer
 * cache that several services write to one place. Stops at, and returns, the first value other than
 * 0; ARC_EINPUT for a missing Dockerfile or one that BuildKit refuses. */
int arc_plan_check_images(struct arc_project *project,
                          int (*warn)(void *context, const struct arc_place *place,
                                      const char *text),
                          void *context, struct arc_error *err);
