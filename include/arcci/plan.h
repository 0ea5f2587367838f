/* Stage `plan`: what will be built, and under which names.
 *
 * Cells are services × platforms. Planning uses no git, docker or network: the caller passes in the
 * facts, and the same facts always give the same plan.
 */
#ifndef ARCCI_PLAN_H
#define ARCCI_PLAN_H

#include "arcci/api.h"
#include "arcci/config.h"
#include "arcci/documents.h"
#include <jansson.h>

ARC_API_BEGIN

/* GitHub docs, "Usage limits": a matrix makes at most 256 jobs. */
#define ARC_PLAN_ROWS_MAX 256

/* The run that a plan is for. Borrowed. */
struct arc_plan_moment {
    const char *event;  /* as GitHub names it, "push"; NULL: none */
    const char *branch; /* of a push, a schedule, a run by hand; NULL: none */
    int64_t pull;       /* number of the pull request, or 0 */
    bool aside;         /* an event that is not of the default branch, such as a pull request */
    int64_t now;        /* seconds since 1970, for {date} and {time} */
    bool past;          /* the release is out: its labels and arguments with these are not known */
};

/* The facts that a plan is made from. Borrowed. */
struct arc_plan_options {
    const struct arc_group *group;
    const struct arc_version_info *version; /* NULL: a ci plan, which moves no version tag */
    const struct arc_version_info *own; /* of a ci plan, the version in a service's file if it is
                                           new: for names that say of which branch */
    const struct arc_changes_info *changes; /* NULL: every service counts as changed */
    const json_t *services;                 /* array of codenames to keep; NULL: all */
    const json_t *platforms; /* array of platforms instead of the group's; NULL: the group's */
    const char *revision;    /* commit, 40 or 64 hexadecimal digits */
    int64_t committed;       /* the commit's time, seconds since 1970 */
    const char *source;      /* "https://github.com/owner/name", or NULL */
    const struct arc_pair *before; /* codename → version in the service's version file at the base;
                                      ends with {NULL}; NULL: every version is new */
    struct arc_plan_moment moment;
    const struct arc_service *only; /* set by arc_plan(): the one service that the tag releases */
    bool hold_latest;               /* do not move `latest` */
    bool push;                      /* whether the images will be pushed */
};

/* Makes a plan (docs/documents.md). A release takes every service of the group, or the one that its
 * tag names; a ci plan those that changed or are missing in `changes`. Labels follow the OCI image
 * spec's annotation keys; `created` is the commit's time, so a rebuild is reproducible. The plan's
 * `sign` is left NULL. *out points into options->group, which must outlive it; the caller frees it
 * with arc_plan_free(). ARC_EINPUT for an unknown service or platform, an image tag template that
 * does not fit, a release that would move no tag, two services with the same image. */
int arc_plan(const struct arc_plan_options *options, struct arc_plan *out, struct arc_error *err);

/* The cells as `strategy.matrix`: {"include": [{"service", "platform", "runner", "cells", …}]},
 * each cell in one row. Cells share a row when there are more than ARC_PLAN_ROWS_MAX, or when their
 * images are based on one another; "cells" is the value for `build --cell`. A row of one service
 * also has its "directory" and "image". *out is a new reference. */
int arc_plan_matrix(const struct arc_plan *plan, json_t **out, struct arc_error *err);

ARC_API_END

#endif
