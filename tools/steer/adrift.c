#include "base/auto.h"
#include "base/json.h"
#include "steer/record.h"
#include "steer/released.h"
#include <string.h>

/* The digest that was released of a service, by a train's lock file (or NULL), else by build.json;
 * NULL where neither says. */
static const char *find_released(const json_t *lock, const struct arc_ledger *ledger,
                                 const char *service)
{
    const struct arc_built_service *built = arc_ledger_service(ledger, service);

    const json_t *image = arc_json_find(json_object_get(lock, "images"), "service", service);

    if (image)
        return json_string_value(json_object_get(image, "digest"));

    return built ? built->digest : NULL;
}

/* A group that is looked at. */
struct looking {
    struct arc_project *project;
    struct arc_registry *registry;
    struct survey *survey;
    struct records *records;
    int *failed; /* the first failure of a registry */
};

/* Adds the tags of a release that do not name what it built, or are not there. */
static int compare_tags(const struct looking *looking, const struct survey_group *group,
                        const struct arc_plan *plan, const struct arc_ledger *ledger,
                        json_t *adrift, struct arc_error *err)
{
    struct released_tag *tags;
    size_t count;
    int rc =
        released_look_up(looking->registry, plan, &looking->survey->memory, &tags, &count, err);

    if (rc && !*looking->failed)
        *looking->failed = rc;
    ARC_TRY(rc);

    for (size_t i = 0; i < count; i++) {
        struct released_tag *tag = &tags[i];
        const char *digest = find_released(group->lock, ledger, tag->service->service);
        if (digest)
            snprintf(tag->expected, sizeof tag->expected, "%s", digest);
        if (*tag->digest && strcmp(tag->digest, tag->expected) == 0)
            continue;
        const char *now = *tag->digest ? tag->digest : NULL;
        const char *expected = *tag->expected ? tag->expected : NULL;
        json_t *row =
            json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "service", tag->service->service, "image",
                      tag->image, "tag", tag->planned->tag, "digest", now, "expected", expected);
        ARC_TRY(arc_json_append(adrift, row, err));
    }

    return ARC_OK;
}

/* Compares what the group's last stable release names with what it built, as far as there is a
 * record. */
static int check_release(const struct looking *looking, const struct survey_group *group,
                         const struct arc_group *released, json_t *adrift, struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_ledger) struct arc_ledger ledger = {0};
    ARC_AUTO_JSON json_t *build = NULL;

    ARC_TRY(released_plan(looking->project, released, group->stable,
                          looking->project->repository.tags, &plan, err));
    ARC_TRY(records_find(looking->records, group->stable, "build.json", &build, err));
    if (build)
        ARC_TRY(arc_ledger_read(build, &ledger, err));

    return compare_tags(looking, group, &plan, &ledger, adrift, err);
}

/* Adds the tags of a group's last release that are adrift to its row. A release that cannot be
 * planned any more, whose record cannot be read, or whose registry does not answer, is the group's
 * problem, and no reason to say nothing of the others. */
static int check_group(const struct looking *looking, const struct survey_group *group, json_t *row,
                       struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const struct arc_group *released = group->group->includes ? &group->taken : group->group;
    json_t *adrift = json_array();

    ARC_TRY(arc_json_set(row, "adrift", adrift, err));
    if (!released->service_count)
        return ARC_OK; /* of a train that is not known, which is its `problem` */

    int rc = check_release(looking, group, released, adrift, &problem);
    if (!rc)
        return ARC_OK;
    if (rc == ARC_ENOMEM || arc_json_set_text(row, "problem", arc_error_text(&problem)))
        return arc_error_nomem(err);

    return ARC_OK;
}

int survey_find_adrift(struct arc_project *project, struct survey *survey, struct records *records,
                       json_t *rows, bool *any, int *failed, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;

    ARC_TRY(arc_registry_new(project->env, NULL, &registry, err));
    const struct looking looking = {project, registry, survey, records, failed};

    for (size_t g = 0; g < survey->group_count; g++) {
        json_t *row = json_array_get(rows, g);
        if (!survey->groups[g].stable)
            continue;
        ARC_TRY(check_group(&looking, &survey->groups[g], row, err));
        *any |=
            json_array_size(json_object_get(row, "adrift")) || *arc_json_text_of(row, "problem");
    }

    return ARC_OK;
}
