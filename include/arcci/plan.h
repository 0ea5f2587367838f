/* Stage `plan`: what will be built, and under which names.
 *
 * Cells are services × platforms. Nothing here asks git, docker or a network: the caller brings the
 * facts, so the same facts always give the same plan.
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

/* When and for what a plan is made. Nothing is owned. */
struct arc_plan_moment {
    const char *event;  /* as GitHub names it, "push"; NULL: none */
    const char *branch; /* of a push, a schedule, a run by hand; NULL: none */
    int64_t pull;       /* number of the pull request, or 0 */
    int64_t now;        /* seconds since 1970, for {date} and {time} */
};

/* The facts a plan rests on. Nothing is owned. */
struct arc_plan_options {
    const struct arc_group *group;
    const struct arc_version_info *version; /* NULL: a ci plan, which moves no version tag */
    const struct arc_changes_info *changes; /* NULL: every service counts as changed */
    const json_t *services;                 /* array of codenames to keep; NULL: all */
    const json_t *platforms; /* array of platforms instead of the group's; NULL: the group's */
    const char *revision;    /* commit, 40 or 64 hexadecimal digits */
    int64_t committed;       /* its time, seconds since 1970 */
    const char *source;      /* "https://github.com/owner/name", or NULL */
    const struct arc_pair *before; /* codename → its version in its file at the base, of those that
                                      had one; ends with {NULL}; NULL: every version is new */
    struct arc_plan_moment moment;
    const struct arc_service *only; /* arc_plan() fills it in: the one that the tag releases */
    bool hold_latest;               /* keep `latest` where it is */
    bool push;                      /* whether the images will be pushed */
};

/* Makes a plan (docs/documents.md). A release takes every service of the group, or the one that its
 * tag names; a ci plan those that changed, or of which `changes` says nothing. Labels follow the
 * OCI image spec's annotation keys; `created` is the commit's time, so a rebuild is reproducible.
 * Nobody signs yet. *out points into options->group, which must outlive it; the caller frees it
 * with arc_plan_free(). ARC_EINPUT for an unknown service or platform, an
 * image tag template that does not fit, a release that would move no tag, two services that would
 * be one image. */
int arc_plan(const struct arc_plan_options *options, struct arc_plan *out, struct arc_error *err);

/* The cells as `strategy.matrix`: {"include": [{"service", "platform", "runner", "cells", …}]},
 * each cell in one row. A row has several where there are more than ARC_PLAN_ROWS_MAX, and always
 * those of images that start from one another; "cells" is what `build --cell` takes. A row of one
 * service has its "directory" and "image", too. *out is a new reference. */
int arc_plan_matrix(const struct arc_plan *plan, json_t **out, struct arc_error *err);

ARC_API_END

#endif
