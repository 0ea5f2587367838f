/* Which files an image depends on: one answer for changes, plan, lint and doctor. */
#pragma once

#include "arcci/config.h"
#include "dockerfile/inputs.h"

/* Reads the inputs of a service of the group, as its recipe says, for all platforms that it is
 * built for. `root`: the work tree. *out is NULL for a context that BuildKit fetches. A build
 * argument with a placeholder has no value yet. Errors as arc_inputs_read(); a Dockerfile that is
 * not there is ARC_ENOTFOUND. Owned by the caller. */
int arc_service_inputs(const char *root, const struct arc_group *group,
                       const struct arc_service *service, struct arc_inputs **out,
                       struct arc_error *err);

/* A source that is not in its context. Nothing is owned. */
struct arc_missing_source {
    const struct arc_service *service;
    const struct arc_input *input;
    bool ignored; /* it is there, but the ignore file leaves it out */
};

/* Reads the Dockerfiles of the group's services: ARC_EINPUT, with the service, for one that is not
 * there. Calls `each` for every source without a wildcard that is not in its context. Ends at, and
 * returns, what is not 0. */
int arc_group_check_dockerfiles(const char *root, const struct arc_group *group,
                                int (*each)(void *context,
                                            const struct arc_missing_source *missing),
                                void *context, struct arc_error *err);
