/* Which releases a train includes. */
#pragma once

#include "arcci/project.h"
#include "git/git.h"

/* Fills in the services of the project's group, where that includes others: those of the included
 * groups' releases. A pinned version is taken, or what the lock file names; else the highest one
 * that is published (where that is known), whose commit is the project's or before it, and no
 * prerelease unless the train is one. What has no release yet is left out, and named in the group's
 * `unreleased`. The project's version is made. ARC_EFAILED when the releases of a group are all
 * kept back, or nothing is left; ARC_EINPUT for a pin or a lock that does not fit. */
int arc_train_resolve(struct arc_project *project, struct arc_error *err);

/* The train, or a prerelease of it, as arc_train_resolve() would fill it in at a commit, by a lock
 * file (its document; NULL: none) or by what is released: *out is the group with services, which
 * lives as long as the project's configuration. Errors as arc_train_resolve(). */
int arc_train_take(struct arc_project *project, const struct arc_group *group,
                   const struct arc_oid *commit, bool prerelease, const json_t *lock,
                   struct arc_group *out, struct arc_error *err);

/* The name of a train's lock file, owned by the caller; NULL when out of memory. */
char *arc_train_lock_name(const char *group);
