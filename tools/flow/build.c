#include "arcci/build.h"
#include "arcci/plan.h"
#include "base/auto.h"
#include "base/json.h"
#include "flow/build_run.h"
#include "flow/build_verify.h"
#include <string.h>

static bool pushes(const struct arc_build_options *options)
{
    return json_is_true(json_object_get(options->plan, "push"));
}

static json_t *service_of(const json_t *list, const char *codename)
{
    size_t i;
    json_t *service;
    json_array_foreach (list, i, service)
        if (strcmp(arc_json_text_of(service, "service"), codename) == 0)
            return service;
    return NULL;
}

static void tell(const struct arc_build_options *options, const char *service, const char *step)
{
    struct arc_build_event event = {
        .service = service, .platform = "", .step = step, .state = ARC_STEP_DONE};
    if (options->on_event)
        options->on_event(options->context, &event);
}

/* ---- what is already there ----------------------------------------------------------------- */

/* Puts the services that are in the registry as they should be into `ledger`, the names of the
 * others into `missing`. */
static int find_built(const struct arc_build_options *options, struct arc_registry *registry,
                      const json_t *keys, json_t *ledger, json_t *missing, struct arc_error *err)
{
    const char *codename;
    json_t *key;
    json_object_foreach ((json_t *)keys, codename, key) {
        const json_t *services = json_object_get(options->plan, "services");
        json_t *entry = NULL;
        const char *why = "asked to build it again";
        int rc = ARC_OK;
        if (!options->rebuild)
            rc = arc_build_find(options, registry, service_of(services, codename),
                                json_string_value(key), &entry, &why, err);
        if (rc)
            return rc;
        if (entry)
            tell(options, codename, "already built from the same inputs, and verified");
        json_t *name = entry ? NULL : json_string(codename);
        if (entry ? json_array_append_new(ledger, entry) : json_array_append_new(missing, name))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

/* ---- what was built ------------------------------------------------------------------------ */

/* Adds how long each cell took. */
static void add_times(const struct arc_progress *progress, json_t *entry)
{
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(entry, "cells"), i, cell) {
        struct arc_progress_cell seen;
        if (!arc_progress_cell(progress, arc_json_text_of(entry, "service"),
                               arc_json_text_of(cell, "platform"), &seen))
            continue;
        json_object_set_new(cell, "started", json_real(seen.started));
        json_object_set_new(cell, "duration", json_real(seen.seconds));
        json_object_set_new(cell, "cached", json_boolean(seen.cached));
    }
}

/* The entry of an image that stays on this machine: nothing to read back. */
static json_t *local_entry(const json_t *service, const json_t *target, const char *digest)
{
    ARC_AUTO_JSON json_t *cells = json_array();
    size_t i;
    json_t *platform;
    json_array_foreach (json_object_get(target, "platforms"), i, platform)
        if (json_array_append_new(cells,
                                  json_pack("{s:O, s:n, s:n, s:n, s:n, s:n, s:[]}", "platform",
                                            platform, "digest", "size", "started", "duration",
                                            "cached", "attestations")))
            return NULL;
    return json_pack("{s:O, s:O, s:s?, s:n, s:[], s:b, s:[], s:O}", "service",
                     json_object_get(service, "service"), "image",
                     json_object_get(service, "image"), "digest", *digest ? digest : NULL, "key",
                     "tags", "built", true, "base-images", "cells", cells);
}

/* By digest there is no tag yet; later runs, --merge and --promote look for the staging tag. */
static int put_staging(struct arc_registry *registry, const json_t *service, const char *staging,
                       const struct arc_manifest *index, struct arc_error *err)
{
    return arc_registry_put(registry, arc_json_text_of(service, "image"), staging, index, err);
}

static int read_back(const struct arc_build_options *options, struct arc_registry *registry,
                     const json_t *target, const json_t *service, const char *digest, bool tagged,
                     json_t **entry, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};
    struct arc_verify verify = {.registry = registry,
                                .service = service,
                                .platforms = json_object_get(target, "platforms"),
                                .reference = digest};
    int rc = arc_verify_index(&verify, &index, entry, err);
    if (rc == ARC_ENOTFOUND)
        rc = arc_error_set(err, ARC_EFAILED,
                           "%s: buildx says that it pushed %s, but the registry does not have it",
                           arc_json_text_of(service, "image"), digest);
    if (!rc)
        tell(options, arc_json_text_of(service, "service"),
             "read back from the registry, and verified");
    return rc || tagged
               ? rc
               : put_staging(registry, service, arc_json_text_of(service, "staging"), &index, err);
}

static int add_entry(const struct arc_build_options *options, struct arc_registry *registry,
                     const json_t *definition, const struct arc_bake_result *result,
                     const char *codename, json_t *ledger, struct arc_error *err)
{
    const json_t *target = json_object_get(json_object_get(definition, "target"), codename);
    const json_t *service = service_of(json_object_get(options->plan, "services"), codename);
    const char *digest =
        arc_json_text_of(json_object_get(result->metadata, codename), "containerimage.digest");
    bool tagged = json_array_size(json_object_get(target, "tags")) > 0;
    json_t *entry = NULL;
    int rc = ARC_OK;
    if (!pushes(options))
        entry = local_entry(service, target, digest);
    else if (!*digest)
        rc = arc_error_set(err, ARC_EFAILED, "buildx told no digest for %s", codename);
    else
        rc = read_back(options, registry, target, service, digest, tagged, &entry, err);
    if (rc)
        return rc;
    if (entry)
        add_times(result->progress, entry);
    return json_array_append_new(ledger, entry) ? arc_error_nomem(err) : ARC_OK;
}

static int build_missing(const struct arc_build_options *options, struct arc_registry *registry,
                         const json_t *keys, const json_t *missing, json_t *ledger,
                         struct arc_error *err)
{
    ARC_AUTO(arc_bake_result) struct arc_bake_result result = {0};
    ARC_AUTO_JSON json_t *definition = NULL;
    struct arc_bake_options bake = {.plan = options->plan,
                                    .cell = options->cell,
                                    .services = missing,
                                    .keys = keys,
                                    .cache = options->cache,
                                    .sbom = options->sbom};
    if (missing && !json_array_size(missing))
        return ARC_OK;
    int rc = pushes(options) && !options->cell ? arc_build_driver(options, &bake.by_digest, err)
                                               : ARC_OK;
    if (!rc)
        rc = arc_bake(&bake, &definition, err);
    if (!rc && json_object_size(json_object_get(definition, "target")))
        rc = arc_bake_run(options, definition, &result, err);
    const char *codename;
    json_t *target;
    json_object_foreach (json_object_get(definition, "target"), codename, target)
        rc = rc ? rc : add_entry(options, registry, definition, &result, codename, ledger, err);
    return rc;
}

/* ---- the stage ----------------------------------------------------------------------------- */

/* build.json, with the services in the plan's order. */
static int make_document(const struct arc_build_options *options, const json_t *ledger,
                         json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *services = json_array();
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(options->plan, "services"), i, service) {
        json_t *entry = service_of(ledger, arc_json_text_of(service, "service"));
        if (entry && json_array_append(services, entry))
            return arc_error_nomem(err);
    }
    *out = json_pack("{s:O, s:O, s:O, s:O}", "group", json_object_get(options->plan, "group"),
                     "revision", json_object_get(options->plan, "revision"), "pushed",
                     json_object_get(options->plan, "push"), "services", services);
    return *out ? ARC_OK : arc_error_nomem(err);
}

int arc_build(const struct arc_build_options *options, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *keys = NULL;
    ARC_AUTO_JSON json_t *ledger = json_array();
    ARC_AUTO_JSON json_t *missing = json_array();
    struct arc_registry *registry = NULL;
    int rc = arc_plan_check(options->plan, err);
    if (!rc && pushes(options))
        rc = arc_build_keys(options, &keys, err);
    if (!rc && pushes(options))
        rc = arc_registry_new(options->env, options->clock, &registry, err);
    bool whole = pushes(options) && !options->cell;
    if (!rc && whole)
        rc = find_built(options, registry, keys, ledger, missing, err);
    if (!rc)
        rc = build_missing(options, registry, keys, whole ? missing : NULL, ledger, err);
    if (!rc)
        rc = make_document(options, ledger, out, err);
    arc_registry_free(registry);
    return rc;
}

int arc_build_describe(const struct arc_build_options *options, json_t **argv, json_t **definition,
                       struct arc_error *err)
{
    ARC_AUTO_JSON json_t *keys = NULL;
    struct arc_bake_options bake = {.plan = options->plan,
                                    .cell = options->cell,
                                    .cache = options->cache,
                                    .sbom = options->sbom};
    int rc = arc_plan_check(options->plan, err);
    if (!rc && pushes(options))
        rc = arc_build_keys(options, &keys, err);
    bake.keys = keys;
    if (!rc)
        rc = arc_bake(&bake, definition, err);
    if (rc)
        return rc;
    *argv = arc_build_argv(options, "metadata.json", "rawjson");
    return *argv ? ARC_OK : arc_error_nomem(err);
}
