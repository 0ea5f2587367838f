/* Which files an image depends on, for changes, plan, build, lint and doctor. */
#pragma once

#include "arcci/config.h"
#include "arcci/documents.h"
#include "base/warn.h"
#include "dockerfile/inputs.h"

/* Reads the inputs of a service by its recipe, for all its platforms. `root`: the work tree. Build
 * arguments with placeholders have no value yet. *out is owned by the caller; NULL for a context
 * that BuildKit fetches. Errors as arc_inputs_read(); ARC_ENOTFOUND for a missing Dockerfile. */
int arc_service_inputs(const char *root, const struct arc_group *group,
                       const struct arc_service *service, struct arc_inputs **out,
                       struct arc_error *err);

/* Whether the Dockerfile is missing because an earlier step makes it (`generated`). */
bool arc_service_waits(const char *root, const struct arc_group *group,
                       const struct arc_service *service);

/* The inputs of a service of a plan, whose build arguments have their values. */
int arc_planned_inputs(const char *root, const struct arc_planned_service *service,
                       struct arc_inputs **out, struct arc_error *err);

/* Reads the Dockerfiles of the group's services; ARC_EINPUT, naming the service, if one is missing
 * that no earlier step makes. Warns (`warner` may be NULL) of every source without a wildcard that is
 * missing in its context, and for every base with a variable that has no value, build argument that
 * no ARG takes and additional context that no line names (a service's own in its Dockerfile, the
 * group's in any), and every value with a slip in a placeholder. Stops at, and returns, the first
 * value other than 0. */
int arc_group_check_dockerfiles(const char *root, const struct arc_group *group,
                                const struct arc_warner *warner, struct arc_error *err);
