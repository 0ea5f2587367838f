#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "project/train.h"
#include "steer/record.h"
#include "steer/survey.h"
#include <string.h>

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What happened since the last release: the number of commits, pull requests and services. */
static int sum_up(struct survey *survey, const struct survey_group *group, int *commits,
                  json_t **pulls, json_t **services, struct arc_error *err)
{
    char **names = NULL;
    size_t count = 0;
    *commits = 0;

    for (size_t i = 0; i < group->count; i++) {
        const struct survey_commit *commit = &survey->commits[group->touches[i].commit];
        if (!group->touches[i].since_last)
            continue;
        *commits += !commit->merge;
        if (commit->says.pull)
            arc_json_push(pulls, json_integer(commit->says.pull));
        for (char **service = group->touches[i].services; !commit->merge && *service; service++) {
            char **name = arc_arena_append(&survey->memory, &names, &count, sizeof *name);
            ARC_TRY_ALLOC(name, err);
            *name = *service;
        }
    }

    if (count)
        qsort(names, count, sizeof *names, compare_texts);

    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
            arc_json_push(services, json_string(names[i]));

    return ARC_OK;
}

/* true, false, or null where GitHub was not asked or there is no release. */
static json_t *published(const struct arc_repository *repository, const char *tag)
{
    if (!repository->published || !tag)
        return json_null();
    return json_boolean(arc_json_lists(repository->published, tag));
}

/* A survey that is made a document. */
struct asking {
    struct arc_project *project;
    const struct arc_status_options *options;
    struct survey survey;
    struct records records;
    json_t *rows;
    bool behind; /* a group has something that is not released */
    bool adrift;
};

static void asking_free(struct asking *asking)
{
    records_free(&asking->records);
    survey_free(&asking->survey);
    json_decref(asking->rows);
}

/* The lock file of a train's last stable release: one that was given, else the release's own. */
static int find_lock(struct asking *asking, struct survey_group *group, struct arc_error *err)
{
    ARC_AUTO_FREE char *name = arc_train_lock_name(group->group->name);

    arc_json_each (lock, asking->options->locks)
        if (!group->lock && arc_json_says(lock, "group", group->group->name))
            group->lock = json_incref(lock);

    const char *tag = arc_json_text_of(group->lock, "tag");
    if (group->lock && group->stable && strcmp(tag, group->stable) != 0)
        return arc_error_set(err, ARC_EFAILED, "the lock file is of %.200s, the last release is %s",
                             tag, group->stable);

    if (group->lock || !group->stable)
        return ARC_OK;
    ARC_TRY_ALLOC(name, err);

    return records_find(&asking->records, group->stable, name, &group->lock, err);
}

static int add_group(struct asking *asking, const struct survey_group *group, struct arc_error *err)
{
    static const struct arc_next_options by_commits;
    const struct arc_repository *repository = &asking->project->repository;
    ARC_AUTO_JSON json_t *pulls = json_array(), *services = json_array();
    ARC_AUTO_JSON json_t *record = NULL;
    struct survey_next next;
    char time[32], date[sizeof "2026-11-20"];
    int commits;

    ARC_TRY(sum_up(&asking->survey, group, &commits, &pulls, &services, err));
    ARC_TRY(survey_choose_next(&asking->survey, group, repository->tags, &by_commits,
                               arc_env_moment(asking->project->env), &next, err));
    ARC_TRY(
        records_describe(&asking->records, asking->project, group, asking->options, &record, err));

    arc_time_print(group->last_time, time);
    snprintf(date, sizeof date, "%.10s", time);
    bool unreleased = commits > 0 || survey_ride_bump(group) != ARC_BUMP_NONE;
    json_t *row = json_pack(
        "{s:s, s:s, s:s?, s:s?, s:o, s:i, s:O, s:O, s:s?, s:s, s:b, s:n, s:o, s:s?, s:O}", "group",
        group->group->name, "title", group->group->title, "tag", group->last, "date",
        group->last_time ? date : NULL, "published", published(repository, group->last), "commits",
        commits, "pulls", pulls, "services", services, "next-tag", next.tag, "bump",
        arc_bump_name(next.bump), "unreleased", unreleased, "adrift", "includes",
        survey_describe_rides(group), "problem", group->problem, "record", record);
    asking->behind |= unreleased;

    return arc_json_append(asking->rows, row, err);
}

int arc_status(struct arc_project *project, const struct arc_status_options *options, json_t **out,
               int *failed, struct arc_error *err)
{
    ARC_AUTO(asking)
    struct asking asking = {.project = project, .options = options, .rows = json_array()};
    struct survey *survey = &asking.survey;

    ARC_TRY_ALLOC(asking.rows, err);
    ARC_TRY(survey_take(project, survey, err));
    if (options->scan && !project->repository.published && !project->repository.published_unknown)
        return arc_error_set(err, ARC_EINPUT,
                             "what the gate said is read from releases at GitHub: set "
                             "GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN");
    ARC_TRY(records_open(project, &asking.records, err));

    for (size_t g = 0; g < survey->group_count; g++) {
        ARC_AUTO(arc_error) struct arc_error problem = {0};
        struct survey_group *group = &survey->groups[g];

        /* What a train has taken, and what it would take; adrift when that is not the same. */
        if (group->group->includes) {
            int rc = find_lock(&asking, group, &problem);
            if (rc == ARC_ENOMEM)
                return arc_error_nomem(err);
            ARC_TRY(survey_find_rides(project, survey, group, err));
            if (rc)
                group->problem = arc_arena_text(&survey->memory, arc_error_text(&problem));
            asking.adrift |= group->problem || survey_ride_bump(group) != ARC_BUMP_NONE;
            ARC_TRY(arc_arena_check(&survey->memory, err));
        }

        ARC_TRY(add_group(&asking, group, err));
    }

    *failed = ARC_OK;
    if (options->registry)
        ARC_TRY(survey_find_adrift(project, survey, &asking.records, asking.rows, &asking.adrift,
                                   failed, err));
    *out = json_pack("{s:s, s:i, s:s, s:b, s:s?, s:s?, s:b, s:b, s:O}", "document", "status",
                     "format", ARC_DOCUMENT_FORMAT, "head", survey->head.hex, "complete",
                     survey->complete, "tags-unknown", survey->tags_unknown, "published-unknown",
                     project->repository.published_unknown, "unreleased", asking.behind, "adrift",
                     asking.adrift, "groups", asking.rows);
    return *out ? ARC_OK : arc_error_nomem(err);
}
