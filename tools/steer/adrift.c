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

/* The digest that was released of a service, by a train's lock file (or NULL), else by build.json; NULL
 * where neither says. */
static const char *find_released(const json_t *lock, const struct arc_ledger *ledger,
                                 const char *service)
{
    const struct arc_built_service *built = arc_ledger_service(ledger, service);
    size_t i;
    json_t *image;

    json_array_foreach (json_object_get(lock, "images"), i, image)
        if (strcmp(arc_json_text_of(image, "service"), service) == 0)
            return json_string_value(json_object_get(image, "digest"));

    return built ? built->digest : NULL;
}

/* A group that is looked at. */
struct looking {
    struct arc_project *project;
    struct arc_registry *registry;
    struct survey *survey;
    struct records *records;
};

/* What the group's last stable release names, and what it built; without a record *ledger is empty. */
static int load_released(const struct looking *looking, const struct survey_group *group,
                         const struct arc_group *released, struct arc_plan *plan,
                         struct arc_ledger *ledger, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *build = NULL;

    ARC_TRY(released_plan(looking->project, released, group->stable,
                          looking->project->repository.tags, plan, err));
    ARC_TRY(records_find(looking->records, group->stable, "build.json", &build, err));
    return build ? arc_ledger_read(build, ledger, err) : ARC_OK;
}

/* Adds the tags of a group's last release that are adrift to its row. A release that cannot be planned
 * any more, or whose record cannot be read, is the group's problem, and no reason to say nothing of
 * the others. */
static int check_group(const struct looking *looking, const struct survey_group *group, json_t *row,
                       struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_ledger) struct arc_ledger ledger = {0};
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const struct arc_group *released = group->group->includes ? &group->taken : group->group;
    json_t *adrift = json_array();
    struct released_tag *tags;
    size_t count;

    ARC_TRY_ALLOC(json_object_set_new(row, "adrift", adrift) == 0, err);
    if (!released->service_count)
        return ARC_OK; /* of a train that is not known, which is its `problem` */

    int rc = load_released(looking, group, released, &plan, &ledger, &problem);
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    if (rc)
        return arc_json_set_text(row, "problem", arc_error_text(&problem)) ? arc_error_nomem(err)
                                                                           : ARC_OK;
    ARC_TRY(
        released_look_up(looking->registry, &plan, &looking->survey->memory, &tags, &count, err));

    for (size_t i = 0; i < count; i++) {
        const char *digest = find_released(group->lock, &ledger, tags[i].service->service);
        if (digest)
            snprintf(tags[i].expected, sizeof tags[i].expected, "%s", digest);
        bool same = *tags[i].digest && strcmp(tags[i].digest, tags[i].expected) == 0;
        if (!same && json_array_append_new(adrift, describe(&tags[i])))
            return arc_error_nomem(err);
    }

    return ARC_OK;
}

int survey_find_adrift(struct arc_project *project, struct survey *survey, struct records *records,
                       json_t *rows, bool *any, struct arc_error *err)
{
    struct looking looking = {project, NULL, survey, records};
    int rc = ARC_OK;

    ARC_TRY(arc_registry_new(project->env, NULL, &looking.registry, err));

    for (size_t g = 0; !rc && g < survey->group_count; g++) {
        json_t *row = json_array_get(rows, g);
        if (!survey->groups[g].stable)
            continue;
        rc = check_group(&looking, &survey->groups[g], row, err);
        *any |= !rc && (json_array_size(json_object_get(row, "adrift")) ||
                        *arc_json_text_of(row, "problem"));
    }

    arc_registry_free(looking.registry);

    return rc;
}
