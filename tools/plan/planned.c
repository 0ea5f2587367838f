#include "plan/planned.h"
#include "arcci/plan.h"

int arc_planned(const struct arc_context *context, const json_t *version, const json_t *changes,
                json_t **out, struct arc_error *err)
{
    const struct arc_repository *repository = &context->repository;
    struct arc_plan_options options = {
        .group = context->group,
        .version = version,
        .changes = changes,
        .revision = repository->revision,
        .committed = repository->committed,
        .source = repository->source,
        .push = version != NULL,
    };
    return arc_plan(&options, out, err);
}
