#include "steer/record.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include <string.h>

#define DAY (INT64_C(24) * 60 * 60)

int records_open(const struct arc_project *project, struct records *out, struct arc_error *err)
{
    const struct arc_github_options asking = {
        .env = project->env, .idle_timeout = 20, .max_wait = 20};

    out->repository = arc_env_get(project->env, "GITHUB_REPOSITORY");
    if (!project->repository.published)
        return ARC_OK;
    return arc_transport_github(&asking, &out->github, err);
}

void records_free(struct records *records)
{
    if (records->github)
        arc_transport_free(records->github);
    json_decref(records->releases);
}

int records_get(const struct records *records, struct arc_request request, json_t **out,
                struct arc_error *err, const char *format, ...)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};

    request.method = "GET";
    int rc;
    ARC_WITH_ARGS(format,
                  rc = arc_transport_vsend(records->github, request, &reply, err, format, args));
    *out = rc ? NULL : arc_steal(&reply.body);

    return arc_error_except(ARC_ENOTFOUND, rc, err);
}

int records_release(struct records *records, const char *tag, const json_t **out,
                    struct arc_error *err)
{
    ARC_AUTO_FREE char *name = arc_url_encode(tag);
    json_t *release = json_object_get(records->releases, tag);

    if (records->github && !release) {
        const struct arc_request request = {.why = "read a release"};
        ARC_TRY_ALLOC(name, err);
        ARC_TRY(records_get(records, request, &release, err, "/repos/%s/releases/tags/%s",
                            records->repository, name));
        release = release ? release : json_null();
        if (!records->releases)
            records->releases = json_object();
        ARC_TRY(arc_json_set(records->releases, tag, release, err));
    }
    *out = json_is_object(release) ? release : NULL;

    return ARC_OK;
}

int records_find(struct records *records, const char *tag, const char *name, json_t **out,
                 struct arc_error *err)
{
    const json_t *release;

    *out = NULL;
    ARC_TRY(records_release(records, tag, &release, err));

    const json_t *asset = arc_json_find(json_object_get(release, "assets"), "name", name);
    const struct arc_request request = {.accept = "application/octet-stream",
                                        .why = "read what the release was made of"};

    if (!asset)
        return ARC_OK;
    ARC_TRY(records_get(records, request, out, err, "%s", arc_json_text_of(asset, "url")));
    if (*out)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "%s of the release %s is empty or gone, so what was released is not "
                         "known: upload it again",
                         name, arc_json_text_of(release, "tag_name"));
}

/* ---- the record of a group's row ------------------------------------------------------------- */

/* The highest version that is published and neither withdrawn nor above the last release behind
 * HEAD; {0}: there is none. */
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

/* What the gate said; null where the release has no scan.json. */
static int describe_scan(struct records *records, const char *tag, int64_t now, json_t **out,
                         struct arc_error *err)
{
    ARC_AUTO_JSON json_t *scan = NULL;
    struct arc_scan_info info;
    char time[32];

    ARC_TRY(records_find(records, tag, "scan.json", &scan, err));
    if (!scan)
        return ARC_OK;
    if (arc_scan_read(scan, &info, err))
        return arc_error_prefix(err, "scan.json of the release %s", tag);

    arc_time_print(info.time, time);
    int64_t age = info.time < now ? now - info.time : 0;
    json_t *days = info.time ? json_integer(age / DAY) : json_null();
    *out = json_pack("{s:s, s:s, s:s?, s:o}", "verdict", arc_verdict_name(info.verdict), "gate",
                     arc_gate_name(info.gate), "scanned", info.time ? time : NULL, "days", days);

    return *out ? ARC_OK : arc_error_nomem(err);
}

/* build.json of a release, as far as it can be read. */
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

int records_describe(struct records *records, const struct arc_project *project,
                     const struct survey_group *group, const struct arc_status_options *options,
                     json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO_JSON json_t *scan = NULL;
    ARC_AUTO_JSON json_t *build = NULL;
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
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    *out = json_pack("{s:s?, s:O?, s:O?, s:s?}", "tag", tag, "scan", scan, "build", build,
                     "problem", rc ? arc_error_text(&problem) : NULL);

    return *out ? ARC_OK : arc_error_nomem(err);
}
