/* Images of a group that start from one another. */
#pragma once

#include "config/fields.h"

/* Fills the `bases` of a group's services from their Dockerfiles: each FROM, COPY --from and RUN
 * --mount that names an image which another service of the group is released as. A Dockerfile that
 * is not there, or that BuildKit would refuse, has none: who builds it says so. ARC_EINPUT when
 * services start from one another in a circle, or a file that one is given lies elsewhere. */
int arc_bases_link(const struct arc_loading *l, struct arc_group *group);

/* Calls `each` for every service of the group that starts from an image of another group which the
 * same tag releases: its build takes what is published by then. Ends at, and returns, what is not
 * 0. */
int arc_bases_elsewhere(const struct arc_loading *l, const struct arc_config *config,
                        const struct arc_group *group,
                        int (*each)(void *context, const struct arc_service *service,
                                    const char *ref, const struct arc_group *of),
                        void *context);

/* The tag under which the service's last image is found, of those that are known without a release:
 * the first with {version} where that stands in a file, else the first that says latest, else any;
 * "latest" when there is none. *image is borrowed, *out owned by the caller. */
int arc_service_published_tag(const struct arc_group *group, const struct arc_service *service,
                              const char **image, char **out, struct arc_error *err);
