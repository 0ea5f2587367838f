#include "steer/adrift.h"
#include "base/auto.h"
#include "steer/released.h"
#include <string.h>

static json_t *describe(const struct released_tag *tag)
{
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "service", tag->service->service, "image",
                     tag->image, "tag", tag->planned->tag, "digest",
                     *tag->digest ? tag->digest : NULL, "expected",
                     *tag->expected ? tag->expected : NULL);
}

static int check_group(struct arc_project *project, struct arc_registry *registry,
                       struct survey *survey, const struct survey_group *group, json_t *adrift,
                       struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    struct released_tag *tags;
    size_t count;
    ARC_TRY(
        released_plan(project, group->group, group->stable, project->repository.tags, &plan, err));
    ARC_TRY(released_look_up(registry, &plan, &survey->memory, &tags, &count, err));
    for (size_t i = 0; i < count; i++) {
        bool same = *tags[i].digest && strcmp(tags[i].digest, tags[i].expected) == 0;
        if (!same && json_array_append_new(adrift, describe(&tags[i])))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

int survey_find_adrift(struct arc_project *project, struct survey *survey, json_t *rows, bool *any,
                       struct arc_error *err)
{
    struct arc_registry *registry = NULL;
    ARC_TRY(arc_registry_new(project->env, NULL, &registry, err));
    int rc = ARC_OK;
    for (size_t g = 0; !rc && g < survey->group_count; g++) {
        if (!survey->groups[g].stable)
            continue;
        json_t *adrift = json_array();
        rc = json_object_set_new(json_array_get(rows, g), "adrift", adrift)
                 ? arc_error_nomem(err)
                 : check_group(project, registry, survey, &survey->groups[g], adrift, err);
        *any |= !rc && json_array_size(adrift);
    }
    arc_registry_free(registry);
    return rc;
}
