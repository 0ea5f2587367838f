#include "release/notes.h"
#include "base/auto.h"
#include "notes/inputs.h"
#include "plan/planned.h"

int release_notes(struct arc_project *project, const char *tag, struct arc_needs *needs,
                  struct arc_error *err)
{
    const struct arc_plan_options wanted = {.push = true};
    project->wanted.tag = needs->version ? needs->version->tag : tag;
    ARC_TRY(arc_project_load_release(project, err));

    if (!needs->plan) {
        needs->plan = calloc(1, sizeof *needs->plan);
        ARC_TRY_ALLOC(needs->plan, err);
        ARC_TRY(arc_planned(project, &wanted, NULL, needs->plan, err));
    }

    struct arc_notes_facts facts = {.plan = needs->plan,
                                    .build = needs->build,
                                    .scan = needs->scan,
                                    .group = project->group,
                                    .root = project->repository.root};
    return arc_notes_make(project, &facts, &needs->notes, err);
}
