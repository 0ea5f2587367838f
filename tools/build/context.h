/* Whether what would be built is the commit that the plan, its labels and its tags name. */
#pragma once

#include "arcci/documents.h"
#include "arcci/project.h"

/* What was found. */
struct arc_context {
    struct arc_arena memory;
    char ***generated; /* for each service of the plan: files that are not of the commit, and may be
                          there */
    bool dirty;        /* something is not as the commit has it, and that was allowed */
};
void arc_context_free(struct arc_context *context);

/* Compares the contexts of the selected services with the plan's commit. Files that git ignores,
 * and those that plan->generated names, are part of a context and listed. ARC_EINPUT says what else
 * differs and what to do; with `allow_dirty`, a ci plan only sets out->dirty then. Outside of a
 * repository there is nothing to compare with. */
int arc_context_read(struct arc_project *project, const struct arc_plan *plan, bool allow_dirty,
                     struct arc_context *out, struct arc_error *err);

/* Everything of the work tree that goes into a service, as arc_recipe_places() has it; *out ends
 * with NULL, and is NULL for none. */
int arc_context_places(const char *root, const struct arc_planned_service *service,
                       struct arc_arena *memory, char ***out, struct arc_error *err);

/* Marks a ci plan as one of a dirty tree, in its labels and in every name that an image gets, so
 * that it cannot be taken for the commit's. ARC_EINPUT for a release. */
int arc_plan_mark_dirty(struct arc_plan *plan, struct arc_error *err);
