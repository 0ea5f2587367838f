#include "plan/planned.h"
#include "arcci/plan.h"

int arc_planned(const struct arc_project *project, const json_t *version, const json_t *changes,
                json_t **out, struct arc_error *err)
{
    const struct arc_repository *repository = &project->repository;
    struct arc_plan_options options = {
        .group = project->group,
        .version = version,
        .changes = changes,
        .revision = repository->revision,
        .committed = repository->committed,
        .source = repository->source,
        .push = version != NULL,
    };
    return arc_plan(&options, out, err);
}
