#include "base/json.h"
#include "base/path.h"
#include "build/run.h"
#include "config/build.h"
#include "config/described.h"
#include <inttypes.h>

/* ---- what is built ------------------------------------------------------------------------- */

/* Adds the cell with a name, "cart/linux/amd64" of `len` bytes; `first` is the previous one. */
static int add_cell(const struct arc_plan *plan, const char *name, size_t len,
                    const struct arc_cell **cells, const struct arc_cell **first,
                    struct arc_error *err)
{
    ARC_AUTO_FREE char *service = strndup(name, len);
    char *slash = service ? strchr(service, '/') : NULL;
    const struct arc_cell *cell = NULL;
    int shown = (int)ARC_MIN(len, 200);

    ARC_TRY_ALLOC(service, err);

    if (slash) {
        *slash = '\0';
        cell = arc_plan_cell(plan, service, slash + 1);
    }

    if (!cell)
        return arc_error_set(err, ARC_EINPUT,
                             "the plan has no cell '%.*s'; cells are named SERVICE/PLATFORM, like "
                             "cart/linux/amd64, and `arc-ci plan` lists them",
                             shown, name);

    const struct arc_cell **slot = &cells[arc_plan_service(plan, cell->service) - plan->services];
    if (*first && strcmp((*first)->platform, cell->platform) != 0)
        return arc_error_set(err, ARC_EINPUT,
                             "the cells have different platforms (%s and %s); build those of one "
                             "platform at a time",
                             (*first)->platform, cell->platform);

    if (*slot)
        return arc_error_set(err, ARC_EINPUT, "the cell '%.*s' is named twice", shown, name);
    *slot = *first = cell;

    return ARC_OK;
}

int arc_bake_cells(const struct arc_plan *plan, const char *names, const struct arc_cell ***out,
                   struct arc_error *err)
{
    ARC_AUTO_FREE const struct arc_cell **cells = calloc(plan->service_count + 1, sizeof *cells);
    const struct arc_cell *first = NULL;

    ARC_TRY_ALLOC(cells, err);

    do {
        size_t len = strcspn(names, ",");
        ARC_TRY(add_cell(plan, names, len, cells, &first, err));
        names += len;
    } while (*names++);
    *out = arc_steal(&cells);

    return ARC_OK;
}

/* ---- a target ------------------------------------------------------------------------------ */

/* Whether a recipe annotates the index with this key. */
static bool is_annotated(char *const *annotations, const char *key)
{
    for (; *annotations; annotations++) {
        const char *rest = arc_text_after(arc_text_after(*annotations, "index:"), key);
        if (rest && *rest == '=')
            return true;
    }
    return false;
}

/* Adds the recipe's annotations, and OCI labels that it does not annotate the index with. */
static json_t *make_annotations(const struct arc_planned_service *service, const char *key)
{
    static char *const none[] = {NULL};
    char *const *own = service->recipe ? service->recipe->annotations : none;
    json_t *list = json_array();

    for (const struct arc_pair *label = service->labels; label->name; label++)
        if (ARC_STARTS(label->name, "org.opencontainers.image.") && !is_annotated(own, label->name))
            arc_json_push(&list, json_sprintf("index:%s=%s", label->name, label->value));

    for (; *own; own++)
        arc_json_push(&list, json_string(*own));
    if (key)
        arc_json_push(&list, json_sprintf("index:" ARC_KEY_ANNOTATION "=%s", key));

    return list;
}

/* The commit's time, for SOURCE_DATE_EPOCH, so that a rebuild gives the same layers and
 * configuration (reproducible-builds.org, "SOURCE_DATE_EPOCH"; BuildKit docs, "Build
 * reproducibility"). */
static json_t *make_args(const struct arc_plan *plan, const struct arc_planned_service *service)
{
    json_t *args = json_object();
    int64_t created;

    if (arc_time_parse(plan->created, &created))
        arc_json_put(&args, "SOURCE_DATE_EPOCH", json_sprintf("%" PRId64, created));
    for (const struct arc_pair *pair = service->build_args; pair && pair->name; pair++)
        arc_json_put(&args, pair->name, json_string(pair->value));

    return args;
}

/* Options that tell BuildKit's exporters that a registry is insecure. */
static const char *insecure_of(const struct arc_bake_options *options, const char *image)
{
    bool insecure = options->env && arc_registry_insecure(options->env, image);
    return insecure ? ",registry.insecure=true" : "";
}

static json_t *make_output(const struct arc_bake_options *options,
                           const struct arc_planned_service *service)
{
    ARC_AUTO(arc_buf) struct arc_buf images = {0};
    bool push = options->plan->push && !options->load;
    const char *how = service->recipe ? service->recipe->output : NULL;
    const char *quote = *service->mirrors ? "\"" : ""; /* several names share one field of CSV */
    json_t *list = json_array();

    /* The option applies to all registries of a push, so it is set only if all are insecure:
     * otherwise BuildKit would send a login without checking the certificate. */
    const char *insecure = push ? insecure_of(options, service->image) : "";
    arc_buf_puts(&images, service->image);
    for (char **mirror = service->mirrors; *mirror; mirror++) {
        arc_buf_printf(&images, ",%s", *mirror);
        insecure = *insecure ? insecure_of(options, *mirror) : "";
    }
    const char *comma = how ? "," : "";
    how = arc_or(how, "");

    if (images.failed)
        arc_json_push(&list, NULL);
    else if (options->load)
        arc_json_push(&list, json_string("type=docker"));
    else if (push && options->by_digest)
        arc_json_push(&list,
                      json_sprintf("type=image,%sname=%s%s,push-by-digest=true,"
                                   "name-canonical=true,push=true%s%s%s",
                                   quote, arc_buf_text(&images), quote, insecure, comma, how));
    else
        arc_json_push(&list, json_sprintf("type=image,push=%s%s%s%s", arc_true_or_false(push),
                                          insecure, comma, how));

    return list;
}

/* The staging tag in every registry; none if pushed by digest. */
static json_t *make_tags(const struct arc_bake_options *options,
                         const struct arc_planned_service *service, const char *staging)
{
    json_t *tags = json_array();

    if (options->by_digest)
        return tags;
    arc_json_push(&tags, json_sprintf("%s:%s", service->image, staging));
    for (char **mirror = service->mirrors; *mirror && !options->load; mirror++)
        arc_json_push(&tags, json_sprintf("%s:%s", *mirror, staging));

    return tags;
}

/* ---- the cache ------------------------------------------------------------------------------ */

/* Its kind, and the options after the comma, if any. */
static const char *cache_options(const char *cache, const char *kind)
{
    const char *rest = arc_text_after(cache, kind);
    return rest && (!*rest || *rest == ',') ? rest : NULL;
}

int arc_bake_check_cache(const char *cache, struct arc_error *err)
{
    const char *local = cache_options(cache, "local"), *s3 = cache_options(cache, "s3");

    const char *gha = cache_options(cache, "gha");

    /* All services would write to this one name, so only the last cache written would be kept. */
    if ((gha && strstr(gha, ",scope=")) || (s3 && strstr(s3, ",name=")))
        return arc_error_set(err, ARC_EINPUT,
                             "--cache: '%.200s' names one cache for all services; leave out %s: "
                             "each service and platform has its own",
                             cache, gha ? "scope" : "name");

    if (strcmp(cache, "registry") == 0 || gha)
        return ARC_OK;
    const char *folder = arc_text_after(local, ",dir=");
    if (folder && *folder && !strpbrk(folder, ",\"\r\n"))
        return ARC_OK;
    if (s3 && strstr(s3, ",bucket=") && strstr(s3, ",region="))
        return ARC_OK;

    return arc_error_set(err, ARC_EINPUT,
                         "--cache: '%.200s' is not valid; expected none, registry, "
                         "gha[,OPTIONS], local,dir=FOLDER or "
                         "s3,region=REGION,bucket=BUCKET[,OPTIONS], with buildx's options",
                         cache);
}

/* Whether several services of the plan are in this image, as variants are. */
static bool is_shared(const struct arc_plan *plan, const char *image)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->service_count; i++)
        count += strcmp(plan->services[i].image, image) == 0;
    return count > 1;
}

/* The cache of one name to read from (`to`: to write), for buildx, which takes the last of two
 * options of a name: the user's. In a registry it is stored as an image manifest: some (ECR) do not
 * accept an index of layers, and BuildKit makes manifests by default only since 0.21. */
static json_t *make_place(const struct arc_bake_options *options,
                          const struct arc_planned_service *service, const char *name, bool to)
{
    const char *mode = to ? ",mode=max,ignore-error=true" : "";
    bool shared = is_shared(options->plan, service->image);
    const char *found, *own = shared ? service->service : "", *dash = shared ? "-" : "";

    if (strcmp(options->cache, "registry") == 0)
        return json_sprintf("type=registry,ref=%s:buildcache%s%s%s%s%s", service->image, dash, own,
                            name,
                            to ? ",mode=max,image-manifest=true,oci-mediatypes=true,"
                                 "ignore-error=true"
                               : "",
                            insecure_of(options, service->image));

    if ((found = cache_options(options->cache, "local")))
        return json_sprintf("type=local,%s=%s/%s%s%s", to ? "dest" : "src", found + strlen(",dir="),
                            service->service, name, mode);

    if ((found = cache_options(options->cache, "gha")))
        return json_sprintf("type=gha,scope=%s%s%s%s", service->service, name, mode, found);

    return json_sprintf("type=s3,name=%s%s%s%s", service->service, name, mode,
                        cache_options(options->cache, "s3"));
}

/* A cell writes its own cache, since cells may be built at the same time; it also reads those of
 * whole builds. */
static void add_cache(const struct arc_bake_options *options,
                      const struct arc_planned_service *service, const struct arc_cell *cell,
                      json_t **target)
{
    json_t *from = json_array(), *to = json_array();
    char name[160] = "";

    arc_json_push(&from, make_place(options, service, name, false));

    if (cell) {
        snprintf(name, sizeof name, "-%.120s", cell->platform);
        for (char *c = name; *c; c++)
            *c = *c == '/' ? '-' : *c;
        arc_json_push(&from, make_place(options, service, name, false));
    }

    arc_json_push(&to, make_place(options, service, name, true));
    arc_json_put(target, "cache-from", from);
    arc_json_put(target, "cache-to", to);
}

/* ---- a recipe ------------------------------------------------------------------------------- */

/* Adds "mode=min", "true" or "false" of a recipe as an attestation; "false" too, since buildx adds
 * a provenance by default. Returns whether it is enabled. */
static bool add_attestation(json_t **list, const char *type, const char *value)
{
    bool wanted = value && strcmp(value, "false") != 0;

    if (value && strcmp(value, "true") == 0)
        arc_json_push(list, json_sprintf("type=%s", type));
    else if (value)
        arc_json_push(list, json_sprintf("type=%s,%s", type, wanted ? value : "disabled=true"));

    return wanted;
}

/* Adds attestations and annotations to what others will pull. For one platform without attestations
 * BuildKit must be told to make an index ("index annotations not supported for single platform
 * export"). */
static void describe(const struct arc_bake_options *options,
                     const struct arc_planned_service *service, const char *key, json_t **target)
{
    const struct arc_recipe *recipe = service->recipe;
    const char *provenance = recipe ? recipe->provenance : NULL;
    const char *sbom = recipe ? recipe->sbom : NULL;
    json_t *attest = json_array();

    bool attested = add_attestation(&attest, "provenance", arc_or(provenance, "mode=max"));
    attested |= add_attestation(&attest, "sbom", !sbom && options->sbom ? "true" : sbom);
    json_t *args = json_object_get(*target, "args");
    if (!attested && json_array_size(json_object_get(*target, "platforms")) == 1 &&
        json_object_set_new(args, "BUILDKIT_MULTI_PLATFORM", json_string("1"))) {
        json_decref(attest);
        attest = NULL;
    }

    arc_json_put(target, "attest", attest);
    arc_json_put(target, "annotations", make_annotations(service, key));
}

/* Converts Compose's options to bake's attributes (docs.docker.com/build/bake/reference). */
static void add_recipe(const struct arc_recipe *recipe, json_t **target)
{
    ARC_AUTO_JSON json_t *said = NULL;

    if (recipe && arc_recipe_json(recipe, &said, NULL)) {
        json_decref(*target);
        *target = NULL;
    }

    arc_json_each_pair (name, value, said)
        if (strcmp(name, "secrets") == 0)
            arc_json_put(target, "secret", json_incref(value));
        else if (!ARC_AMONG(name, "contexts", "annotations", "provenance", "sbom", "output"))
            arc_json_put(target, name, json_incref(value));
}

/* ---- contexts ------------------------------------------------------------------------------- */

/* The targets of one call of bake. */
struct scope {
    const struct arc_bake_options *options;
    const struct arc_cell **cells; /* per service of the plan; NULL: whole services */
};

static bool is_built(const struct scope *scope, size_t i)
{
    const struct arc_bake_options *options = scope->options;
    const struct arc_planned_service *service = &options->plan->services[i];
    bool wanted = scope->cells ? scope->cells[i] != NULL : service->selected;
    return wanted && !service->released && !(options->skip && options->skip[i]);
}

/* The tag under which another machine pushes, or pushed, a service: its cell's for the platform, or
 * its own. NULL if it is not in the registry. */
static const char *pushed_tag(const struct scope *scope, const struct arc_planned_service *base,
                              const char *platform)
{
    const struct arc_plan *plan = scope->options->plan;
    if (!plan->push || scope->options->load || !base->selected)
        return NULL;
    if (!scope->cells)
        return base->staging;
    const struct arc_cell *cell = arc_plan_cell(plan, base->service, platform);

    return cell ? cell->staging : NULL;
}

/* Adds named contexts: the targets of bases that are built here, else their pushed images. */
static void set_contexts(const struct scope *scope, const struct arc_planned_service *service,
                         const char *platform, json_t **target)
{
    const struct arc_pair *pair = arc_planned_contexts(service);
    if (!pair->name)
        return;

    json_t *contexts = json_object();
    for (; pair->name; pair++) {
        const struct arc_plan *plan = scope->options->plan;
        const struct arc_planned_service *base = arc_planned_base(plan, pair->value);
        const char *tag = NULL;
        if (base && !is_built(scope, (size_t)(base - plan->services)))
            tag = pushed_tag(scope, base, platform);
        arc_json_put(&contexts, pair->name,
                     tag ? json_sprintf("docker-image://%s:%s", base->image, tag)
                         : json_string(pair->value));
    }

    arc_json_put(target, "contexts", contexts);
}

const char *arc_load_platform(const char *load, const struct arc_planned_service *service)
{
    if (!load)
        return NULL;
    return arc_texts_have(service->platforms, load) ? load : service->platforms[0];
}

/* Adds the target of a service or of a base that is only built for others, whose tags do not move.
 * `platform`: the only one; NULL: all. */
static json_t *make_target(const struct scope *scope, const struct arc_planned_service *service,
                           const char *platform)
{
    const struct arc_bake_options *options = scope->options;
    const struct arc_recipe *recipe = service->recipe;
    size_t i = (size_t)(service - options->plan->services);
    json_t *target = json_pack(
        "{s:s, s:o, s:o, s:o}", "context", service->context, "platforms",
        platform ? json_pack("[s]", platform) : arc_texts_json(service->platforms), "args",
        make_args(options->plan, service), "labels", arc_pairs_json(service->labels));

    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 16384};
    if (service->dockerfile && arc_context_is_remote(service->context))
        arc_buf_puts(&path, service->dockerfile);
    else if (service->dockerfile)
        arc_path_relative(service->context, service->dockerfile, &path);
    if (path.len || path.failed)
        arc_json_put(&target, "dockerfile", path.failed ? NULL : json_string(arc_buf_text(&path)));

    add_recipe(recipe, &target);
    set_contexts(scope, service, platform, &target);

    if (is_built(scope, i)) {
        const struct arc_cell *cell = scope->cells ? scope->cells[i] : NULL;
        const char *staging = cell ? cell->staging : service->staging;

        arc_json_put(&target, "output", make_output(options, service));
        arc_json_put(&target, "tags", make_tags(options, service, staging));

        if (options->plan->push && !options->load)
            describe(options, service, options->keys ? options->keys[i] : NULL, &target);

        if (options->cache)
            add_cache(options, service, cell, &target);
    } else {
        arc_json_put(&target, "output", json_pack("[s]", "type=cacheonly"));
    }

    return target;
}

/* Adds the bases that a target needs and that are not built anyway, recursively. */
static int add_linked(const struct scope *scope, const json_t *target, const char *platform,
                      json_t *targets)
{
    arc_json_each_pair (name, value, json_object_get(target, "contexts")) {
        const struct arc_planned_service *base =
            arc_planned_base(scope->options->plan, json_string_value(value));
        if (!base || json_object_get(targets, base->service) ||
            is_built(scope, (size_t)(base - scope->options->plan->services)))
            continue;
        json_t *linked = make_target(scope, base, platform);
        if (json_object_set_new(targets, base->service, linked) ||
            add_linked(scope, linked, platform, targets))
            return -1;
    }

    return 0;
}

/* ---- the definition ------------------------------------------------------------------------ */

int arc_bake(const struct arc_bake_options *options, json_t **out, struct arc_error *err)
{
    const struct arc_plan *plan = options->plan;
    ARC_AUTO_JSON json_t *names = json_array(), *targets = json_object();
    ARC_AUTO_FREE const struct arc_cell **cells = NULL;

    if (options->cell)
        ARC_TRY(arc_bake_cells(plan, options->cell, &cells, err));

    const struct scope scope = {options, cells};
    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_planned_service *service = &plan->services[i];
        if (!is_built(&scope, i))
            continue;
        const char *platform =
            cells ? cells[i]->platform : arc_load_platform(options->load, service);
        json_t *target = make_target(&scope, service, platform);
        if (json_object_set_new(targets, service->service, target) ||
            json_array_append_new(names, json_string(service->service)) ||
            add_linked(&scope, target, platform, targets))
            return arc_error_nomem(err);
    }

    ARC_TRY_ALLOC(arc_bake_escape(targets, false) == 0, err);
    *out = json_pack("{s:{s:{s:O}}, s:O}", "group", "default", "targets", names, "target", targets);
    return arc_error_unless(*out, err);
}
