#include "arcci/build.h"
#include "arcci/documents.h"
#include "arcci/plan.h"
#include "base/auto.h"
#include "base/json.h"
#include "build/run.h"
#include "build/verify.h"
#include <string.h>

/* ---- one leg ------------------------------------------------------------------------------- */

/* What is joined for one service. */
struct join {
    struct arc_registry *registry;
    const json_t *service; /* of plan.json */
    json_t *images;        /* descriptors, in the plan's order of platforms */
    json_t *attestations;
    json_t *annotations; /* of the first leg's index */
};

/* The legs of one service are made from the same inputs, or they are not one image. */
static int check_key(struct join *join, const json_t *annotations, const char *leg,
                     struct arc_error *err)
{
    if (!join->annotations) {
        join->annotations = annotations ? json_deep_copy(annotations) : json_object();
        return join->annotations ? ARC_OK : arc_error_nomem(err);
    }
    const char *first = arc_json_text_of(join->annotations, ARC_KEY_ANNOTATION);
    if (strcmp(first, arc_json_text_of(annotations, ARC_KEY_ANNOTATION)) == 0)
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED,
                         "%s was made from other inputs than the legs before it; build it again",
                         leg);
}

static int add_leg(struct join *join, const json_t *cell, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};
    ARC_AUTO_JSON json_t *platforms = json_pack("[O]", json_object_get(cell, "platform"));
    ARC_AUTO_JSON json_t *entry = NULL;
    struct arc_verify verify = {join->registry, join->service, platforms,
                                arc_json_text_of(cell, "staging"), false};
    char leg[600];
    snprintf(leg, sizeof leg, "%.200s/%.100s", arc_json_text_of(cell, "service"),
             arc_json_text_of(cell, "platform"));
    int rc = arc_verify_ahead(&verify, 1, err);
    if (!rc)
        rc = arc_verify_index(&verify, &index, &entry, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED,
                             "%s is missing: %s:%s is not in the registry; build it with arc-ci "
                             "build --cell %s",
                             leg, arc_json_text_of(join->service, "image"), verify.reference, leg);
    if (!rc)
        rc = check_key(join, json_object_get(index.document, "annotations"), leg, err);
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(index.document, "manifests"), i, item) {
        json_t *list = arc_is_attestation(item) ? join->attestations : join->images;
        if (!rc && json_array_append(list, item))
            rc = arc_error_nomem(err);
    }
    return rc;
}

static int add_legs(struct join *join, const json_t *plan, struct arc_error *err)
{
    int rc = ARC_OK;
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(plan, "cells"), i, cell) {
        bool own = strcmp(arc_json_text_of(cell, "service"),
                          arc_json_text_of(join->service, "service")) == 0;
        rc = rc || !own ? rc : add_leg(join, cell, err);
    }
    return rc;
}

/* ---- the index ----------------------------------------------------------------------------- */

/* OCI image spec 1.1, "Image Index". The same legs always give the same bytes. */
static int make_index(const struct join *join, struct arc_manifest *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf bytes = {.max = ARC_MANIFEST_MAX};
    ARC_AUTO_JSON json_t *manifests = json_copy(join->images);
    if (!manifests || json_array_extend(manifests, join->attestations))
        return arc_error_nomem(err);
    ARC_AUTO_JSON json_t *index =
        json_pack("{s:i, s:s, s:O, s:O}", "schemaVersion", 2, "mediaType", ARC_MEDIA_INDEX,
                  "manifests", manifests, "annotations", join->annotations);
    ARC_AUTO_FREE char *text = index ? json_dumps(index, JSON_INDENT(2)) : NULL;
    if (!text)
        return arc_error_nomem(err);
    arc_buf_puts(&bytes, text);
    return arc_manifest_make(&bytes, ARC_MEDIA_INDEX, out, err);
}

static int merge_service(const struct arc_build_options *options, struct join *join, json_t **entry,
                         struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};
    const char *image = arc_json_text_of(join->service, "image");
    int rc = add_legs(join, options->plan, err);
    if (!rc)
        rc = make_index(join, &index, err);
    if (!rc)
        rc = arc_registry_put(join->registry, image, arc_json_text_of(join->service, "staging"),
                              &index, err);
    struct arc_verify verify = {join->registry, join->service,
                                json_object_get(options->plan, "platforms"), index.digest, true};
    if (!rc)
        rc = arc_verify_ahead(&verify, 1, err);
    if (!rc)
        rc = arc_verify_index(&verify, NULL, entry, err);
    struct arc_build_event event = {.service = arc_json_text_of(join->service, "service"),
                                    .platform = "",
                                    .step = "joined, read back and verified",
                                    .state = ARC_STEP_DONE};
    if (!rc && options->on_event)
        options->on_event(options->context, &event);
    return rc;
}

static int merge_one(const struct arc_build_options *options, struct arc_registry *registry,
                     const json_t *service, json_t *services, struct arc_error *err)
{
    json_t *entry = NULL;
    struct join join = {registry, service, json_array(), json_array(), NULL};
    int rc = join.images && join.attestations ? merge_service(options, &join, &entry, err)
                                              : arc_error_nomem(err);
    json_decref(join.images);
    json_decref(join.attestations);
    json_decref(join.annotations);
    if (rc)
        return rc;
    return json_array_append_new(services, entry) ? arc_error_nomem(err) : ARC_OK;
}

int arc_merge(const struct arc_build_options *options, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *services = json_array();
    struct arc_registry *registry = NULL;
    int rc = arc_plan_check(options->plan, err);
    if (rc)
        return rc;
    if (!json_is_true(json_object_get(options->plan, "push")))
        return arc_error_set(err, ARC_EINPUT,
                             "the plan pushes nothing, so there is nothing to join; make it with "
                             "arc-ci plan --push");
    struct arc_build_listener listener = {options->on_event, options->context};
    ARC_TRY(arc_registry_new(options->env, options->clock, &registry, err));
    arc_registry_on_wait(registry, arc_build_tell_wait, &listener);
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(options->plan, "services"), i, service) {
        bool selected = json_is_true(json_object_get(service, "selected"));
        rc = rc || !selected ? rc : merge_one(options, registry, service, services, err);
    }
    arc_registry_free(registry);
    if (rc)
        return rc;
    *out =
        json_pack("{s:s, s:i, s:O, s:O, s:b, s:O}", "document", "build", "format",
                  ARC_DOCUMENT_FORMAT, "group", json_object_get(options->plan, "group"), "revision",
                  json_object_get(options->plan, "revision"), "pushed", true, "services", services);
    return *out ? ARC_OK : arc_error_nomem(err);
}
