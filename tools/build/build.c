#include "arcci/build.h"
#include "arcci/documents.h"
#include "arcci/plan.h"
#include "base/auto.h"
#include "base/json.h"
#include "build/run.h"
#include "build/verify.h"
#include <string.h>

/* A build under way. */
struct run {
    const struct arc_build_options *options;
    struct arc_registry *registry; /* NULL when nothing is pushed */
    struct arc_build_listener listener;
    const json_t *cell; /* the only cell that is built; NULL: whole services */
    bool engine;        /* the builder is the engine itself */
    json_t *platforms;  /* of every target: the plan's, or the cell's */
    json_t *keys;       /* codename → key, of every target */
    json_t *missing;    /* codenames that have to be built; NULL: all */
    json_t *ledger;     /* entries of build.json, in any order */
};

static void run_free(struct run *run)
{
    arc_registry_free(run->registry);
    json_decref(run->platforms);
    json_decref(run->keys);
    json_decref(run->missing);
    json_decref(run->ledger);
}

static bool pushes(const struct arc_build_options *options)
{
    return json_is_true(json_object_get(options->plan, "push"));
}

static json_t *entry_of(const json_t *list, const char *codename)
{
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry)
        if (strcmp(arc_json_text_of(entry, "service"), codename) == 0)
            return entry;
    return NULL;
}

static const json_t *service_of(const struct run *run, const char *codename)
{
    return entry_of(json_object_get(run->options->plan, "services"), codename);
}

static const char *staging_of(const struct run *run, const json_t *service)
{
    return arc_json_text_of(run->cell ? run->cell : service, "staging");
}

static void tell(const struct run *run, const char *service, const char *step)
{
    const struct arc_build_options *options = run->options;
    struct arc_build_event event = {
        .service = service, .platform = "", .step = step, .state = ARC_STEP_DONE};
    if (options->on_event)
        options->on_event(options->context, &event);
}

static struct arc_verify verify_of(const struct run *run, const char *codename,
                                   const char *reference)
{
    return (struct arc_verify){.registry = run->registry,
                               .service = service_of(run, codename),
                               .platforms = run->platforms,
                               .reference = reference,
                               .details = true};
}

/* ---- what is already there ----------------------------------------------------------------- */

static int note_found(struct run *run, const char *codename, json_t *entry, struct arc_error *err)
{
    if (entry)
        tell(run, codename, "already built from the same inputs, and verified");
    int failed = entry ? json_array_append_new(run->ledger, entry)
                       : json_array_append_new(run->missing, json_string(codename));
    return failed ? arc_error_nomem(err) : ARC_OK;
}

/* Puts what is in the registry as it should be into the ledger, and names the rest. */
static int find_built(struct run *run, struct arc_error *err)
{
    struct arc_verify *verifies = calloc(json_object_size(run->keys) + 1, sizeof *verifies);
    size_t count = 0;
    const char *codename;
    json_t *key;
    run->missing = json_array();
    if (!verifies || !run->missing) {
        free(verifies);
        return arc_error_nomem(err);
    }
    json_object_foreach (run->keys, codename, key)
        verifies[count++] = verify_of(run, codename, staging_of(run, service_of(run, codename)));
    int rc = arc_verify_ahead(verifies, count, err);
    count = 0;
    json_object_foreach (run->keys, codename, key) {
        json_t *entry = NULL;
        const char *wanted = json_string_value(key);
        rc =
            rc ? rc
               : arc_build_find(run->options, &verifies[count++], wanted, run->engine, &entry, err);
        rc = rc ? rc : note_found(run, codename, entry, err);
    }
    free(verifies);
    arc_registry_forget(run->registry);
    return rc;
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

static int add_entry(struct run *run, const struct arc_bake_result *result, json_t *entry,
                     struct arc_error *err)
{
    if (entry)
        add_times(result->progress, entry);
    return json_array_append_new(run->ledger, entry) ? arc_error_nomem(err) : ARC_OK;
}

static const char *digest_of(const struct arc_bake_result *result, const char *codename)
{
    return arc_json_text_of(json_object_get(result->metadata, codename), "containerimage.digest");
}

/* The entry of an image that stays on this machine: nothing to read back. */
static json_t *local_entry(const struct run *run, const char *codename, const char *digest)
{
    ARC_AUTO_JSON json_t *cells = json_array();
    const json_t *service = service_of(run, codename);
    size_t i;
    json_t *platform;
    json_array_foreach (run->platforms, i, platform)
        if (json_array_append_new(cells,
                                  json_pack("{s:O, s:n, s:n, s:n, s:n, s:n, s:n, s:[]}", "platform",
                                            platform, "digest", "size", "unpacked", "started",
                                            "duration", "cached", "attestations")))
            return NULL;
    return json_pack("{s:O, s:O, s:s?, s:n, s:[], s:b, s:[], s:O}", "service",
                     json_object_get(service, "service"), "image",
                     json_object_get(service, "image"), "digest", *digest ? digest : NULL, "key",
                     "tags", "built", true, "base-images", "cells", cells);
}

/* Verifies one index. Pushed by digest it has no tag yet: later runs, --merge and --promote look
 * for the staging tag. */
static int read_back(const struct run *run, const struct arc_verify *verify, bool tagged,
                     json_t **entry, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};
    const json_t *service = verify->service;
    const char *image = arc_json_text_of(service, "image");
    if (!*verify->reference)
        return arc_error_set(err, ARC_EFAILED, "buildx told no digest for %s",
                             arc_json_text_of(service, "service"));
    int rc = arc_verify_index(verify, &index, entry, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED,
                             "%s: buildx says that it pushed %s, but the registry does not have it",
                             image, verify->reference);
    if (rc)
        return rc;
    tell(run, arc_json_text_of(service, "service"), "read back from the registry, and verified");
    return tagged ? ARC_OK
                  : arc_registry_put(run->registry, image, staging_of(run, service), &index, err);
}

/* Asks for all that verification will read of what was built. `digests`: target → digest. */
static int ask_ahead(const struct run *run, const json_t *digests, struct arc_error *err)
{
    struct arc_verify *verifies = calloc(json_object_size(digests) + 1, sizeof *verifies);
    size_t count = 0;
    const char *codename;
    json_t *digest;
    if (!verifies)
        return arc_error_nomem(err);
    json_object_foreach ((json_t *)digests, codename, digest)
        verifies[count++] = verify_of(run, codename, json_string_value(digest));
    int rc = arc_verify_ahead(verifies, count, err);
    free(verifies);
    return rc;
}

/* While bake still runs. What fails here is asked for again. */
static void on_pushed(void *context, const json_t *digests)
{
    ask_ahead(context, digests, NULL);
}

static void on_event(void *context, const struct arc_build_event *event)
{
    const struct arc_build_options *options = ((struct run *)context)->options;
    if (options->on_event)
        options->on_event(options->context, event);
}

static int read_all_back(struct run *run, const json_t *targets,
                         const struct arc_bake_result *result, bool tagged, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *digests = json_object();
    const char *codename;
    json_t *item;
    json_object_foreach ((json_t *)targets, codename, item)
        if (json_object_set_new(digests, codename, json_string(digest_of(result, codename))))
            return arc_error_nomem(err);
    int rc = ask_ahead(run, digests, err); /* what was not asked for while bake ran */
    json_object_foreach (digests, codename, item) {
        struct arc_verify verify = verify_of(run, codename, json_string_value(item));
        json_t *entry = NULL;
        rc = rc ? rc : read_back(run, &verify, tagged, &entry, err);
        rc = rc ? rc : add_entry(run, result, entry, err);
    }
    return rc;
}

static int note_local(struct run *run, const json_t *targets, const struct arc_bake_result *result,
                      struct arc_error *err)
{
    int rc = ARC_OK;
    const char *codename;
    json_t *target;
    json_object_foreach ((json_t *)targets, codename, target)
        rc = rc ? rc
                : add_entry(run, result, local_entry(run, codename, digest_of(result, codename)),
                            err);
    return rc;
}

static int build_missing(struct run *run, struct arc_error *err)
{
    const struct arc_build_options *options = run->options;
    ARC_AUTO(arc_bake_result) struct arc_bake_result result = {0};
    ARC_AUTO_JSON json_t *definition = NULL;
    struct arc_bake_options bake = {.env = options->env,
                                    .plan = options->plan,
                                    .cell = options->cell,
                                    .services = run->missing,
                                    .keys = run->keys,
                                    .cache = options->cache,
                                    .sbom = options->sbom,
                                    .by_digest = pushes(options) && !run->engine};
    if (run->missing && !json_array_size(run->missing))
        return ARC_OK;
    if (pushes(options))
        tell(run, "",
             bake.by_digest ? "pushing by digest; the staging tags follow once verified"
                            : "pushing under the staging tags");
    int rc = arc_bake(&bake, &definition, err);
    const json_t *targets = json_object_get(definition, "target");
    struct arc_progress_options watch = {definition, on_event, pushes(options) ? on_pushed : NULL,
                                         run};
    if (!rc && json_object_size(targets))
        rc = arc_bake_run(options, &watch, &result, err);
    if (rc)
        return rc;
    return pushes(options) ? read_all_back(run, targets, &result, !bake.by_digest, err)
                           : note_local(run, targets, &result, err);
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
        json_t *entry = entry_of(ledger, arc_json_text_of(service, "service"));
        if (entry && json_array_append(services, entry))
            return arc_error_nomem(err);
    }
    *out = json_pack("{s:s, s:i, s:O, s:O, s:O, s:O}", "document", "build", "format",
                     ARC_DOCUMENT_FORMAT, "group", json_object_get(options->plan, "group"),
                     "revision", json_object_get(options->plan, "revision"), "pushed",
                     json_object_get(options->plan, "push"), "services", services);
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* Fills in what the plan and the options say about every target. */
static int start(struct run *run, struct arc_error *err)
{
    const struct arc_build_options *options = run->options;
    run->ledger = json_array();
    int rc = arc_plan_check(options->plan, err);
    if (!rc && options->cell)
        rc = arc_bake_cell(options->plan, options->cell, &run->cell, err);
    if (rc)
        return rc;
    run->platforms = run->cell ? json_pack("[O]", json_object_get(run->cell, "platform"))
                               : json_incref(json_object_get(options->plan, "platforms"));
    if (!run->ledger || !run->platforms)
        return arc_error_nomem(err);
    if (!pushes(options))
        return ARC_OK;
    rc = arc_build_is_engine(options, &run->engine, err);
    if (!rc)
        rc = arc_build_keys(options, &run->keys, err);
    if (!rc)
        rc = arc_registry_new(options->env, options->clock, &run->registry, err);
    if (rc)
        return rc;
    run->listener = (struct arc_build_listener){options->on_event, options->context};
    arc_registry_on_wait(run->registry, arc_build_tell_wait, &run->listener);
    return ARC_OK;
}

/* The options with the work tree for a current directory: a plan's folders lie below it. `there`
 * and `root` are what they borrow from. */
static int at_root(struct arc_project *project, const struct arc_build_options *given,
                   struct arc_build_options *options, struct arc_env *there, char **root,
                   struct arc_error *err)
{
    *root = arc_project_root(project);
    if (!*root)
        return arc_error_nomem(err);
    *there = *project->env;
    there->cwd = *root;
    *options = *given;
    options->env = there;
    return ARC_OK;
}

int arc_build(struct arc_project *project, const struct arc_build_options *given, json_t **out,
              struct arc_error *err)
{
    ARC_AUTO_FREE char *root = NULL;
    struct arc_env there;
    struct arc_build_options options;
    int rc = at_root(project, given, &options, &there, &root, err);
    if (rc)
        return rc;
    ARC_AUTO(run) struct run run = {.options = &options};
    rc = start(&run, err);
    if (!rc && pushes(&options) && !options.rebuild)
        rc = find_built(&run, err);
    if (!rc)
        rc = build_missing(&run, err);
    return rc ? rc : make_document(&options, run.ledger, out, err);
}

int arc_build_describe(struct arc_project *project, const struct arc_build_options *given,
                       json_t **argv, json_t **definition, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *keys = NULL;
    ARC_AUTO_FREE char *root = NULL;
    struct arc_env there;
    struct arc_build_options options;
    struct arc_bake_options bake = {.env = given->env,
                                    .plan = given->plan,
                                    .cell = given->cell,
                                    .cache = given->cache,
                                    .sbom = given->sbom};
    bool engine = true;
    int rc = at_root(project, given, &options, &there, &root, err);
    if (!rc)
        rc = arc_plan_check(given->plan, err);
    if (!rc && pushes(given))
        rc = arc_build_keys(&options, &keys, err);
    if (!rc && pushes(given))
        arc_build_is_engine(&options, &engine, NULL); /* without docker: as it is by default */
    bake.keys = keys;
    bake.by_digest = !engine;
    if (!rc)
        rc = arc_bake(&bake, definition, err);
    if (rc)
        return rc;
    *argv = arc_build_argv(given, "metadata.json", "rawjson");
    return *argv ? ARC_OK : arc_error_nomem(err);
}
