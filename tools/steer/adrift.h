/* Whether the tags of the last releases still name one image each. */
#ifndef ARC_STEER_ADRIFT_H
#define ARC_STEER_ADRIFT_H

#include "steer/survey.h"

/* Sets `adrift` of each row: null for a group without a stable release, else the tags that do not
 * point to what the version's own tag points to. *any: whether there are such. */
int survey_find_adrift(struct arc_project *project, struct survey *survey, json_t *rows, bool *any,
                       struct arc_error *err);

#endif
