#include "steer/released.h"
#include "arcci/plan.h"
#include "base/json.h"
#include "base/text.h"
#include "git/fetch.h"
#include "github/github.h"
#include "github/options.h"
#include "plan/planned.h"
#include "project/repository.h"

int released_find_group(const struct arc_config *config, const char *name,
                        const struct arc_group **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf what = {.max = 1024};

    *out = arc_config_group(config, name);
    if (*out)
        return ARC_OK;
    arc_buf_printf(&what, "there is no release group '%.100s'", name);
    return arc_config_refuse_group(config, arc_buf_text(&what), err);
}

int released_open_github(struct arc_project *project, struct arc_transport **github,
                         const char **name, struct arc_error *err)
{
    struct arc_repository *repository = &project->repository;
    const struct arc_github_options options = {.env = project->env};

    *name = arc_env_nonempty(project->env, "GITHUB_REPOSITORY");
    if (!*name || !arc_github_token(project->env, NULL))
        return ARC_OK;
    if (!arc_repository_name_valid(*name))
        return arc_error_set(err, ARC_EINPUT, "GITHUB_REPOSITORY '%.100s' is not owner/name",
                             *name);
    ARC_TRY(arc_transport_github(&options, github, err));
    ARC_TRY(arc_repository_read_published(project->env, repository, err));
    if (repository->published)
        return ARC_OK;

    return arc_error_set(err, ARC_EWORLD, "the releases are unknown: %s",
                         repository->published_unknown);
}

int released_signing(struct arc_project *project, const char *identity, struct arc_plan *out,
                     struct arc_error *err)
{
    const struct arc_signing *sign = &project->group->sign;
    ARC_AUTO_FREE char *any = NULL;

    if (identity && !sign->with)
        return arc_error_set(err, ARC_EINPUT,
                             "--sign-identity: the images of group %s are not signed, so nobody's "
                             "signature is looked for",
                             project->group->name);
    if (identity && (sign->key || (sign->identity && strcmp(sign->identity, identity) != 0)))
        return arc_error_set(err, ARC_EINPUT,
                             "--sign-identity: group %s says who signs (%s), and that alone counts",
                             project->group->name, arc_or(sign->key, sign->identity));

    if (identity || sign->identity || !project->repository.source)
        return arc_plan_signing(project, identity, out, err);
    ARC_TRY(arc_text_print(&any, err,
                           "%s/.github/workflows/"
                           "*@refs/tags/%s",
                           project->repository.source, project->tag.text));

    return arc_plan_signing(project, any, out, err);
}

int released_find_repository(const struct arc_project *project, const char *tag,
                             struct arc_repository *out, struct arc_error *err)
{
    ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
    struct arc_oid oid;

    ARC_TRY(arc_git_tag_commit(project->git, tag, &oid, err));
    ARC_TRY(arc_git_commit(project->git, &oid, &commit, err));
    ARC_TRY(arc_repository_read(project->git, tag, out, err));
    memcpy(out->revision, oid.hex, sizeof oid.hex);
    out->committed = commit.time;

    return ARC_OK;
}

int released_plan(struct arc_project *project, const struct arc_group *group, const char *tag,
                  const json_t *tags, struct arc_plan *out, struct arc_error *err)
{
    ARC_AUTO(arc_repository) struct arc_repository at = {0};
    ARC_AUTO(arc_version_info) struct arc_version_info version = {0};
    const struct arc_version_options version_options = {.tags = tags,
                                                        .withdrawn = project->repository.withdrawn,
                                                        .marked = project->repository.marked,
                                                        .predecessor = group->predecessor,
                                                        .group = group};
    *out = (struct arc_plan){0};
    ARC_TRY(released_find_repository(project, tag, &at, err));
    ARC_TRY(arc_version(tag, &version_options, &version, err));
    const struct arc_plan_options options = {.group = group,
                                             .version = &version,
                                             .revision = at.revision,
                                             .committed = at.committed,
                                             .source = at.source,
                                             .push = true};
    return arc_plan(&options, out, err);
}

int released_look_up(struct arc_registry *registry, const struct arc_plan *plan,
                     struct arc_arena *memory, struct released_tag **out, size_t *count,
                     struct arc_error *err)
{
    *out = NULL;
    *count = 0;
    arc_each (service, plan->services, plan->service_count)
        arc_each (tag, service->tags, service->tag_count)
            if (service->selected && tag->move)
                ARC_APPEND(memory, *out, *count, err,
                           (struct released_tag){.service = service,
                                                 .planned = tag,
                                                 .image = arc_planned_image(service, tag)});

    struct arc_registry_item *items = arc_arena_array(memory, *count, sizeof *items);
    ARC_TRY_ALLOC(items, err);

    for (size_t i = 0; i < *count; i++)
        items[i] = (struct arc_registry_item){ARC_REGISTRY_MANIFEST, (*out)[i].image,
                                              (*out)[i].planned->tag};

    ARC_TRY(arc_registry_read_ahead(registry, items, *count, err));
    arc_each (tag, *out, *count) {
        ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
        int rc = arc_registry_manifest(registry, tag->image, tag->planned->tag, &manifest, err);
        memcpy(tag->digest, manifest.digest, sizeof tag->digest);
        tag->revision = arc_arena_text(
            memory, arc_annotation(manifest.document, "org.opencontainers.image.revision"));
        ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
        arc_json_each (item, json_object_get(manifest.document, "manifests"))
            ARC_TRY(arc_texts_add(memory, &tag->listed, arc_json_text_of(item, "digest"), err));
    }

    /* The version's own tag in the service's image defines the target of the others. */
    struct released_tag *tags = *out;
    for (size_t i = 0; i < *count; i++)
        for (size_t k = 0; k < *count; k++)
            if (tags[k].service == tags[i].service && !*tags[i].expected &&
                tags[k].planned->kind == ARC_TAG_VERSION && !tags[k].planned->ref)
                memcpy(tags[i].expected, tags[k].digest, sizeof tags[i].expected);

    return ARC_OK;
}

/* ---- at GitHub ---------------------------------------------------------------------------- */

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
        ARC_TRY_ALLOC(name, err);
        ARC_TRY(records_get(records, ARC_GET("read a release"), &release, err,
                            "/repos/%s/releases/tags/%s", records->repository, name));
        release = arc_or(release, json_null());
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
    struct arc_request request = ARC_GET("read what the release was made of");

    if (!asset)
        return ARC_OK;
    request.accept = "application/octet-stream";
    ARC_TRY(records_get(records, request, out, err, "%s", arc_json_text_of(asset, "url")));
    if (*out)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "%s of the release %s is empty or gone, so it is unknown what was "
                         "released: upload it again",
                         name, arc_json_text_of(release, "tag_name"));
}
