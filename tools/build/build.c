#include "config/build.h"
#include "base/json.h"
#include "build/run.h"

/* The state of a build. Arrays are indexed by the plan's services. */
struct run {
    const struct arc_build_options *options;
    struct arc_registry *registry; /* NULL: nothing is pushed */
    const struct arc_cell **cells; /* the cells to build; NULL: whole services */
    bool engine;                   /* the builder is the engine itself */
    char *one[2];                  /* the cells' platform */
    const char *load;          /* platform of the engine that images are loaded into; NULL: none */
    char **keys;               /* of every target; NULL: nothing is pushed */
    bool *done;                /* whether its entry is filled in */
    struct arc_ledger *ledger; /* entries per service, compacted at the end */
    struct arc_arena *memory;  /* the ledger's */
};

static void run_free(struct run *run)
{
    arc_registry_free(run->registry);
    free(run->cells);
}

static bool pushes(const struct run *run)
{
    return run->options->plan->push && !run->options->load;
}

static const char *staging_of(const struct run *run, const struct arc_planned_service *service)
{
    const struct arc_cell *cell =
        run->cells ? run->cells[service - run->options->plan->services] : NULL;
    return cell ? cell->staging : service->staging;
}

static char *const *platforms_of(const struct run *run, const struct arc_planned_service *service)
{
    if (run->cells)
        return run->one;
    char *const *platform = service->platforms;
    const char *loaded = arc_load_platform(run->load, service);
    while (loaded && strcmp(*platform, loaded) != 0)
        platform++;
    return platform;
}

static struct arc_verify verify_of(const struct run *run, const struct arc_planned_service *service,
                                   const char *reference)
{
    return (struct arc_verify){.registry = run->registry,
                               .service = service,
                               .platforms = platforms_of(run, service),
                               .reference = reference,
                               .details = true,
                               .listener = &run->options->listener};
}

/* ---- what is already there ----------------------------------------------------------------- */

/* Adds services already in the registry to the ledger. */
static int find_built(struct run *run, struct arc_error *err)
{
    const struct arc_plan *plan = run->options->plan;
    bool *parts = arc_arena_array(run->memory, plan->service_count, sizeof *parts);
    struct arc_verify *verifies = NULL;
    size_t count = 0;

    ARC_TRY_ALLOC(parts, err);
    for (size_t i = 0; i < plan->service_count; i++)
        if (run->keys[i])
            ARC_APPEND(run->memory, verifies, count, err,
                       verify_of(run, &plan->services[i], staging_of(run, &plan->services[i])));
    ARC_TRY(arc_verify_ahead(verifies, count, err));

    arc_each (verify, verifies, count) {
        size_t i = (size_t)(verify->service - plan->services);
        ARC_TRY(arc_build_find(run->options, verify, run->keys[i], run->engine, run->memory,
                               &run->ledger->services[i], &run->done[i], err));
    }

    /* What stands on an image that is to be built does not stand on that yet. */
    for (size_t i = 0; i < plan->service_count; i++) {
        if (!run->done[i])
            continue;
        memset(parts, 0, plan->service_count * sizeof *parts);
        arc_planned_mark(plan, &plan->services[i], parts);
        for (size_t k = 0; k < plan->service_count; k++)
            run->done[i] &= !(parts[k] && run->keys[k] && !run->done[k]);
        if (run->done[i])
            arc_build_tell(&run->options->listener, plan->services[i].service,
                           "already built from the same inputs, and verified");
    }

    arc_registry_forget(run->registry);

    return ARC_OK;
}

/* ---- what was built ------------------------------------------------------------------------ */

/* Makes the entry of a local image, which is not read back. */
static int make_local(const struct run *run, const struct arc_verify *verify,
                      struct arc_built_service *built, struct arc_error *err)
{
    const struct arc_planned_service *service = verify->service;
    struct arc_arena *memory = run->memory;

    *built = (struct arc_built_service){
        .service = arc_arena_text(memory, service->service),
        .image = arc_arena_text(memory, service->image),
        .digest = *verify->reference ? arc_arena_text(memory, verify->reference) : NULL,
        .built = true,
    };

    for (char *const *platform = verify->platforms; *platform; platform++) {
        if (built->cell_count && run->load)
            break; /* the first one matches */
        ARC_APPEND(memory, built->cells, built->cell_count, err,
                   (struct arc_built_cell){.platform = arc_arena_text(memory, *platform),
                                           .size = -1,
                                           .unpacked = -1,
                                           .started = -1,
                                           .duration = -1,
                                           .cached = -1});
    }

    return arc_arena_check(memory, err);
}

/* Verifies one index. If it was pushed by digest, gives it its staging tag, for later runs, --merge
 * and --promote. */
static int read_back(const struct run *run, const struct arc_verify *verify, bool tagged,
                     struct arc_built_service *built, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};
    const struct arc_planned_service *service = verify->service;

    if (!*verify->reference)
        return arc_error_set(err, ARC_EFAILED, "buildx reported no digest for %s",
                             service->service);

    int rc = arc_verify_index(verify, run->memory, built, &index, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED,
                             "%s: buildx says that it pushed %s, but the registry does not have it",
                             service->image, verify->reference);

    if (rc)
        return rc;
    arc_build_tell(&run->options->listener, service->service,
                   "read back from the registry, and verified");
    if (tagged)
        return ARC_OK;
    return arc_build_stage(run->registry, service, staging_of(run, service), &index, err);
}

int arc_build_stage(struct arc_registry *registry, const struct arc_planned_service *service,
                    const char *staging, const struct arc_manifest *index, struct arc_error *err)
{
    ARC_TRY(arc_registry_put(registry, service->image, staging, index, err));
    for (char **mirror = service->mirrors; *mirror; mirror++)
        ARC_TRY(arc_registry_put(registry, *mirror, staging, index, err));
    return ARC_OK;
}

/* Prefetches what verification will read of pushed targets while bake still runs. Failures are
 * requested again later. `digests`: target → digest. */
static void on_pushed(void *context, const json_t *digests)
{
    const struct run *run = context;
    ARC_AUTO_FREE struct arc_verify *verifies = calloc(json_object_size(digests), sizeof *verifies);
    size_t count = 0;

    arc_json_each_pair (codename, digest, digests)
        if (verifies)
            verifies[count++] = verify_of(run, arc_plan_service(run->options->plan, codename),
                                          json_string_value(digest));
    arc_verify_ahead(verifies, count, NULL);
}

/* Makes the entries of the targets, reading back those that were pushed. */
static int note_built(struct run *run, const json_t *targets, const struct arc_bake_result *result,
                      bool tagged, struct arc_error *err)
{
    const struct arc_plan *plan = run->options->plan;
    struct arc_verify *verifies = NULL;
    size_t count = 0;

    arc_each (service, plan->services, plan->service_count) {
        const char *codename = service->service;
        if (arc_json_lists(targets, codename))
            ARC_APPEND(run->memory, verifies, count, err,
                       verify_of(run, service,
                                 arc_json_text_of(json_object_get(result->metadata, codename),
                                                  "containerimage.digest")));
    }

    if (pushes(run)) {
        arc_registry_await_pushed(run->registry);
        ARC_TRY(arc_verify_ahead(verifies, count, err));
    }

    arc_each (verify, verifies, count) {
        size_t i = (size_t)(verify->service - plan->services);
        struct arc_built_service *built = &run->ledger->services[i];
        if (pushes(run))
            ARC_TRY(read_back(run, verify, tagged, built, err));
        else
            ARC_TRY(make_local(run, verify, built, err));
        arc_each (cell, built->cells, built->cell_count)
            arc_progress_time(result->progress, built->service, cell);
        run->done[i] = true;
    }

    return ARC_OK;
}

static int define(const struct run *run, json_t **out, struct arc_error *err)
{
    const struct arc_build_options *options = run->options;
    struct arc_bake_options bake = {.env = options->env,
                                    .load = run->load,
                                    .plan = options->plan,
                                    .cell = options->cell,
                                    .skip = run->done,
                                    .keys = run->keys,
                                    .cache = options->cache,
                                    .sbom = options->sbom,
                                    .by_digest = pushes(run) && !run->engine};
    return arc_bake(&bake, out, err);
}

/* ---- the stage ----------------------------------------------------------------------------- */

/* Fills in the settings of every target from the plan and the options. */
static int start(struct run *run, struct arc_error *err)
{
    const struct arc_build_options *options = run->options;
    run->done = arc_arena_array(run->memory, options->plan->service_count, sizeof *run->done);
    ARC_TRY_ALLOC(run->done, err);

    if (options->cell)
        ARC_TRY(arc_bake_cells(options->plan, options->cell, &run->cells, err));
    for (size_t i = 0; run->cells && i < options->plan->service_count; i++)
        if (run->cells[i])
            run->one[0] = run->cells[i]->platform;

    if (options->load)
        ARC_TRY(arc_build_engine_platform(options, run->memory, &run->load, err));

    return pushes(run) ? arc_build_keys(options, run->cells, run->memory, &run->keys, err) : ARC_OK;
}

/* The options with the work tree as the current directory, since a plan's folders are relative to
 * it. Borrows from `there`. */
static struct arc_build_options
at_root(struct arc_project *project, const struct arc_build_options *given, struct arc_env *there)
{
    struct arc_build_options options = *given;
    *there = *project->env;
    there->cwd = arc_project_root(project);
    options.env = there;
    return options;
}

/* Does not start a build that a registry or mirror will refuse. What cannot be checked now is left
 * to the push. */
static int check_push(struct run *run, struct arc_error *err)
{
    const struct arc_plan *plan = run->options->plan;
    const struct arc_registry_push *first = NULL;
    char **images = NULL;
    size_t refused = 0;

    for (size_t i = 0; i < plan->service_count; i++)
        if (run->keys[i] && !run->done[i])
            ARC_TRY(arc_planned_images(&plan->services[i], run->memory, &images, err));
    size_t count = arc_texts_count(images);
    struct arc_registry_push *items = arc_arena_array(run->memory, count, sizeof *items);
    ARC_TRY_ALLOC(items, err);
    for (size_t i = 0; images && images[i]; i++)
        items[i].image = images[i];

    int rc = arc_registry_may_push(run->registry, items, count, err);
    for (size_t i = count; i-- > 0;)
        if (items[i].advice) {
            refused++;
            first = &items[i];
        }

    if (!rc && first)
        rc = arc_error_set(err, ARC_EWORLD,
                           "nothing was built, since it could not be pushed to %zu of %zu images: "
                           "%s; %s ('arc-ci doctor --push' shows all)",
                           refused, count, arc_error_text(&first->problem), first->advice);

    arc_each (item, items, count)
        arc_error_clear(&item->problem);

    return rc;
}

/* Warns about unset secrets, as in a fork's run: the build may work without them. */
static void tell_lacks(const struct arc_build_options *options)
{
    arc_each (service, options->plan->services, options->plan->service_count) {
        ARC_AUTO(arc_buf) struct arc_buf names = {0};
        if (service->selected)
            arc_recipe_lacks(service->recipe, options->env, &names);
        if (names.len)
            arc_build_tell(&options->listener, service->service, "%s", names.data);
    }
}

/* Refuses a recipe that this buildx would not follow. */
static int check_recipes(const struct arc_build_options *options, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf version = {0};

    arc_each (service, options->plan->services, options->plan->service_count) {
        if (!service->selected || !arc_recipe_ignored(service->recipe, "0.1"))
            continue;
        if (!version.len)
            ARC_TRY(arc_build_buildx_version(options, &version, err));
        const char *ignored = arc_recipe_ignored(service->recipe, arc_buf_text(&version));
        if (ignored)
            return arc_error_set(err, ARC_EWORLD, "%s: %s", service->service, ignored);
    }

    return ARC_OK;
}

static int build_all(struct run *run, struct arc_error *err)
{
    const struct arc_build_options *options = run->options;
    ARC_AUTO(arc_bake_result) struct arc_bake_result result = {0};
    ARC_AUTO_JSON json_t *definition = NULL;

    ARC_TRY(start(run, err));

    if (pushes(run)) {
        ARC_TRY(arc_build_is_engine(options, &run->engine, err));
        ARC_TRY(arc_build_open_registry(options->env, options->clock, &options->listener,
                                        &run->registry, err));
        if (!options->rebuild)
            ARC_TRY(find_built(run, err));
        ARC_TRY(check_push(run, err));
    }

    bool push = pushes(run);
    ARC_TRY(define(run, &definition, err));
    const json_t *group = json_object_get(json_object_get(definition, "group"), "default");
    const json_t *targets = json_object_get(group, "targets");
    if (json_array_size(targets)) {
        const char *how = run->engine ? "pushing under the staging tags"
                                      : "pushing by digest; the staging tags follow once verified";
        if (push)
            arc_build_tell(&options->listener, "", "%s", how);
        ARC_TRY(check_recipes(options, err));
        tell_lacks(options);
        struct arc_progress_options watch = {definition, options->listener, push ? on_pushed : NULL,
                                             run};
        ARC_TRY(arc_bake_run(options, &watch, &result, err));
        ARC_TRY(note_built(run, targets, &result, run->engine, err));
    }

    /* Removes unfilled entries, keeping the plan's order. */
    struct arc_ledger *ledger = run->ledger;
    for (size_t i = 0; i < options->plan->service_count; i++)
        if (run->done[i])
            ledger->services[ledger->service_count++] = ledger->services[i];

    return ARC_OK;
}

int arc_build(struct arc_project *project, const struct arc_build_options *given,
              struct arc_ledger *out, struct arc_error *err)
{
    struct arc_env there;
    *out = (struct arc_ledger){0};
    if (arc_plan_is_train(given->plan))
        return arc_build_train(given, out, err);
    struct arc_build_options options = at_root(project, given, &there);
    ARC_TRY(arc_ledger_begin(options.plan, out, err));
    out->pushed = out->pushed && !options.load;

    ARC_AUTO(run)
    struct run run = {.options = &options, .ledger = out, .memory = &out->memory, .engine = true};
    return arc_or_free(arc_ledger, out, build_all(&run, err));
}

int arc_build_describe(struct arc_project *project, const struct arc_build_options *given,
                       json_t **argv, json_t **definition, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct arc_env there;
    const char *words[ARC_BAKE_WORDS] = {NULL};

    if (arc_plan_is_train(given->plan)) {
        *argv = json_array();
        *definition = json_object();
        return arc_error_unless(*argv && *definition, err);
    }

    struct arc_build_options options = at_root(project, given, &there);
    ARC_AUTO(run) struct run run = {.options = &options, .memory = &memory, .engine = true};
    ARC_TRY(start(&run, err));
    if (pushes(&run)) /* without docker: the default */
        arc_build_is_engine(&options, &run.engine, NULL);
    ARC_TRY(define(&run, definition, err));
    arc_build_argv(given, *definition, "metadata.json", "rawjson", true, &memory, words);
    ARC_TRY(arc_arena_check(&memory, err));
    *argv = arc_texts_json((char *const *)words);

    return arc_error_unless(*argv, err);
}
