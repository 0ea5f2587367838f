/* Whether the tags of the last releases still name one image each. */
#ifndef ARC_STEER_ADRIFT_H
#define ARC_STEER_ADRIFT_H

#include "steer/record.h"
#include "steer/survey.h"

/* Sets `adrift` of each row: null for a group without a stable release, else the tags that do not
 * point to what was released: the digest in a train's lock file, in build.json of the release, else
 * what the version's own tag points to. *any: whether there are such. *failed: why a registry did
 * not answer, first of all, else as it was. */
int survey_find_adrift(struct arc_project *project, struct survey *survey, struct records *records,
                       json_t *rows, bool *any, int *failed, struct arc_error *err);

#endif
