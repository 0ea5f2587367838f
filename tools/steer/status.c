#include "base/auto.h"
#include "base/json.h"
#include "project/train.h"
#include "steer/adrift.h"
#include "steer/assets.h"
#include "steer/next.h"
#include <string.h>
#include <time.h>

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What happened since the last release: the number of commits, pull requests and services. */
static int sum_up(struct survey *survey, const struct survey_group *group, int *commits,
                  json_t *pulls, json_t *services, struct arc_error *err)
{
    char **names = NULL;
    size_t count = 0;
    *commits = 0;

    for (size_t i = 0; i < group->count; i++) {
        const struct survey_commit *commit = &survey->commits[group->touches[i].commit];
        if (!group->touches[i].since_last)
            continue;
        *commits += !commit->merge;
        if (commit->says.pull && json_array_append_new(pulls, json_integer(commit->says.pull)))
            return arc_error_nomem(err);
        for (char **service = group->touches[i].services; !commit->merge && *service; service++) {
            char **name = arc_arena_append(&survey->memory, &names, &count, sizeof *name);
            if (!name)
                return arc_error_nomem(err);
            *name = *service;
        }
    }

    if (count)
        qsort(names, count, sizeof *names, compare_texts);

    for (size_t i = 0; i < count; i++)
        if ((i == 0 || strcmp(names[i], names[i - 1]) != 0) &&
            json_array_append_new(services, json_string(names[i])))
            return arc_error_nomem(err);

    return ARC_OK;
}

/* true, false, or null where GitHub was not asked or there is no release. */
static json_t *published(const struct arc_repository *repository, const char *tag)
{
    if (!repository->published || !tag)
        return json_null();
    return json_boolean(arc_json_lists(repository->published, tag));
}

static void format_date(int64_t seconds, char out[32])
{
    time_t when = (time_t)seconds;
    struct tm parts;
    *out = '\0';
    if (seconds && gmtime_r(&when, &parts))
        strftime(out, 32, "%Y-%m-%d", &parts);
}

/* The lock file of a train's last stable release: one that was given, else the release's own. */
static int find_lock(struct arc_project *project, const struct arc_status_options *options,
                     struct survey_group *group, struct arc_error *err)
{
    const struct arc_github_options asking = {
        .env = project->env, .idle_timeout = 20, .max_wait = 20};
    ARC_AUTO_FREE char *name = arc_train_lock_name(group->group->name);
    ARC_AUTO_JSON json_t *release = NULL;
    struct arc_transport *github;
    size_t i;
    json_t *lock;

    json_array_foreach (options->locks, i, lock)
        if (!group->lock && strcmp(arc_json_text_of(lock, "group"), group->group->name) == 0)
            group->lock = json_incref(lock);

    const char *tag = arc_json_text_of(group->lock, "tag");
    if (group->lock && group->stable && strcmp(tag, group->stable) != 0)
        return arc_error_set(err, ARC_EFAILED, "the lock file is of %.200s, the last release is %s",
                             tag, group->stable);

    if (group->lock || !group->stable || !project->repository.published)
        return ARC_OK;
    if (!name)
        return arc_error_nomem(err);

    ARC_TRY(arc_transport_github(&asking, &github, err));
    int rc = assets_read_release(github, arc_env_get(project->env, "GITHUB_REPOSITORY"),
                                 group->stable, &release, err);
    if (!rc)
        rc = assets_read(github, release, name, &group->lock, err);
    arc_transport_free(github);

    return rc;
}

/* What a train has taken, and what it would take; *adrift when that is not the same. */
static int look_at_train(struct arc_project *project, const struct arc_status_options *options,
                         struct survey *survey, struct survey_group *group, bool *adrift,
                         struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};

    if (!group->group->includes)
        return ARC_OK;
    int rc = find_lock(project, options, group, &problem);
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    ARC_TRY(survey_find_rides(project, survey, group, err));
    if (rc)
        group->problem = arc_arena_text(&survey->memory, arc_error_text(&problem));
    *adrift |= group->problem || survey_ride_bump(group) != ARC_BUMP_NONE;

    return arc_arena_check(&survey->memory, err);
}

/* A group's row; *behind when it has something that is not released. */
static int add_group(struct arc_project *project, struct survey *survey,
                     const struct survey_group *group, json_t *rows, bool *behind,
                     struct arc_error *err)
{
    static const struct arc_next_options by_commits;
    const struct arc_repository *repository = &project->repository;
    ARC_AUTO_JSON json_t *pulls = json_array(), *services = json_array();
    struct survey_next next;
    char date[32];
    int commits;

    if (!pulls || !services)
        return arc_error_nomem(err);
    ARC_TRY(sum_up(survey, group, &commits, pulls, services, err));
    ARC_TRY(survey_choose_next(survey, group, repository->tags, &by_commits,
                               arc_env_moment(project->env), &next, err));
    format_date(group->last_time, date);
    bool unreleased = commits > 0 || survey_ride_bump(group) != ARC_BUMP_NONE;
    json_t *row =
        json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:i, s:O, s:O, s:s?, s:s, s:b, s:n, s:o, s:s?}",
                  "group", group->group->name, "title", group->group->title, "tag", group->last,
                  "date", *date ? date : NULL, "published", published(repository, group->last),
                  "commits", commits, "pulls", pulls, "services", services, "next-tag", next.tag,
                  "bump", arc_bump_name(next.bump), "unreleased", unreleased, "adrift", "includes",
                  survey_describe_rides(group), "problem", group->problem);
    *behind |= unreleased;

    return json_array_append_new(rows, row) ? arc_error_nomem(err) : ARC_OK;
}

int arc_status(struct arc_project *project, const struct arc_status_options *options, json_t **out,
               struct arc_error *err)
{
    ARC_AUTO(survey) struct survey survey = {0};
    ARC_AUTO_JSON json_t *rows = json_array();
    bool behind = false, adrift = false;

    if (!rows)
        return arc_error_nomem(err);
    ARC_TRY(survey_take(project, &survey, err));

    for (size_t g = 0; g < survey.group_count; g++) {
        ARC_TRY(look_at_train(project, options, &survey, &survey.groups[g], &adrift, err));
        ARC_TRY(add_group(project, &survey, &survey.groups[g], rows, &behind, err));
    }

    if (options->registry)
        ARC_TRY(survey_find_adrift(project, &survey, rows, &adrift, err));
    *out = json_pack("{s:s, s:i, s:s, s:b, s:s?, s:s?, s:b, s:b, s:O}", "document", "status",
                     "format", ARC_DOCUMENT_FORMAT, "head", survey.head.hex, "complete",
                     survey.complete, "tags-unknown", survey.tags_unknown, "published-unknown",
                     project->repository.published_unknown, "unreleased", behind, "adrift", adrift,
                     "groups", rows);
    return *out ? ARC_OK : arc_error_nomem(err);
}
