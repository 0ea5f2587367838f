/* The releases that a train includes, and would include now. */
#include "base/json.h"
#include "base/text.h"
#include "config/graph.h"
#include "git/fetch.h"
#include "project/train.h"
#include "steer/survey.h"

static int add_ride(struct survey *survey, struct survey_group *group,
                    const struct arc_service *then, const struct arc_service *now,
                    struct arc_error *err)
{
    const struct arc_service *known = arc_or(then, now);
    struct survey_ride *ride =
        arc_arena_append(&survey->memory, &group->rides, &group->ride_count, sizeof *ride);

    ARC_TRY_ALLOC(ride, err);
    *ride = (struct survey_ride){.service = arc_arena_text(&survey->memory, known->codename),
                                 .from = known->released->group};
    if (then)
        ride->then = arc_arena_text(&survey->memory, then->released->tag);
    if (now)
        ride->now = arc_arena_text(&survey->memory, now->released->tag);

    return arc_arena_check(&survey->memory, err);
}

/* Resolves the train at a commit; a failure becomes the group's problem. */
static int take(struct survey *survey, struct survey_group *group, const struct arc_oid *commit,
                bool prerelease, const json_t *lock, struct arc_group *out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    int rc = arc_train_take(survey->project, group->group, commit, prerelease, lock, out, &problem);
    if (rc != ARC_EINPUT && rc != ARC_EFAILED)
        return arc_error_pass(rc, &problem, err);
    group->problem = arc_arena_text(&survey->memory, arc_error_text(&problem));
    return arc_arena_check(&survey->memory, err);
}

int survey_find_rides(struct survey *survey, struct survey_group *group, bool prerelease,
                      struct arc_error *err)
{
    const char *since = prerelease ? group->last : group->stable;
    struct arc_group now = {0};
    struct arc_oid then;

    if (!group->group->includes)
        return ARC_OK;

    if (since) {
        ARC_TRY(arc_git_tag_commit(survey->project->git, since, &then, err));
        ARC_TRY(take(survey, group, &then, prerelease, group->lock, &group->taken, err));
    }

    ARC_TRY(take(survey, group, &survey->head, prerelease, NULL, &now, err));
    if (!since)
        group->problem = NULL; /* its groups may have no release yet */

    arc_each (service, group->taken.services, group->taken.service_count)
        ARC_TRY(
            add_ride(survey, group, service, arc_group_find_service(&now, service->codename), err));

    for (size_t i = 0; i < now.service_count; i++)
        if (!arc_group_find_service(&group->taken, now.services[i].codename))
            ARC_TRY(add_ride(survey, group, NULL, &now.services[i], err));

    return ARC_OK;
}

static bool is_same_part(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && (!a_len || memcmp(a, b, a_len) == 0);
}

/* An added or removed service is a feature; else the first number that differs decides. */
static enum arc_bump compare_releases(const struct survey_ride *ride)
{
    ARC_AUTO(arc_tag) struct arc_tag then = {0}, now = {0};

    if (arc_text_same(ride->then, ride->now))
        return ARC_BUMP_NONE;

    if (!ride->then || !ride->now || arc_tag_parse(ride->then, ride->from, &then, NULL) ||
        arc_tag_parse(ride->now, ride->from, &now, NULL))
        return ARC_BUMP_MINOR;

    const struct arc_release_version *a = &then.version, *b = &now.version;
    if (!is_same_part(a->major, a->major_len, b->major, b->major_len))
        return ARC_BUMP_MAJOR;

    return is_same_part(a->minor, a->minor_len, b->minor, b->minor_len) ? ARC_BUMP_PATCH
                                                                        : ARC_BUMP_MINOR;
}

enum arc_bump survey_ride_bump(const struct survey_group *group)
{
    enum arc_bump most = ARC_BUMP_NONE;
    arc_each (ride, group->rides, group->ride_count) {
        enum arc_bump asked = compare_releases(ride);
        most = ARC_MAX(asked, most);
    }
    return most;
}

static json_t *find_row(const json_t *rows, const struct survey_ride *ride)
{
    arc_json_each (row, rows)
        if (arc_json_says(row, "group", ride->from->name) &&
            arc_text_same(json_string_value(json_object_get(row, "tag")), ride->then) &&
            arc_text_same(json_string_value(json_object_get(row, "newest")), ride->now))
            return row;
    return NULL;
}

json_t *survey_describe_rides(const struct survey_group *group)
{
    ARC_AUTO_JSON json_t *rows = json_array();

    if (!group->group->includes)
        return json_null();

    arc_each (ride, group->rides, group->ride_count) {
        json_t *row = find_row(rows, ride);
        if (!row) {
            row = json_pack("{s:s, s:s?, s:s?, s:[]}", "group", ride->from->name, "tag", ride->then,
                            "newest", ride->now, "services");
            if (json_array_append_new(rows, row))
                return NULL;
        }
        if (json_array_append_new(json_object_get(row, "services"), json_string(ride->service)))
            return NULL;
    }

    return arc_steal(&rows);
}
