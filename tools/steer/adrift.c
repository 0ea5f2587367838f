#include "steer/adrift.h"
#include "base/auto.h"
#include "base/json.h"
#include "steer/released.h"
#include <string.h>

static json_t *describe(const struct released_tag *tag)
{
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "service", tag->service->service, "image",
                     tag->image, "tag", tag->planned->tag, "digest",
                     *tag->digest ? tag->digest : NULL, "expected",
                     *tag->expected ? tag->expected : NULL);
}

/* The digest that a train's lock file has for a service; NULL where there is none. */
static const char *find_locked(const json_t *lock, const char *service)
{
    size_t i;
    json_t *image;
    json_array_foreach (json_object_get(lock, "images"), i, image)
        if (strcmp(arc_json_text_of(image, "service"), service) == 0)
            return json_string_value(json_object_get(image, "digest"));
    return NULL;
}

/* Adds the tags of a group's last release that are adrift to its row. A release that cannot be planned
 * any more is the group's problem, and no reason to say nothing of the others. */
static int check_group(struct arc_project *project, struct arc_registry *registry,
                       struct survey *survey, const struct survey_group *group, json_t *row,
                       struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const struct arc_group *released = group->group->includes ? &group->taken : group->group;
    json_t *adrift = json_array();
    struct released_tag *tags;
    size_t count;

    if (json_object_set_new(row, "adrift", adrift))
        return arc_error_nomem(err);
    if (!released->service_count)
        return ARC_OK; /* of a train that is not known, which is its `problem` */

    int rc =
        released_plan(project, released, group->stable, project->repository.tags, &plan, &problem);
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    if (rc)
        return arc_json_set_text(row, "problem", arc_error_text(&problem)) ? arc_error_nomem(err)
                                                                           : ARC_OK;
    ARC_TRY(released_look_up(registry, &plan, &survey->memory, &tags, &count, err));

    for (size_t i = 0; i < count; i++) {
        const char *locked = find_locked(group->lock, tags[i].service->service);
        if (locked)
            snprintf(tags[i].expected, sizeof tags[i].expected, "%s", locked);
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
        json_t *row = json_array_get(rows, g);
        if (!survey->groups[g].stable)
            continue;
        rc = check_group(project, registry, survey, &survey->groups[g], row, err);
        *any |= !rc && (json_array_size(json_object_get(row, "adrift")) ||
                        *arc_json_text_of(row, "problem"));
    }

    arc_registry_free(registry);

    return rc;
}
