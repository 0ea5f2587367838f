/* Images that start from images of the same group. */
#pragma once

#include "config/fields.h"

/* Fills the `bases` of a group's services from their Dockerfiles: each FROM, COPY --from and RUN
 * --mount that names an image which another service of the group is released as; `released_bases`
 * if a release may give it that tag. A Dockerfile that is not there, or that BuildKit would refuse,
 * has none: who builds it says so. ARC_EINPUT when services start from one another in a circle, or a
 * file that one is given lies elsewhere. */
int arc_bases_link(const struct arc_loading *l, struct arc_group *group);

/* The service of the group that is released as an image, by its familiar name. "latest" (omitted in
 * such names) also means this release, unless several services share the image. When out of memory,
 * l->memory has failed and nothing is found. */
const struct arc_service *arc_bases_find(const struct arc_loading *l, const struct arc_group *group,
                                         const char *ref);

/* Calls `each` for every service that starts from an image of another group released by the same
 * tag: its build uses whatever is published by then. Stops at, and returns, the first value other
 * than 0. */
int arc_bases_elsewhere(const struct arc_loading *l, const struct arc_config *config,
                        const struct arc_group *group,
                        int (*each)(void *context, const struct arc_service *service,
                                    const char *ref, const struct arc_group *of),
                        void *context);

/* The tag of the service's last image, among those known without a release: the first with
 * {version} if versions come from a file, else the first that pushes of the branch move (NULL: no
 * branch), else the first with "latest", else any, else "latest". *image is borrowed, *out owned by
 * the caller. */
int arc_service_published_tag(const struct arc_group *group, const struct arc_service *service,
                              const char *branch, const char **image, char **out,
                              struct arc_error *err);
