/* The image tags of a plan. */
#pragma once

#include "arcci/buf.h"
#include "arcci/plan.h"

/* The first twelve digits name a commit in tags, as git's own abbreviation on a large repository.
 */
#define ARC_SHORT_SHA 12

/* Whether a build's own tag has that name: "staging-<commit>" with anything behind "-"
 * ("staging-eu" is a place of somebody's), or that of a probe; "buildcache", also with something
 * behind "-". */
bool arc_tag_is_staging(const char *tag);
bool arc_tag_is_cache(const char *tag);

/* Adds to *out what the tags of pull requests' images are called, for an image of a service: the
 * templates with {pr}, which stays. One whose other words are not known before a build, or that has
 * less than two letters ("v{pr}" may be a release's), is left out. In `memory`. */
int arc_tag_pulls(const struct arc_group *group, const struct arc_service *service,
                  const char *image, struct arc_arena *memory, char ***out, struct arc_error *err);

/* Whether a tag is such a name; *pull is the number. */
bool arc_tag_is_pull(const char *name, const char *tag, int64_t *pull);

/* Fills in the group's templates for each image of a service and adds a tag of each to out->tags,
 * doubled ones once; a template with a placeholder that this plan has no value for gives none. What
 * they point to is in `memory`. ARC_EINPUT for what is not an image tag, or a release that would
 * move none. */
int arc_plan_tags(const struct arc_plan_options *options, const struct arc_service *service,
                  struct arc_planned_service *out, struct arc_arena *memory, struct arc_error *err);

/* Adds those of a service with a version of its own whose `when` is of other runs than releases,
 * such as "branch:main": they move with any run that it holds for. `options` has no version. */
int arc_plan_run_tags(const struct arc_plan_options *options, const struct arc_service *service,
                      struct arc_planned_service *out, struct arc_arena *memory,
                      struct arc_error *err);

/* Appends a text with the placeholders that have a value in this plan filled in as they are; *whole
 * is false when it holds one that has none here. What is not a placeholder of ours stays. */
int arc_plan_fill(const struct arc_plan_options *options, const struct arc_service *service,
                  const char *text, struct arc_buf *out, bool *whole, struct arc_error *err);
