/* Checks that what would be built is the commit named by the plan, its labels and its tags. */
#pragma once

#include "arcci/documents.h"
#include "arcci/project.h"

/* The result. */
struct arc_context {
    struct arc_arena memory;
    char ***generated; /* per service of the plan: files that are not in the commit, but allowed */
    bool dirty;        /* something differs from the commit, but was allowed */
};
void arc_context_free(struct arc_context *context);

/* Compares the contexts of the selected services with the plan's commit. Files ignored by git, and
 * those in plan->generated, are allowed and listed. ARC_EINPUT for other differences, with advice;
 * for a ci plan with `allow_dirty`, they only set out->dirty. Outside of a repository nothing is
 * compared. */
int arc_context_read(struct arc_project *project, const struct arc_plan *plan, bool allow_dirty,
                     struct arc_context *out, struct arc_error *err);

/* Marks a ci plan as dirty in its labels and all image tags, so that it is not mistaken for the
 * commit's. ARC_EINPUT for a release. */
int arc_plan_mark_dirty(struct arc_plan *plan, struct arc_error *err);
