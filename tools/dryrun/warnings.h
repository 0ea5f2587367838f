/* What may be wrong with a release, found before it is made. */
#ifndef ARC_DRYRUN_WARNINGS_H
#define ARC_DRYRUN_WARNINGS_H

#include "arcci/project.h"

/* Appends {kind, message} to `out`, an array, for each of:
 *   exists    there is such a tag, and this is no run of it: its push (`ref`, may be NULL), or a CI
 *             system's checkout of it
 *   back      the group has a higher version
 *   jump      versions between the last one and this one are left out
 *   unreleased  a service that a train goes without
 *   not-head  another commit is checked out than the one that is rehearsed
 *   dirty     files of the group's services are not as the commit has them
 * The project is loaded. */
int arc_dryrun_warn(struct arc_project *project, const char *ref, json_t *out,
                    struct arc_error *err);

#endif
