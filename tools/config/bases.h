/* Images of a group that start from one another. */
#ifndef ARC_CONFIG_BASES_H
#define ARC_CONFIG_BASES_H

#include "arcci/config.h"

/* Fills the `bases` of a group's services from their Dockerfiles: each FROM, COPY --from and RUN --mount that names an
 * image which another service of the group is released as. A Dockerfile that is not there, or that BuildKit would refuse,
 * has none: who builds it says so. ARC_EINPUT when services start from one another in a circle. */
int arc_bases_link(const char *root, struct arc_group *group, struct arc_error *err);

/* The image tag that names the service's own version, which stands in a file: the first with
 * {version} whose other placeholders are known without a release. NULL in *out when there is none;
 * owned by the caller. */
int arc_service_version_tag(const struct arc_group *group, const struct arc_service *service,
                            char **out, struct arc_error *err);
void arc_bases_free(struct arc_base_ref *bases);

#endif
