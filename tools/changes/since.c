/* Where a service was last good: its group's last release, or its published image. */
#include "arcci/repository.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/json.h"
#include "changes/services.h"
#include "config/bases.h"
#include "git/fetch.h"
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

/* ---- releases ------------------------------------------------------------------------------ */

/* All release tags: those of a group follow one another, highest version first. */
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

/* The names of all tags in order, so that a group's lie together. */
struct names {
    const char **items; /* borrowed */
    size_t count;
};

static void names_free(struct names *names)
{
    free(names->items);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those of withdrawn releases are left out. */
static int sort_names(const struct arc_repository *repository, const char *pushed,
                      struct names *out, struct arc_error *err)
{
    size_t i;
    json_t *tag;

    out->items = calloc(json_array_size(repository->tags) + 1, sizeof *out->items);
    ARC_TRY_ALLOC(out->items, err);

    json_array_foreach (repository->tags, i, tag) {
        const char *name = json_string_value(tag);
        if ((!pushed || strcmp(name, pushed) != 0) && !arc_json_lists(repository->withdrawn, name))
            out->items[out->count++] = name;
    }

    qsort(out->items, out->count, sizeof *out->items, by_name);

    return ARC_OK;
}

/* The first name that is not before the prefix. */
static size_t lower_bound(const struct names *names, const char *prefix, size_t len)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strncmp(names->items[middle], prefix, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }

    return low;
}

/* Adds a group's tags. */
static int rank(const struct names *names, const struct arc_group *group, struct ranked *out,
                struct arc_error *err)
{
    const char *prefix = group->tags[0];
    size_t len = arc_tag_prefix(group), from = out->count;
    size_t first = lower_bound(names, prefix, len), end = first;

    while (end < names->count && strncmp(names->items[end], prefix, len) == 0)
        end++;
    struct arc_tag *grown = realloc(out->tags, (from + end - first + 1) * sizeof *out->tags);
    ARC_TRY_ALLOC(grown, err);
    out->tags = grown;

    for (size_t i = first; i < end; i++) {
        int rc = arc_tag_parse(names->items[i], group, &out->tags[out->count], NULL);
        if (rc == ARC_ENOMEM)
            return arc_error_nomem(err);
        out->count += rc == ARC_OK;
    }

    qsort(out->tags + from, out->count - from, sizeof *out->tags, higher_first);

    return ARC_OK;
}

/* A group whose last release is looked for. */
struct wanted {
    bool stable;                       /* a prerelease is not what is wanted */
    const struct arc_service *service; /* nor what releases only another one; NULL: any */
    size_t at, end;                    /* its tags that were not looked at yet */
    size_t found;                      /* the one that is behind the head; SIZE_MAX: none so far */
};

static bool is_wanted(const struct wanted *wanted, const struct arc_tag *tag)
{
    bool is_of_another = wanted->service && tag->service && tag->service != wanted->service;
    return !is_of_another && !(wanted->stable && tag->version.prerelease);
}

/* Ranks the tags of every group, once where it is asked about several times. */
static int rank_all(const struct arc_repository *repository,
                    const struct arc_last_release *releases, size_t count, const char *pushed,
                    struct ranked *ranked, struct wanted *wanted, struct arc_error *err)
{
    ARC_AUTO(names) struct names names = {0};
    ARC_TRY(sort_names(repository, pushed, &names, err));

    for (size_t i = 0; i < count; i++) {
        size_t same = 0, from = ranked->count;
        while (releases[same].group != releases[i].group)
            same++;
        if (same == i)
            ARC_TRY(rank(&names, releases[i].group, ranked, err));
        else
            from = wanted[same].at;
        wanted[i] = (struct wanted){.stable = releases[i].stable,
                                    .service = releases[i].service,
                                    .at = from,
                                    .end = same < i ? wanted[same].end : ranked->count,
                                    .found = SIZE_MAX};
    }

    return ARC_OK;
}

/* Tags that are asked about together. */
struct batch {
    struct arc_oid *commits;
    size_t *tags;
    bool *behind;
    size_t count;
};

static void batch_free(struct batch *batch)
{
    free(batch->commits);
    free(batch->tags);
    free(batch->behind);
}

static int fill_batch(const struct arc_git *git, const struct ranked *ranked,
                      const struct wanted *wanted, size_t count, size_t each, struct batch *out,
                      struct arc_error *err)
{
    out->commits = calloc(ranked->count + 1, sizeof *out->commits);
    out->tags = calloc(ranked->count + 1, sizeof *out->tags);
    out->behind = calloc(ranked->count + 1, sizeof *out->behind);
    ARC_AUTO_FREE bool *taken = calloc(ranked->count + 1, sizeof *taken);
    ARC_TRY_ALLOC(out->commits && out->tags && out->behind && taken, err);

    for (size_t i = 0; i < count; i++)
        for (size_t tag = wanted[i].at;
             wanted[i].found == SIZE_MAX && tag < wanted[i].end && tag < wanted[i].at + each;
             tag++) {
            struct arc_oid *commit = &out->commits[out->count];
            if (taken[tag] || !is_wanted(&wanted[i], &ranked->tags[tag]))
                continue;
            taken[tag] = true;
            int rc = arc_git_tag_commit(git, ranked->tags[tag].text, commit, NULL);
            if (rc == ARC_ENOMEM)
                return arc_error_nomem(err);
            if (rc == ARC_OK)
                out->tags[out->count++] = tag;
        }

    return ARC_OK;
}

/* Notes for each group the highest of the tags that turned out to be behind the head. */
static bool take_found(const struct ranked *ranked, struct wanted *wanted, size_t count,
                       size_t each, const bool *behind)
{
    bool open = false;

    for (size_t i = 0; i < count; i++) {
        if (wanted[i].found != SIZE_MAX)
            continue;
        size_t end = wanted[i].at + each < wanted[i].end ? wanted[i].at + each : wanted[i].end;
        for (size_t tag = wanted[i].at; tag < end && wanted[i].found == SIZE_MAX; tag++)
            if (behind[tag] && is_wanted(&wanted[i], &ranked->tags[tag]))
                wanted[i].found = tag;
        wanted[i].at = end;
        open |= wanted[i].found == SIZE_MAX && end < wanted[i].end;
    }

    return open;
}

/* The highest tags of all groups are asked about at once, then twice as many of those that are
 * left: each time may walk the history. Fills `commits` by tag. */
static int find_releases(const struct arc_base_request *request, const struct ranked *ranked,
                         const struct arc_oid *head, struct wanted *wanted, size_t count,
                         struct arc_oid *commits, struct arc_error *err)
{
    ARC_AUTO_FREE bool *behind = calloc(ranked->count + 1, sizeof *behind);
    ARC_TRY_ALLOC(behind, err);
    bool open = true;
    for (size_t each = 1; open; each *= 2) {
        ARC_AUTO(batch) struct batch batch = {0};
        ARC_TRY(fill_batch(request->git, ranked, wanted, count, each, &batch, err));
        ARC_TRY(arc_base_ancestors(request, head, batch.commits, batch.count, batch.behind, err));
        for (size_t i = 0; i < batch.count; i++) {
            commits[batch.tags[i]] = batch.commits[i];
            behind[batch.tags[i]] = batch.behind[i];
        }
        open = take_found(ranked, wanted, count, each, behind);
    }

    return ARC_OK;
}

int arc_services_find_releases(const struct arc_base_request *request,
                               struct arc_last_release *releases, size_t count,
                               const struct arc_oid *head, struct arc_error *err)
{
    ARC_AUTO(ranked) struct ranked ranked = {0};
    const char *ref = request->event->ref;
    const char *pushed = ref && strncmp(ref, TAGS, strlen(TAGS)) == 0 ? ref + strlen(TAGS) : NULL;

    ARC_TRY(arc_project_load_tags(request->project, err));

    const struct arc_repository *repository = &request->project->repository;
    if (!repository->tags)
        return arc_error_set(err, ARC_EWORLD, "the release tags are not known: %s",
                             repository->tags_unknown);

    ARC_AUTO_FREE struct wanted *wanted = calloc(count + 1, sizeof *wanted);
    ARC_TRY_ALLOC(wanted, err);
    ARC_TRY(rank_all(repository, releases, count, pushed, &ranked, wanted, err));

    ARC_AUTO_FREE struct arc_oid *commits = calloc(ranked.count + 1, sizeof *commits);
    ARC_TRY_ALLOC(commits, err);
    ARC_TRY(find_releases(request, &ranked, head, wanted, count, commits, err));

    for (size_t i = 0; i < count; i++) {
        size_t tag = wanted[i].found;
        if (tag == SIZE_MAX)
            continue;
        releases[i].commit = commits[tag];
        releases[i].tag = strdup(ranked.tags[tag].text);
        ARC_TRY_ALLOC(releases[i].tag, err);
    }

    return ARC_OK;
}

int arc_services_last_releases(const struct arc_base_request *request,
                               const struct arc_group *const *groups,
                               const struct arc_service *const *services, size_t count,
                               const struct arc_oid *head, struct arc_last_good *out,
                               struct arc_error *err)
{
    ARC_AUTO_FREE struct arc_last_release *releases = calloc(count + 1, sizeof *releases);
    ARC_TRY_ALLOC(releases, err);
    for (size_t i = 0; i < count; i++)
        releases[i] = (struct arc_last_release){.group = groups[i], .service = services[i]};
    int rc = arc_services_find_releases(request, releases, count, head, err);
    for (size_t i = 0; !rc && i < count; i++) {
        out[i].base = releases[i].commit;
        rc = releases[i].tag ? since(&out[i], releases[i].tag, "", err)
                             : never(&out[i], err, "never released: every file counts as added");
    }

    for (size_t i = 0; i < count; i++)
        free(releases[i].tag);

    return rc;
}

/* ---- images -------------------------------------------------------------------------------- */

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

static int read_revision(struct arc_registry *registry, const char *image, const char *tag,
                         struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest top = {0};
    ARC_AUTO(arc_manifest) struct arc_manifest child = {0};

    ARC_TRY(arc_registry_manifest(registry, image, tag, &top, err));
    take(annotated(top.document), out);
    const char *digest = first_image(top.document);
    if (*out->hex || !digest)
        return *out->hex ? ARC_OK : read_label(registry, image, top.document, out, err);
    ARC_TRY(arc_registry_manifest(registry, image, digest, &child, err));
    return read_label(registry, image, child.document, out, err);
}

/* Where a version stands in a file, its own image is asked for: what the registry lacks is due. */
static int last_image(const struct arc_base_request *request, const struct arc_group *group,
                      const struct arc_service *service, struct arc_last_good *out,
                      struct arc_error *err)
{
    struct arc_registry *registry = NULL;
    struct arc_oid revision = {{0}};
    ARC_AUTO_FREE char *tag = NULL;
    const char *image;

    ARC_TRY(arc_service_published_tag(group, service, &image, &tag, err));
    int rc = arc_registry_new(request->env, NULL, &registry, err);
    if (!rc)
        rc = read_revision(registry, image, tag, &revision, err);
    arc_registry_free(registry);

    if (rc == ARC_ENOTFOUND) {
        arc_error_clear(err);
        return never(out, err,
                     service->version
                         ? "its version was never published: every file counts as added"
                         : "never published: every file counts as added");
    }

    if (rc)
        return arc_error_prefix(err, "since-image of %s", service->codename);

    if (!*revision.hex)
        return never(out, err,
                     "its image does not name its commit (" REVISION
                     "): every file counts as added");

    rc = arc_base_find(request, revision.hex, &out->base, err);
    if (rc == ARC_ENOTFOUND) {
        arc_error_clear(err);
        return never(out, err, "its image's commit is not available: every file counts as added");
    }

    ARC_TRY(rc);

    return since(out, revision.hex, ", which its image was built of", err);
}

/* Where everything that starts from a service was good: behind all of their images. Nothing is said
 * before all of those are known. */
static int find_common(const struct arc_base_request *request,
                       const struct arc_service *const *services, size_t count,
                       const struct arc_last_good *good, const char *codename,
                       struct arc_last_good *out, struct arc_error *err)
{
    struct arc_oid common = {{0}};

    for (size_t i = 0; i < count; i++) {
        const struct arc_base_ref *base = services[i]->bases;
        const struct arc_oid *own = &good[i].base, before = common;
        while (base && base->ref && strcmp(base->codename, codename) != 0)
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
        arc_error_clear(err);
        if (rc || !*common.hex)
            return never(out, err,
                         "the images that start from it have no commit in common, or none known");
    }

    out->base = common;

    return since(out, common.hex, ", which the images that start from it have", err);
}

int arc_services_last_images(const struct arc_base_request *request,
                             const struct arc_group *const *groups,
                             const struct arc_service *const *services, size_t count,
                             struct arc_last_good *out, struct arc_error *err)
{
    size_t left = 0;

    for (size_t i = 0; i < count; i++)
        if (services[i]->linked)
            left++;
        else
            ARC_TRY(last_image(request, groups[i], services[i], &out[i], err));

    /* One that is linked may itself start from one that is linked. */
    for (size_t round = 0; round < left; round++)
        for (size_t i = 0; i < count; i++)
            if (services[i]->linked && !out[i].reason)
                ARC_TRY(find_common(request, services, count, out, services[i]->codename, &out[i],
                                    err));

    return ARC_OK;
}
