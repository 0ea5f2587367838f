#include "base/json.h"
#include "build/run.h"

/* The parts to join for one service. */
struct join {
    struct arc_registry *registry;
    const struct arc_planned_service *service;
    json_t *manifests;   /* descriptors of the images in the plan's order of platforms, then of the
                            attestations */
    size_t images;       /* number of images */
    json_t *annotations; /* annotations of the first leg's index */
};

static void join_free(struct join *join)
{
    json_decref(join->manifests);
    json_decref(join->annotations);
}

/* Checks that all legs of a service were built from the same inputs. */
static int check_key(struct join *join, const json_t *annotations, const char *leg,
                     struct arc_error *err)
{
    if (!join->annotations) {
        join->annotations = annotations ? json_deep_copy(annotations) : json_object();
        return arc_error_unless(join->annotations, err);
    }

    const char *first = arc_json_text_of(join->annotations, ARC_KEY_ANNOTATION);
    if (strcmp(first, arc_json_text_of(annotations, ARC_KEY_ANNOTATION)) == 0)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "%s was built from other inputs than the previous legs; build it again",
                         leg);
}

static int add_leg(struct join *join, const struct arc_cell *cell, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};
    char *platforms[] = {cell->platform, NULL};
    struct arc_built_service built;
    struct arc_verify verify = {join->registry, join->service, platforms,
                                cell->staging,  false,         NULL};
    char leg[600];

    snprintf(leg, sizeof leg, "%.200s/%.100s", cell->service, cell->platform);
    int rc = arc_verify_ahead(&verify, 1, err);
    if (!rc)
        rc = arc_verify_index(&verify, &memory, &built, &index, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED,
                             "%s is missing: %s:%s is not in the registry; build it with arc-ci "
                             "build --cell %s",
                             leg, join->service->image, verify.reference, leg);

    if (!rc)
        rc = check_key(join, json_object_get(index.document, "annotations"), leg, err);

    arc_json_each (item, json_object_get(index.document, "manifests")) {
        bool image = !arc_is_attestation(item);
        size_t end = json_array_size(join->manifests);
        if (!rc && json_array_insert(join->manifests, image ? join->images : end, item))
            rc = arc_error_nomem(err);
        join->images += image;
    }

    return rc;
}

static int merge_service(const struct arc_build_options *options, struct arc_registry *registry,
                         const struct arc_planned_service *service, struct arc_ledger *out,
                         struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};
    ARC_AUTO(join) struct join join = {registry, service, json_array(), 0, NULL};

    ARC_TRY_ALLOC(join.manifests, err);
    arc_each (cell, options->plan->cells, options->plan->cell_count)
        if (strcmp(cell->service, service->service) == 0)
            ARC_TRY(add_leg(&join, cell, err));

    /* Makes the index (OCI image spec 1.1, "Image Index"). The same legs always give the same
     * bytes. */
    ARC_AUTO(arc_buf) struct arc_buf bytes = {.max = ARC_MANIFEST_MAX};
    ARC_AUTO_JSON json_t *document =
        json_pack("{s:i, s:s, s:O, s:O}", "schemaVersion", 2, "mediaType", ARC_MEDIA_INDEX,
                  "manifests", join.manifests, "annotations", join.annotations);
    ARC_AUTO_FREE char *text = document ? arc_json_dumps(document, JSON_INDENT(2)) : NULL;
    ARC_TRY_ALLOC(text, err);
    arc_buf_puts(&bytes, text);
    ARC_TRY(arc_manifest_make(&bytes, &index, err));
    ARC_TRY(arc_build_stage(registry, service, service->staging, &index, err));

    struct arc_verify verify = {registry, service, service->platforms, index.digest, true, NULL};
    ARC_TRY(arc_verify_ahead(&verify, 1, err));
    ARC_TRY(arc_verify_index(&verify, &out->memory, &out->services[out->service_count], NULL, err));
    out->service_count++;
    arc_build_tell(&options->listener, service->service, "joined, read back and verified");

    return ARC_OK;
}

int arc_merge(const struct arc_build_options *options, struct arc_ledger *out,
              struct arc_error *err)
{
    const struct arc_plan *plan = options->plan;
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;
    *out = (struct arc_ledger){0};

    if (!plan->push)
        return arc_error_set(err, ARC_EINPUT,
                             "the plan pushes nothing, so there is nothing to join; make it with "
                             "arc-ci plan --push");

    if (arc_plan_is_train(plan))
        return arc_build_train(options, out, err);
    ARC_TRY(arc_ledger_begin(plan, out, err));
    ARC_TRY(arc_or_free(
        arc_ledger, out,
        arc_build_open_registry(options->env, options->clock, &options->listener, &registry, err)));

    arc_registry_await_pushed(registry); /* by the jobs of the cells */
    arc_each (service, plan->services, plan->service_count)
        if (service->selected)
            ARC_TRY(
                arc_or_free(arc_ledger, out, merge_service(options, registry, service, out, err)));

    return ARC_OK;
}
