/* Services that a sparse checkout leaves out. */
#pragma once

#include "arcci/config.h"

struct arc_git;

/* ARC_EINPUT if a sparse checkout leaves out a service that a glob of the configuration matches:
 * its changes would not count, and it would not be built. */
int arc_project_check_sparse(const struct arc_git *git, const struct arc_config *config,
                             struct arc_error *err);

/* Whether the work tree lacks files that git tracks because the checkout is sparse. */
bool arc_project_is_sparse(const struct arc_git *git);
