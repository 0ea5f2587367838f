/* The image tags of a plan. */
#pragma once

#include "arcci/buf.h"
#include "arcci/plan.h"

/* Tags contain the first twelve digits of a commit, as git abbreviates in large repositories. */
#define ARC_SHORT_SHA 12

/* Whether it is a build's internal tag: "staging-<commit>" or "buildcache", possibly followed by
 * "-" and a suffix, or a probe's; not "staging-eu", which may be somebody's environment. */
bool arc_tag_is_staging(const char *tag);
bool arc_tag_is_cache(const char *tag);

/* Adds the templates for pull requests' tags of a service's image to *out, with {pr} left in. Skips
 * one with other placeholders unknown before a build, or with less than two letters ("v{pr}" may be
 * a release's tag). In `memory`. */
int arc_tag_pulls(const struct arc_group *group, const struct arc_service *service,
                  const char *image, struct arc_arena *memory, char ***out, struct arc_error *err);

/* Whether a tag matches such a template; *pull is the number. */
bool arc_tag_is_pull(const char *name, const char *tag, int64_t *pull);

/* Fills in the group's templates for each image of a service and adds the tags to out->tags,
 * without duplicates; skips templates with a placeholder that has no value in this plan. Texts are
 * in `memory`. ARC_EINPUT for an invalid image tag, or a release that would move none. */
int arc_plan_tags(const struct arc_plan_options *options, const struct arc_service *service,
                  struct arc_planned_service *out, struct arc_arena *memory, struct arc_error *err);

/* The same without the last error; unless `all`, only the tags whose `when` is for runs other than
 * releases, such as "branch:main". */
int arc_plan_add_tags(const struct arc_plan_options *options, const struct arc_service *service,
                      bool all, struct arc_planned_service *out, struct arc_arena *memory,
                      struct arc_error *err);

/* Appends a text, filling in placeholders verbatim; *whole is false if one has no value in this
 * plan. Unknown placeholders stay. */
int arc_plan_fill(const struct arc_plan_options *options, const struct arc_service *service,
                  const char *text, struct arc_buf *out, bool *whole, struct arc_error *err);
