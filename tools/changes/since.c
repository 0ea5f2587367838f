/* Where a service was last good: its group's last release, or its published image. */
#include "arcci/repository.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "changes/services.h"
#include "registry/registry.h"
#include <string.h>

#define REVISION "org.opencontainers.image.revision"
#define TAGS     "refs/tags/"

static int since(struct arc_last_good *out, const char *what, const char *more,
                 struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    arc_buf_printf(&text, "since %s%s", what, more);
    out->reason = arc_buf_steal(&text);
    return out->reason ? ARC_OK : arc_error_nomem(err);
}

static int never(struct arc_last_good *out, struct arc_error *err, const char *why)
{
    out->base = (struct arc_oid){{0}};
    out->reason = strdup(why);
    return out->reason ? ARC_OK : arc_error_nomem(err);
}

/* A group's tags, highest version first: an insertion into a list that is short. */
struct ranked {
    struct arc_tag *tags;
    size_t count;
};

static void ranked_free(struct ranked *ranked)
{
    for (size_t i = 0; i < ranked->count; i++)
        arc_tag_free(&ranked->tags[i]);
    free(ranked->tags);
    *ranked = (struct ranked){0};
}

static bool belongs(const struct arc_tag *tag, const struct arc_group *group)
{
    size_t len = strlen(group->tag);
    size_t own = len > 3 && strcmp(group->tag + len - 3, "/v*") == 0 ? len - 3 : len;
    return tag->group_len == own && memcmp(tag->text, group->tag, own) == 0;
}

static int higher_first(const void *a, const void *b)
{
    const struct arc_tag *x = a, *y = b;
    return arc_semver_compare(&y->semver, &x->semver);
}

static int rank(const json_t *names, const struct arc_group *group, const char *pushed,
                struct ranked *out, struct arc_error *err)
{
    size_t i;
    json_t *name;
    out->tags = calloc(json_array_size(names) + 1, sizeof *out->tags);
    if (!out->tags)
        return arc_error_nomem(err);
    json_array_foreach (names, i, name) {
        struct arc_tag *slot = &out->tags[out->count];
        if (arc_tag_parse(json_string_value(name), slot, NULL) != ARC_OK)
            continue;
        if (belongs(slot, group) && (!pushed || strcmp(slot->text, pushed) != 0))
            out->count++;
        else
            arc_tag_free(slot);
    }
    qsort(out->tags, out->count, sizeof *out->tags, higher_first);
    return ARC_OK;
}

/* Whether the tag's commit is `head` or before it; where history is cut, that cannot be told. */
static int behind(const struct arc_base_request *request, const char *tag,
                  const struct arc_oid *head, struct arc_oid *commit, bool *is,
                  struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {0};
    struct arc_oid common;
    arc_buf_printf(&ref, TAGS "%s", tag);
    int rc = arc_base_find(request, arc_buf_text(&ref), commit, err);
    *is = rc == ARC_OK;
    if (rc || arc_git_is_shallow(request->git))
        return rc;
    rc = arc_git_merge_base(request->git, commit, head, &common, NULL);
    *is = !rc && strcmp(common.hex, commit->hex) == 0;
    return rc == ARC_ENOTFOUND ? ARC_OK : rc;
}

int arc_services_last_release(const struct arc_base_request *request, const struct arc_group *group,
                              const struct arc_oid *head, struct arc_last_good *out,
                              struct arc_error *err)
{
    ARC_AUTO(ranked) struct ranked ranked = {0};
    const char *ref = request->event->ref;
    const char *pushed = ref && strncmp(ref, TAGS, strlen(TAGS)) == 0 ? ref + strlen(TAGS) : NULL;
    ARC_TRY(arc_project_load_tags(request->project, err));

    const struct arc_repository *repository = &request->project->repository;
    if (!repository->tags)
        return arc_error_set(err, ARC_EWORLD, "the release tags are not known: %s",
                             repository->tags_unknown);

    int rc = rank(repository->tags, group, pushed, &ranked, err);
    for (size_t i = 0; !rc && i < ranked.count; i++) {
        bool is = false;
        rc = behind(request, ranked.tags[i].text, head, &out->base, &is, err);
        if (!rc && is)
            return since(out, ranked.tags[i].text, "", err);
    }
    return rc ? rc : never(out, err, "never released: every file counts as added");
}

/* The first manifest of an index that is an image, not an attestation. */
static const char *first_image(const json_t *index)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(index, "manifests"), i, entry) {
        const json_t *os = json_object_get(json_object_get(entry, "platform"), "os");
        const char *name = json_string_value(os);
        if (!name || strcmp(name, "unknown") != 0)
            return json_string_value(json_object_get(entry, "digest"));
    }
    return NULL;
}

static const char *annotated(const json_t *document)
{
    return json_string_value(json_object_get(json_object_get(document, "annotations"), REVISION));
}

/* Copies the revision if it is a commit. */
static void take(const char *revision, struct arc_oid *out)
{
    if (arc_event_is_sha(revision))
        memcpy(out->hex, revision, sizeof out->hex);
}

static int read_label(struct arc_registry *registry, const char *image, const json_t *manifest,
                      struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *config = NULL;
    const json_t *digest = json_object_get(json_object_get(manifest, "config"), "digest");
    take(annotated(manifest), out);
    if (*out->hex || !json_is_string(digest))
        return ARC_OK;
    int rc = arc_registry_blob(registry, image, json_string_value(digest), &config, err);
    const json_t *labels = json_object_get(json_object_get(config, "config"), "Labels");
    take(json_string_value(json_object_get(labels, REVISION)), out);
    return rc;
}

static int read_revision(struct arc_registry *registry, const char *image, struct arc_oid *out,
                         struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest top = {0};
    ARC_AUTO(arc_manifest) struct arc_manifest child = {0};
    int rc = arc_registry_manifest(registry, image, "latest", &top, err);
    if (rc)
        return rc;
    take(annotated(top.document), out);
    const char *digest = first_image(top.document);
    if (*out->hex || !digest)
        return *out->hex ? ARC_OK : read_label(registry, image, top.document, out, err);
    rc = arc_registry_manifest(registry, image, digest, &child, err);
    return rc ? rc : read_label(registry, image, child.document, out, err);
}

int arc_services_last_image(const struct arc_base_request *request,
                            const struct arc_service *service, struct arc_last_good *out,
                            struct arc_error *err)
{
    struct arc_registry *registry = NULL;
    struct arc_oid revision = {{0}};
    int rc = arc_registry_new(request->env, NULL, &registry, err);
    if (!rc)
        rc = read_revision(registry, service->images[0], &revision, err);
    arc_registry_free(registry);
    if (rc == ARC_ENOTFOUND) {
        arc_error_clear(err);
        return never(out, err, "never published: every file counts as added");
    }
    if (rc)
        return arc_error_prefix(err, "since-image of %s", service->codename);
    if (!*revision.hex)
        return never(out, err,
                     "its image does not tell its commit (" REVISION
                     "): every file counts as added");
    rc = arc_base_find(request, revision.hex, &out->base, err);
    if (rc == ARC_ENOTFOUND) {
        arc_error_clear(err);
        return never(out, err, "its image's commit cannot be had: every file counts as added");
    }
    return rc ? rc : since(out, revision.hex, ", which its image was built of", err);
}
