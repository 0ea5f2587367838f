/* Finds where a service was last good: its group's last release, or its published image. */
#include "base/json.h"
#include "base/room.h"
#include "changes/services.h"
#include "config/bases.h"
#include "git/fetch.h"
#include "registry/registry.h"

#define REVISION "org.opencontainers.image.revision"

static int never(struct arc_last_good *out, struct arc_error *err, const char *why)
{
    arc_error_clear(err);
    out->base = (struct arc_oid){{0}};
    return arc_text_copy(why, &out->reason, err);
}

/* ---- releases ------------------------------------------------------------------------------ */

/* The release tags of groups, grouped together, highest version first. */
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

static int higher_first(const void *a, const void *b)
{
    const struct arc_tag *x = a, *y = b;
    return arc_release_version_compare(&y->version, &x->version);
}

/* Adds a group's tags from the sorted names. */
static int rank(const char *const *names, size_t count, const struct arc_group *group,
                struct ranked *out, struct arc_error *err)
{
    const char *prefix = group->tags[0];
    size_t len = arc_tag_prefix(group), from = out->count, low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strncmp(names[middle], prefix, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }

    for (; low < count && strncmp(names[low], prefix, len) == 0; low++) {
        ARC_TRY_ALLOC(arc_room(&out->tags, out->count, sizeof *out->tags), err);
        int rc = arc_tag_parse(names[low], group, &out->tags[out->count], NULL);
        ARC_TRY(arc_error_memory(rc, err));
        out->count += rc == ARC_OK;
    }

    if (out->count > from)
        qsort(out->tags + from, out->count - from, sizeof *out->tags, higher_first);

    return ARC_OK;
}

static bool is_wanted(const struct arc_last_good *release, const struct arc_tag *tag)
{
    bool is_of_another = release->service && tag->service && tag->service != release->service;
    return !is_of_another && !(release->stable && tag->version.prerelease);
}

/* The end of a group's tags for a round that checks `each` of them. */
static size_t round_end(const struct arc_last_good *release, size_t each)
{
    return release->tag ? release->at : ARC_MIN(release->end, release->at + each);
}

/* Checks the highest tags of all groups together, then twice as many of the rest, since each check
 * may walk the history. */
static int find_releases(const struct arc_base_request *request, const struct ranked *ranked,
                         const struct arc_oid *head, struct arc_last_good *releases, size_t count,
                         struct arc_error *err)
{
    ARC_AUTO_FREE struct arc_oid *asked = calloc(ranked->count + 1, sizeof *asked);
    ARC_AUTO_FREE bool *behind = calloc(ranked->count + 1, sizeof *behind);
    ARC_AUTO_FREE size_t *places = calloc(ranked->count + 1, sizeof *places); /* by tag, from 1 */
    ARC_TRY_ALLOC(asked && behind && places, err);

    for (size_t each = 1, open = count; open; each *= 2) {
        size_t asked_count = 0;
        arc_each (release, releases, count)
            for (size_t tag = release->at; tag < round_end(release, each); tag++) {
                if (places[tag] || !is_wanted(release, &ranked->tags[tag]))
                    continue;
                int rc = arc_git_tag_commit(request->git, ranked->tags[tag].text,
                                            &asked[asked_count], NULL);
                ARC_TRY(arc_error_memory(rc, err));
                if (rc == ARC_OK)
                    places[tag] = ++asked_count;
            }

        ARC_TRY(arc_base_ancestors(request, head, asked, asked_count, behind, err));
        open = 0;

        arc_each (release, releases, count) {
            for (size_t end = round_end(release, each); release->at < end && !release->tag;
                 release->at++) {
                const struct arc_tag *tag = &ranked->tags[release->at];
                size_t place = places[release->at];
                if (!place || !behind[place - 1] || !is_wanted(release, tag))
                    continue;
                release->base = asked[place - 1];
                ARC_TRY(arc_text_copy(tag->text, &release->tag, err));
            }
            open += !release->tag && release->at < release->end;
        }
    }

    return ARC_OK;
}

int arc_services_find_releases(const struct arc_base_request *request,
                               struct arc_last_good *releases, size_t count,
                               const struct arc_oid *head, struct arc_error *err)
{
    ARC_AUTO(ranked) struct ranked ranked = {0};
    const char *pushed = arc_text_after(request->event->ref, "refs/tags/");

    ARC_TRY(arc_project_load_tags(request->project, err));

    const struct arc_repository *repository = &request->project->repository;
    if (!repository->tags)
        return arc_error_set(err, ARC_EWORLD, "the release tags are not known: %s",
                             repository->tags_unknown);

    ARC_AUTO_FREE const char **names = calloc(json_array_size(repository->tags) + 1, sizeof *names);
    size_t name_count = 0;
    ARC_TRY_ALLOC(names, err);

    /* Lists all tags except the one being pushed and those of withdrawn releases. */
    arc_json_each (tag, repository->tags) {
        const char *name = json_string_value(tag);
        if ((!pushed || strcmp(name, pushed) != 0) && !arc_json_lists(repository->withdrawn, name))
            names[name_count++] = name;
    }

    arc_texts_sort(names, name_count);

    for (size_t i = 0; i < count; i++) {
        size_t same = 0; /* the first request for the group */
        while (releases[same].group != releases[i].group)
            same++;
        if (same == i) {
            releases[i].at = ranked.count;
            ARC_TRY(rank(names, name_count, releases[i].group, &ranked, err));
            releases[i].end = ranked.count;
        }
        releases[i].at = releases[same].at;
        releases[i].end = releases[same].end;
    }

    return find_releases(request, &ranked, head, releases, count, err);
}

int arc_services_last_releases(const struct arc_base_request *request, struct arc_last_good *out,
                               size_t count, const struct arc_oid *head, struct arc_error *err)
{
    int rc = arc_services_find_releases(request, out, count, head, err);

    for (size_t i = 0; i < count; i++) {
        ARC_AUTO_FREE char *tag = arc_steal(&out[i].tag);
        if (!rc && tag)
            rc = arc_text_print(&out[i].reason, err, "since %s", tag);
        else if (!rc)
            rc = never(&out[i], err, "no release is behind the head: every file counts as added");
    }

    return rc;
}

/* ---- images -------------------------------------------------------------------------------- */

static const char *annotated(const json_t *document)
{
    return json_string_value(json_object_get(json_object_get(document, "annotations"), REVISION));
}

/* Copies the revision if it is a commit. */
static void take(const char *revision, struct arc_oid *out)
{
    if (arc_event_is_sha(revision))
        *out = arc_oid_of(revision);
}

static int read_revision(struct arc_registry *registry, const char *image, const char *tag,
                         struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest top = {0}, child = {0};
    ARC_AUTO_JSON json_t *config = NULL;
    const char *digest = NULL;

    ARC_TRY(arc_registry_manifest(registry, image, tag, &top, err));
    take(annotated(top.document), out);
    if (*out->hex)
        return ARC_OK;

    /* The first manifest of an index that is not an attestation. */
    arc_json_each (entry, json_object_get(top.document, "manifests")) {
        const json_t *os = json_object_get(json_object_get(entry, "platform"), "os");
        const char *name = json_string_value(os);
        if (!digest && (!name || strcmp(name, "unknown") != 0))
            digest = json_string_value(json_object_get(entry, "digest"));
    }

    if (digest)
        ARC_TRY(arc_registry_manifest(registry, image, digest, &child, err));
    take(annotated(child.document), out);

    const json_t *manifest = digest ? child.document : top.document;
    digest = json_string_value(json_object_get(json_object_get(manifest, "config"), "digest"));
    if (*out->hex || !digest)
        return ARC_OK;
    ARC_TRY(arc_registry_blob(registry, image, digest, &config, err));
    const json_t *labels = json_object_get(json_object_get(config, "config"), "Labels");
    take(json_string_value(json_object_get(labels, REVISION)), out);

    return ARC_OK;
}

/* If versions come from a file, looks for that version's image: if the registry lacks it, it is
 * due. */
static int last_image(const struct arc_base_request *request, struct arc_registry *registry,
                      struct arc_last_good *out, struct arc_error *err)
{
    const struct arc_service *service = out->service;
    struct arc_oid revision = {{0}};
    ARC_AUTO_FREE char *tag = NULL;
    const char *image;

    const char *branch = arc_event_branch(request->event, arc_or(request->event->sha, ""));
    ARC_TRY(arc_service_published_tag(out->group, service, branch, &image, &tag, err));
    int rc = read_revision(registry, image, tag, &revision, err);
    if (rc == ARC_ENOTFOUND)
        return never(out, err,
                     service->version
                         ? "its version was never published: every file counts as added"
                         : "never published: every file counts as added");
    if (rc)
        return arc_error_prefix(err, "since-image of %s", service->codename);

    if (!*revision.hex)
        return never(out, err,
                     "its image does not name its commit (" REVISION
                     "): every file counts as added");

    rc = arc_base_find(request, revision.hex, &out->base, err);
    if (rc == ARC_ENOTFOUND)
        return never(out, err, "its image's commit is not available: every file counts as added");
    ARC_TRY(rc);

    return arc_text_print(&out->reason, err, "since %s, which its image was built of",
                          revision.hex);
}

/* A base was good where all images that start from it were. Decides nothing until all of those are
 * known. */
static int find_common(const struct arc_base_request *request, const struct arc_last_good *good,
                       size_t count, struct arc_last_good *out, struct arc_error *err)
{
    struct arc_oid common = {{0}};

    for (size_t i = 0; i < count; i++) {
        const struct arc_base_ref *base = good[i].service->bases;
        const struct arc_oid *own = &good[i].base, before = common;
        while (base && base->ref && strcmp(base->codename, out->service->codename) != 0)
            base++;
        if (!base || !base->ref)
            continue;
        if (!good[i].reason)
            return ARC_OK;
        if (!*own->hex)
            return never(out, err, "what starts from it was never published, or is not known");
        int rc = ARC_OK;
        if (*before.hex)
            rc = arc_base_merge_base(request, &before, own, &common, err);
        else
            common = *own;
        if (rc && rc != ARC_ENOTFOUND)
            return rc;
        if (rc || !*common.hex)
            return never(out, err,
                         "the images that start from it have no commit in common, or none known");
    }

    out->base = common;

    return arc_text_print(&out->reason, err, "since %s, which the images that start from it have",
                          common.hex);
}

int arc_services_last_images(const struct arc_base_request *request, struct arc_last_good *out,
                             size_t count, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL; /* logs in once */
    size_t left = 0;

    ARC_TRY(arc_registry_new(request->project->env, NULL, &registry, err));
    for (size_t i = 0; i < count; i++)
        if (out[i].service->linked)
            left++;
        else
            ARC_TRY(last_image(request, registry, &out[i], err));

    /* A linked service may start from another linked one. */
    for (size_t round = 0; round < left; round++)
        for (size_t i = 0; i < count; i++)
            if (out[i].service->linked && !out[i].reason)
                ARC_TRY(find_common(request, out, count, &out[i], err));

    return ARC_OK;
}
