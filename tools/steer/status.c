#include "base/json.h"
#include "base/text.h"
#include "project/train.h"
#include "steer/released.h"
#include "steer/survey.h"

/* What happened since the last release, or with `beside` what the one on another branch lacks: the
 * number of commits, pull requests and services. */
static int sum_up(struct survey *survey, const struct survey_group *group, bool beside,
                  int *commits, json_t **pulls, json_t **services, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *seen = json_object();
    const char **names = NULL;
    size_t count = 0;
    *commits = 0;

    ARC_TRY_ALLOC(seen, err);
    arc_each (touch, group->touches, group->count) {
        const struct survey_commit *commit = &survey->commits[touch->commit];
        if (beside ? !touch->since_stable : !touch->since_last)
            continue;
        char pull[32];
        snprintf(pull, sizeof pull, "%lld", (long long)commit->says.pull);
        *commits += !commit->merge;
        if (commit->says.pull && !json_object_get(seen, pull)) {
            ARC_TRY(arc_json_set(seen, pull, json_true(), err));
            arc_json_push(pulls, json_integer(commit->says.pull));
        }
        for (size_t k = 0; !commit->merge && k < touch->service_count; k++)
            ARC_APPEND(&survey->memory, names, count, err, touch->services[k]);
    }

    arc_texts_sort(names, count);

    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
            arc_json_push(services, json_string(names[i]));

    return ARC_OK;
}

/* true, false, or null if GitHub was not asked or there is no release. */
static json_t *published(const struct arc_repository *repository, const char *tag)
{
    if (!repository->published || !tag)
        return json_null();
    return json_boolean(arc_json_lists(repository->published, tag));
}

/* ---- the record of a group's row ------------------------------------------------------------- */

#define DAY (INT64_C(24) * 60 * 60)

/* The highest version that is published, not withdrawn, and not above the last release before HEAD;
 * {0}: none. */
static int find_published(const struct arc_project *project, const struct survey_group *group,
                          struct arc_tag *out, struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag last = {0};
    const struct arc_repository *repository = &project->repository;

    if (!group->last)
        return ARC_OK;
    ARC_TRY(arc_tag_parse(group->last, group->group, &last, err));

    arc_json_each (name, repository->published) {
        ARC_AUTO(arc_tag) struct arc_tag tag = {0};
        if (arc_tag_parse(json_string_value(name), group->group, &tag, NULL) ||
            arc_json_lists(repository->withdrawn, tag.text) ||
            arc_release_version_compare(&tag.version, &last.version) > 0)
            continue;
        arc_tag_keep_higher(out, &tag);
    }

    return ARC_OK;
}

/* The gate's result; null if the release has no scan.json. */
static int describe_scan(struct records *records, const char *tag, int64_t now, json_t **out,
                         struct arc_error *err)
{
    ARC_AUTO_JSON json_t *scan = NULL;
    struct arc_scan_info info;
    char time[32];

    ARC_TRY(records_find(records, tag, "scan.json", &scan, err));
    if (!scan)
        return ARC_OK;
    ARC_TRY_PREFIX(arc_scan_read(scan, &info, err), err, "scan.json of the release %s", tag);

    arc_time_print(info.time, time);
    int64_t age = info.time < now ? now - info.time : 0;
    json_t *days = info.time ? json_integer(age / DAY) : json_null();
    *out = json_pack("{s:s, s:s, s:s?, s:o}", "verdict", arc_verdict_name(info.verdict), "gate",
                     arc_gate_name(info.gate), "scanned", info.time ? time : NULL, "days", days);

    return arc_error_unless(*out, err);
}

/* Adds a summary of the release's build.json. */
static int describe_build(struct records *records, const char *tag, json_t **out,
                          struct arc_error *err)
{
    ARC_AUTO(arc_ledger) struct arc_ledger ledger = {0};
    ARC_AUTO_JSON json_t *build = NULL;

    ARC_TRY(records_find(records, tag, "build.json", &build, err));
    if (build && arc_ledger_read(build, &ledger, err))
        return arc_error_prefix(err, "build.json of the release %s", tag);
    *out = arc_steal(&build);

    return ARC_OK;
}

/* The `record` of a group's row: scan and, with options->builds, build of its last published
 * release. What cannot be read becomes the record's `problem`. *out is a new reference; null if
 * neither was requested or GitHub does not answer. */
static int describe_record(struct records *records, const struct arc_project *project,
                           const struct survey_group *group,
                           const struct arc_status_options *options, json_t **out,
                           struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO_JSON json_t *scan = NULL, *build = NULL;
    ARC_AUTO(arc_tag) struct arc_tag found = {0};
    int rc = ARC_OK;

    *out = json_null();
    if (!records->github || !(options->scan || options->builds))
        return ARC_OK;
    ARC_TRY(find_published(project, group, &found, err));
    const char *tag = found.text;

    if (tag)
        rc = describe_scan(records, tag, project->env->now, &scan, &problem);
    if (tag && !rc && options->builds)
        rc = describe_build(records, tag, &build, &problem);
    ARC_TRY(arc_error_memory(rc, err));
    *out = json_pack("{s:s?, s:O?, s:O?, s:s?}", "tag", tag, "scan", scan, "build", build,
                     "problem", rc ? arc_error_text(&problem) : NULL);

    return arc_error_unless(*out, err);
}

/* ---- the groups ------------------------------------------------------------------------------ */

/* A survey being turned into a document. */
struct asking {
    struct arc_project *project;
    const struct arc_status_options *options;
    struct survey survey;
    struct records records;
    struct arc_registry *registry; /* owned */
    json_t *rows;
    bool behind; /* a group has unreleased changes */
    bool adrift;
    int *failed; /* the first failure of a registry */
};

static void asking_free(struct asking *asking)
{
    arc_registry_free(asking->registry);
    records_free(&asking->records);
    survey_free(&asking->survey);
    json_decref(asking->rows);
}

/* The lock file of a train's release: given by option, else the release's own. */
static int find_lock(struct asking *asking, struct survey_group *group, const char *tag,
                     struct arc_error *err)
{
    ARC_AUTO_FREE char *name = arc_train_lock_name(group->group->name);
    const char *other = NULL;

    ARC_TRY_ALLOC(name, err);
    arc_json_each (lock, asking->options->locks) {
        if (!tag || group->lock || !arc_json_says(lock, "group", group->group->name))
            continue;
        if (arc_json_says(lock, "tag", tag))
            group->lock = json_incref(lock);
        else
            other = arc_json_text_of(lock, "tag");
    }

    if (group->lock || !tag)
        return ARC_OK;
    if (other)
        return arc_error_set(err, ARC_EFAILED, "the lock file is of %.200s, the last release is %s",
                             other, tag);

    return records_find(&asking->records, tag, name, &group->lock, err);
}

/* What a train includes and would include; with `prerelease`, its last release and the next
 * prerelease. */
static int find_rides(struct asking *asking, struct survey_group *group, bool prerelease,
                      struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    struct survey *survey = &asking->survey;
    int rc = find_lock(asking, group, prerelease ? group->last : group->stable, &problem);

    ARC_TRY(arc_error_memory(rc, err));
    ARC_TRY(survey_find_rides(survey, group, prerelease, err));
    if (rc)
        group->problem = arc_arena_text(&survey->memory, arc_error_text(&problem));

    return arc_arena_check(&survey->memory, err);
}

/* The next version by the commits. *problem says why there is none after a tag whose number is too
 * large to count on from, or NULL: one group's tag must not hide the other groups. */
static int find_next(struct survey *survey, const struct survey_group *group,
                     struct survey_next *out, char **problem, struct arc_error *err)
{
    static const struct arc_next_options by_commits;
    ARC_AUTO(arc_error) struct arc_error why = {0};
    int rc = survey_choose_next(survey, group, &by_commits, out, &why);

    *problem = NULL;
    if (rc != ARC_EINPUT)
        return arc_error_pass(rc, &why, err);
    *problem = arc_arena_text(&survey->memory, arc_error_text(&why));

    return arc_arena_check(&survey->memory, err);
}

/* `group` is a copy, of a row that shows a train's last release, which may be a prerelease. */
static int add_group(struct asking *asking, struct survey_group *group, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *lock = NULL;
    const struct arc_repository *repository = &asking->project->repository;
    ARC_AUTO_JSON json_t *pulls = json_array(), *services = json_array(), *record = NULL;
    char *problem;
    struct survey_next next;
    char time[32];
    bool beside = false;
    int commits;

    ARC_TRY(find_next(&asking->survey, group, &next, &problem, err));
    if (group->group->includes && !arc_text_same(group->last, group->stable)) {
        group->lock = NULL;
        group->rides = NULL;
        group->ride_count = 0;
        group->problem = NULL;
        int rc = find_rides(asking, group, true, err);
        lock = group->lock;
        ARC_TRY(rc);
    }
    group->problem = arc_or(group->problem, problem);
    if (group->stable)
        ARC_TRY(survey_is_above(group, next.since, &beside, err));
    ARC_TRY(sum_up(&asking->survey, group, beside, &commits, &pulls, &services, err));
    ARC_TRY(
        describe_record(&asking->records, asking->project, group, asking->options, &record, err));

    arc_time_print(group->last_time, time);
    time[strlen("2026-11-20")] = '\0';
    const char *date = group->last_time ? time : NULL;
    const char *since = beside ? next.since : NULL;
    bool unreleased = commits > 0 || survey_ride_bump(group) != ARC_BUMP_NONE;
    json_t *row = json_pack(
        "{s:s, s:s, s:s?, s:s?, s:o, s:i, s:O, s:O, s:s?, s:s, s:b, s:n, s:o, s:s?, s:O, s:s?}",
        "group", group->group->name, "title", group->group->title, "tag", group->last, "date", date,
        "published", published(repository, group->last), "commits", commits, "pulls", pulls,
        "services", services, "next-tag", next.tag, "bump", arc_bump_name(next.bump), "unreleased",
        unreleased, "adrift", "includes", survey_describe_rides(group), "problem", group->problem,
        "record", record, "beside", since);
    asking->behind |= unreleased;
    asking->adrift |= group->problem || survey_ride_bump(group) != ARC_BUMP_NONE;

    return arc_json_append(asking->rows, row, err);
}

/* ---- tags that are adrift -------------------------------------------------------------------- */

/* The released digest of a service, from a train's lock file (or NULL), else build.json; NULL if
 * neither has it. */
static const char *find_released(const json_t *lock, const struct arc_ledger *ledger,
                                 const char *service)
{
    const struct arc_built_service *built = arc_ledger_service(ledger, service);
    const json_t *image = arc_json_find(json_object_get(lock, "images"), "service", service);

    if (image)
        return json_string_value(json_object_get(image, "digest"));

    return built ? built->digest : NULL;
}

/* Looks for the images and attestations that the release's indexes list: a cleaner that knows no
 * indexes removes them as untagged, and the tags still look right. */
static int check_listed(struct asking *asking, const struct released_tag *tags, size_t count,
                        struct arc_error *err)
{
    struct arc_registry_item *items = NULL;
    size_t item_count = 0;

    for (size_t i = 0; i < count; i++) {
        bool skip = tags[i].planned->kind != ARC_TAG_VERSION;
        for (size_t k = 0; k < i && !skip; k++) /* two names of one version */
            skip = tags[k].planned->kind == ARC_TAG_VERSION &&
                   strcmp(tags[k].image, tags[i].image) == 0 &&
                   strcmp(tags[k].digest, tags[i].digest) == 0;
        for (char **digest = tags[i].listed; !skip && digest && *digest; digest++)
            ARC_APPEND(&asking->survey.memory, items, item_count, err,
                       (struct arc_registry_item){ARC_REGISTRY_MANIFEST, tags[i].image, *digest});
    }
    ARC_TRY(arc_registry_read_ahead(asking->registry, items, item_count, err));

    arc_each (item, items, item_count) {
        ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
        int rc =
            arc_registry_manifest(asking->registry, item->image, item->reference, &manifest, err);
        if (rc == ARC_ENOTFOUND)
            return arc_error_set(err, ARC_EFAILED,
                                 "%s lacks %s, which its release lists: pulls of it fail",
                                 item->image, item->reference);
        ARC_TRY(rc);
    }

    return ARC_OK;
}

/* Adds the tags of a stable release that are missing or do not point to what it built; to their
 * version's tag, if there is no record of that. */
static int check_release(struct asking *asking, const struct survey_group *group,
                         const struct survey_release *release, json_t *adrift,
                         struct arc_error *err)
{
    const struct arc_group *released = group->group->includes ? &group->taken : group->group;
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_ledger) struct arc_ledger ledger = {0};
    ARC_AUTO_JSON json_t *build = NULL;
    struct released_tag *tags;
    size_t count;

    ARC_TRY(released_plan(asking->project, released, release->stable,
                          asking->project->repository.tags, &plan, err));
    ARC_TRY(records_find(&asking->records, release->stable, "build.json", &build, err));
    if (build)
        ARC_TRY(arc_ledger_read(build, &ledger, err));
    int rc = released_look_up(asking->registry, &plan, &asking->survey.memory, &tags, &count, err);
    if (rc && !*asking->failed)
        *asking->failed = rc;
    ARC_TRY(rc);

    arc_each (tag, tags, count) {
        const char *digest = find_released(group->lock, &ledger, tag->service->service);
        if (digest)
            snprintf(tag->expected, sizeof tag->expected, "%s", digest);
        bool outrun = tag->planned->prereleases && !arc_text_same(release->last, release->stable);
        if (outrun || tag->planned->kind == ARC_TAG_MOVING || /* it may be another's by now */
            (*tag->digest && strcmp(tag->digest, tag->expected) == 0))
            continue;
        const char *now = arc_text_or(tag->digest, NULL);
        const char *expected = arc_text_or(tag->expected, NULL);
        json_t *row =
            json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "service", tag->service->service, "image",
                      tag->image, "tag", tag->planned->tag, "digest", now, "expected", expected);
        ARC_TRY(arc_json_append(adrift, row, err));
    }

    rc = check_listed(asking, tags, count, err);
    if (rc == ARC_EWORLD && !*asking->failed)
        *asking->failed = rc;
    return rc;
}

/* Adds a group's tags that are adrift to its row. If the release cannot be planned any more, its
 * record cannot be read, or the registry does not answer, that becomes the group's problem, and the
 * other groups continue. */
static int check_group(struct asking *asking, const struct survey_group *group, json_t *row,
                       struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const struct arc_group *released = group->group->includes ? &group->taken : group->group;
    json_t *adrift = json_array();

    ARC_TRY(arc_json_set(row, "adrift", adrift, err));
    if (!released->service_count)
        return ARC_OK; /* a train that could not be resolved has a `problem` */

    int rc = ARC_OK;
    for (size_t i = 0; !rc && i < group->release_count; i++)
        rc = check_release(asking, group, &group->releases[i], adrift, &problem);
    if (!rc)
        return ARC_OK;
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    return arc_json_set(row, "problem", json_string(arc_error_text(&problem)), err);
}

/* Sets `adrift` of each row: null for a group without a stable release, else the tags that do not
 * point to the released digest, taken from a train's lock file, else build.json, else the version's
 * own tag. */
static int find_adrift(struct asking *asking, struct arc_error *err)
{
    const struct survey *survey = &asking->survey;

    ARC_TRY(arc_registry_new(asking->project->env, NULL, &asking->registry, err));

    for (size_t g = 0; g < survey->group_count; g++) {
        json_t *row = json_array_get(asking->rows, g);
        if (!survey->groups[g].stable)
            continue;
        ARC_TRY(check_group(asking, &survey->groups[g], row, err));
        asking->adrift |=
            json_array_size(json_object_get(row, "adrift")) || *arc_json_text_of(row, "problem");
    }

    return ARC_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

int arc_status(struct arc_project *project, const struct arc_status_options *options, json_t **out,
               int *failed, struct arc_error *err)
{
    ARC_AUTO(asking)
    struct asking asking = {
        .project = project, .options = options, .rows = json_array(), .failed = failed};
    struct survey *survey = &asking.survey;
    const struct arc_github_options patient = {
        .env = project->env, .idle_timeout = 20, .max_wait = 20};

    ARC_TRY_ALLOC(asking.rows, err);
    ARC_TRY(survey_take(project, survey, err));
    arc_json_each (lock, options->locks) {
        const char *name = arc_json_text_of(lock, "group");
        const struct arc_group *group = arc_config_group(&project->config, name);
        if (!group || !group->includes)
            return arc_error_set(err, ARC_EINPUT,
                                 "--lock: '%.200s' is no group that includes others", name);
    }
    if (options->scan && !project->repository.published && !project->repository.published_unknown)
        return arc_error_set(err, ARC_EWORLD,
                             "the gate's results are read from GitHub's releases: set "
                             "GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN");
    asking.records.repository = arc_env_get(project->env, "GITHUB_REPOSITORY");
    if (project->repository.published)
        ARC_TRY(arc_transport_github(&patient, &asking.records.github, err));

    for (size_t g = 0; g < survey->group_count; g++) {
        struct survey_group *group = &survey->groups[g];

        ARC_TRY(survey_list_tags(survey, group, err));
        if (group->group->includes)
            ARC_TRY(find_rides(&asking, group, false, err));
        struct survey_group shown = *group;
        ARC_TRY(add_group(&asking, &shown, err));
    }

    *failed = ARC_OK;
    if (options->registry)
        ARC_TRY(find_adrift(&asking, err));
    *out = json_pack("{s:s, s:i, s:s, s:b, s:s?, s:s?, s:b, s:b, s:O}", "document", "status",
                     "format", ARC_DOCUMENT_FORMAT, "head", survey->head.hex, "complete",
                     survey->complete, "tags-unknown", project->repository.tags_unknown,
                     "published-unknown", project->repository.published_unknown, "unreleased",
                     asking.behind, "adrift", asking.adrift, "groups", asking.rows);
    return arc_error_unless(*out, err);
}
