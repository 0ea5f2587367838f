/* The version that a group would have next. */
#ifndef ARC_STEER_NEXT_H
#define ARC_STEER_NEXT_H

#include "arcci/steer.h"
#include "steer/survey.h"

/* Texts are the survey's, or static. */
struct survey_next {
    enum arc_bump bump;
    char *version; /* "1.3.0"; NULL: nothing asks for a release */
    char *tag;     /* "messaging/v1.3.0"; or NULL */
    const char *reason;
};

/* The survey's memory takes the texts. `tags` are all of the repository, `now` counts for calendar
 * versions. ARC_EINPUT for options that do not fit, or a version beyond 2^63. */
int survey_choose_next(struct survey *survey, const struct survey_group *group, const json_t *tags,
                       const struct arc_next_options *options, int64_t now, struct survey_next *out,
                       struct arc_error *err);

/* The group of the project's wanted.group, or the only one. ARC_EINPUT. */
int survey_find_group(const struct arc_project *project, struct survey *survey,
                      struct survey_group **out, struct arc_error *err);

#endif
