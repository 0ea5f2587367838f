/* The notes of a release, made on the spot from the repository that it is run in. */
#ifndef ARC_RELEASE_NOTES_H
#define ARC_RELEASE_NOTES_H

#include "arcci/project.h"
#include "project/needs.h"

/* Fills needs->notes, and needs->plan where it is missing, from the configuration and the history
 * that env->cwd lies in. `tag`: of the release, where needs->version does not say it.
 * ARC_ENOTFOUND or ARC_EINPUT when there is no repository or no group for the tag. */
int release_notes(struct arc_project *project, const char *tag, struct arc_needs *needs,
                  struct arc_error *err);

#endif
