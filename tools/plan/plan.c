#include "arcci/plan.h"
#include "arcci/documents.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/platform.h"
#include "plan/released.h"
#include "plan/tags.h"
#include <string.h>
#include <time.h>

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* RFC 3339, UTC. */
static void format_time(int64_t seconds, char out[32])
{
    time_t when = (time_t)seconds;
    struct tm parts;
    if (!gmtime_r(&when, &parts) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts))
        memcpy(out, "1970-01-01T00:00:00Z", sizeof "1970-01-01T00:00:00Z");
}

/* ---- services ------------------------------------------------------------------------------ */

static int set_text(json_t *object, const char *key, const char *value)
{
    return value ? json_object_set_new(object, key, json_string(value)) : 0;
}

/* What is told of the commit is not for a file to say. */
static bool is_fact(const char *label)
{
    return strcmp(label, "org.opencontainers.image.revision") == 0 ||
           strcmp(label, "org.opencontainers.image.created") == 0;
}

/* The labels of the build section, over ours; one that has no value in this plan is left out. */
static int add_own_labels(const struct arc_plan_options *options, const struct arc_service *service,
                          json_t *labels, struct arc_error *err)
{
    for (const struct arc_pair *pair = service->build.labels; pair && pair->name; pair++) {
        ARC_AUTO(arc_buf) struct arc_buf value = {.max = (size_t)1 << 20};
        bool whole;
        if (is_fact(pair->name))
            continue;
        ARC_TRY(arc_plan_fill(options, service, pair->value, &value, &whole, err));
        if (whole && value.len &&
            json_object_set_new(labels, pair->name, json_string(arc_buf_text(&value))))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

/* OCI image spec 1.1, "Pre-Defined Annotation Keys", and the platform's own arc.service.*. */
static json_t *make_labels(const struct arc_plan_options *options,
                           const struct arc_service *service)
{
    char created[32], sha[ARC_SHORT_SHA + 5] = "sha-";
    format_time(options->committed, created);
    memcpy(sha + 4, options->revision, ARC_SHORT_SHA);
    sha[ARC_SHORT_SHA + 4] = '\0';
    const char *version = options->version ? text_of(options->version, "version") : sha;
    if (service->version)
        version = service->version;
    json_t *labels = json_object();
    if (set_text(labels, "org.opencontainers.image.title", service->name) ||
        set_text(labels, "org.opencontainers.image.description", service->description) ||
        set_text(labels, "org.opencontainers.image.created", created) ||
        set_text(labels, "org.opencontainers.image.revision", options->revision) ||
        set_text(labels, "org.opencontainers.image.source", options->source) ||
        set_text(labels, "org.opencontainers.image.url", options->source) ||
        set_text(labels, "org.opencontainers.image.version", version) ||
        set_text(labels, "arc.service.name", service->name) ||
        set_text(labels, "arc.service.codename", service->codename) ||
        set_text(labels, "arc.service.role", service->role) ||
        set_text(labels, "arc.service.tech", service->tech)) {
        json_decref(labels);
        return NULL;
    }
    return labels;
}

static json_t *pairs_object(const struct arc_pair *pairs)
{
    json_t *object = json_object();
    for (; pairs->name; pairs++)
        if (json_object_set_new(object, pairs->name, json_string(pairs->value))) {
            json_decref(object);
            return NULL;
        }
    return object;
}

/* Whether a service is built, and why. *reason is a new reference. */
static bool selected(const struct arc_plan_options *options, const struct arc_service *service,
                     json_t **reason)
{
    if (service->linked) {
        *reason = json_string("others start from it; it has no tag of its own");
        return false;
    }
    if (options->services && !arc_json_lists(options->services, service->codename)) {
        *reason = json_string("not asked for");
        return false;
    }
    if (options->only && options->only != service) {
        *reason = json_sprintf("%s releases %s", text_of(options->version, "tag"),
                               options->only->codename);
        return false;
    }
    if (options->version) {
        *reason = json_sprintf("released with %s", text_of(options->version, "tag"));
        return true;
    }
    if (!options->changes) {
        *reason = json_string("nothing was said about changes");
        return true;
    }
    const json_t *filter =
        json_object_get(json_object_get(options->changes, "filters"), service->codename);
    if (!filter) { /* what nobody looked at is not unchanged */
        *reason = json_string("the changes say nothing about it");
        return true;
    }
    bool matched = json_is_true(json_object_get(filter, "matched"));
    long long count = json_integer_value(json_object_get(filter, "count"));
    const char *why = text_of(filter, "reason"); /* "depends on base, which changed" */
    if (matched && !count && why)
        *reason = json_string(why);
    else
        *reason = matched ? json_sprintf("%lld %s changed", count, count == 1 ? "file" : "files")
                          : json_string("no change");
    return matched;
}

static int set_texts(json_t *object, const char *key, char *const *texts)
{
    return *texts ? json_object_set_new(object, key, arc_texts_json(texts)) : 0;
}

static int set_pairs(json_t *object, const char *key, const struct arc_pair *pairs)
{
    return pairs->name ? json_object_set_new(object, key, pairs_object(pairs)) : 0;
}

/* Build arguments with their placeholders filled in; one that has no value in this plan (a version,
 * in CI) keeps the Dockerfile's default. */
static int make_args(const struct arc_plan_options *options, const struct arc_service *service,
                     json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *args = json_object();
    for (const struct arc_pair *pair = service->build.args; pair->name; pair++) {
        ARC_AUTO(arc_buf) struct arc_buf value = {.max = (size_t)1 << 20};
        bool whole;
        ARC_TRY(arc_plan_fill(options, service, pair->value, &value, &whole, err));
        if (whole && json_object_set_new(args, pair->name, json_string(arc_buf_text(&value))))
            return arc_error_nomem(err);
    }
    *out = arc_steal(&args);
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* What bake is told beside context, Dockerfile and arguments; what is not said is not there. */
static int set_recipe(json_t *service, const struct arc_recipe *build)
{
    ARC_AUTO_JSON json_t *recipe = json_object();
    if (set_text(recipe, "dockerfile-inline", build->dockerfile_inline) ||
        set_text(recipe, "target", build->target) || set_text(recipe, "network", build->network) ||
        set_text(recipe, "shm-size", build->shm_size) ||
        set_text(recipe, "provenance", build->provenance) ||
        set_text(recipe, "sbom", build->sbom) ||
        set_pairs(recipe, "contexts", build->additional_contexts) ||
        set_pairs(recipe, "extra-hosts", build->extra_hosts) ||
        set_texts(recipe, "secrets", build->secrets) || set_texts(recipe, "ssh", build->ssh) ||
        set_texts(recipe, "ulimits", build->ulimits) ||
        set_texts(recipe, "cache-from", build->cache_from) ||
        set_texts(recipe, "cache-to", build->cache_to) ||
        set_texts(recipe, "annotations", build->annotations) ||
        (build->no_cache && json_object_set_new(recipe, "no-cache", json_true())) ||
        (build->pull && json_object_set_new(recipe, "pull", json_true())))
        return -1;
    return json_object_size(recipe) ? json_object_set(service, "recipe", recipe) : 0;
}

/* The platforms that a service is built for: of those that the plan is for the ones that it has.
 * One that says its own and has none of them is built for its own in CI. */
static json_t *service_platforms(const struct arc_plan_options *options,
                                 const struct arc_service *service, const json_t *planned)
{
    char **own = service->build.platforms;
    if (!*own)
        return json_deep_copy(planned);
    bool described = options->version || options->group->described.files;
    if (described && !options->platforms)
        return arc_texts_json(own);
    json_t *list = json_array();
    for (char **platform = own; *platform; platform++)
        if (arc_json_lists(planned, *platform) &&
            json_array_append_new(list, json_string(*platform))) {
            json_decref(list);
            return NULL;
        }
    if (json_array_size(list) || options->platforms)
        return list;
    json_decref(list);
    return arc_texts_json(own);
}

/* Two services may push to one image: their staging tags then have their names. */
static json_t *staging_of(const struct arc_plan_options *options, const struct arc_service *service)
{
    const struct arc_group *group = options->group;
    size_t sharing = 0;
    for (size_t i = 0; i < group->service_count; i++)
        sharing += strcmp(group->services[i].images[0], service->images[0]) == 0;
    return json_sprintf("staging-%.*s%s%s", ARC_SHORT_SHA, options->revision,
                        sharing > 1 ? "-" : "", sharing > 1 ? service->codename : "");
}

static json_t *make_service(const struct arc_plan_options *options,
                            const struct arc_service *service, const json_t *planned,
                            const json_t *args, json_t *labels, const json_t *tags)
{
    json_t *reason = NULL;
    ARC_AUTO_JSON json_t *platforms = service_platforms(options, service, planned);
    bool build = selected(options, service, &reason);
    if (build && platforms && !json_array_size(platforms)) {
        json_decref(reason);
        reason = json_string("is not built for the platforms that were asked for");
        build = false;
    }
    /* clang-format off */
    json_t *made =
        json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s, s:s?, s:O, s:s, s:b, s:o, s:o, s:O, s:O, s:O}",
                  "service", service->codename,
                  "name", service->name,
                  "description", service->description,
                  "tech", service->tech,
                  "directory", service->directory,
                  "context", service->build.context,
                  "dockerfile", service->build.dockerfile,
                  "platforms", platforms,
                  "image", service->images[0],
                  "selected", build,
                  "reason", reason,
                  "staging", staging_of(options, service),
                  "build-args", args,
                  "labels", labels,
                  "tags", tags);
    /* clang-format on */
    if (!made || set_texts(made, "mirrors", service->images + 1) ||
        set_recipe(made, &service->build)) {
        json_decref(made);
        return NULL;
    }
    return made;
}

/* What is published is what has a new version; what only changed is built as a check. */
static void hold_tags(const struct arc_plan_options *options, const struct arc_service *service,
                      json_t *tags)
{
    const json_t *before = json_object_get(options->before, service->codename);
    size_t i;
    json_t *tag;
    if (!service->version || !json_is_string(before) ||
        strcmp(json_string_value(before), service->version) != 0)
        return;
    json_array_foreach (tags, i, tag) {
        json_object_set_new(tag, "move", json_false());
        json_object_set_new(tag, "reason",
                            json_sprintf("the version is %s, as before", service->version));
    }
}

/* Services that share an image are told apart by their tags, or each would take the other's. */
static int note_tags(const json_t *service, json_t *taken, struct arc_error *err)
{
    size_t i;
    json_t *tag;
    json_array_foreach (json_object_get(service, "tags"), i, tag) {
        ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 2048};
        if (json_object_get(tag, "ref"))
            continue;
        arc_buf_printf(&ref, "%s:%s", text_of(service, "image"), text_of(tag, "tag"));
        const char *other = json_string_value(json_object_get(taken, arc_buf_text(&ref)));
        if (other)
            return arc_error_set(err, ARC_EINPUT,
                                 "the services %s and %s would both be %s: give each an image of "
                                 "its own, or put {codename} or {suffix} in the image-tags",
                                 other, text_of(service, "service"), arc_buf_text(&ref));
        if (ref.failed ||
            json_object_set(taken, arc_buf_text(&ref), json_object_get(service, "service")))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

/* ---- images that start from one another ----------------------------------------------------- */

static json_t *planned(const json_t *services, const char *codename)
{
    size_t i;
    json_t *service;
    json_array_foreach (services, i, service)
        if (strcmp(text_of(service, "service"), codename) == 0)
            return service;
    return NULL;
}

/* What stands on an image that is built is built on it. True when something was added. */
static int select_dependents(const struct arc_plan_options *options, json_t *services, bool *more,
                             struct arc_error *err)
{
    *more = false;
    for (size_t i = 0; i < options->group->service_count; i++) {
        const struct arc_service *service = &options->group->services[i];
        json_t *own = json_array_get(services, i);
        if (json_is_true(json_object_get(own, "selected")) || !service->bases ||
            (options->services && !arc_json_lists(options->services, service->codename)))
            continue;
        for (const struct arc_base_ref *base = service->bases; base->ref; base++) {
            const json_t *other = planned(services, base->codename);
            if (!json_is_true(json_object_get(other, "selected")))
                continue;
            if (json_object_set_new(own, "selected", json_true()) ||
                json_object_set_new(own, "reason",
                                    json_sprintf("starts from %s, which is built", base->codename)))
                return arc_error_nomem(err);
            *more = true;
            break;
        }
    }
    return ARC_OK;
}

/* A base that is built takes the place of its name, as BuildKit looks for it; one that is not comes
 * from the registry, unless the recipe names it itself. */
static int link_base(const struct arc_plan_options *options, const struct arc_service *service,
                     const struct arc_base_ref *base, json_t *services, json_t *own,
                     struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
    bool whole;
    if (!json_is_true(json_object_get(planned(services, base->codename), "selected")))
        return ARC_OK;
    ARC_TRY(arc_plan_fill(options, service, base->ref, &ref, &whole, err));
    if (!whole)
        return ARC_OK;
    json_t *recipe = json_object_get(own, "recipe");
    if (!recipe && json_object_set_new(own, "recipe", recipe = json_object()))
        return arc_error_nomem(err);
    json_t *contexts = json_object_get(recipe, "contexts");
    if (!contexts && json_object_set_new(recipe, "contexts", contexts = json_object()))
        return arc_error_nomem(err);
    bool failed = json_object_set_new(contexts, arc_buf_text(&ref),
                                      json_sprintf("target:%s", base->codename));
    return failed ? arc_error_nomem(err) : ARC_OK;
}

static int link_bases(const struct arc_plan_options *options, json_t *services,
                      struct arc_error *err)
{
    bool more = !options->version;
    while (more)
        ARC_TRY(select_dependents(options, services, &more, err));
    for (size_t i = 0; i < options->group->service_count; i++) {
        const struct arc_service *service = &options->group->services[i];
        json_t *own = json_array_get(services, i);
        if (!service->bases || !json_is_true(json_object_get(own, "selected")))
            continue;
        for (const struct arc_base_ref *base = service->bases; base->ref; base++)
            ARC_TRY(link_base(options, service, base, services, own, err));
    }
    return ARC_OK;
}

/* ---- all services --------------------------------------------------------------------------- */

static int make_services(const struct arc_plan_options *options, const json_t *platforms,
                         json_t *services, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *taken = json_object();
    for (size_t i = 0; i < options->group->service_count; i++) {
        const struct arc_service *service = &options->group->services[i];
        ARC_AUTO_JSON json_t *tags = json_array();
        if (!tags)
            return arc_error_nomem(err);
        ARC_AUTO_JSON json_t *args = NULL;
        ARC_AUTO_JSON json_t *version = NULL;
        struct arc_plan_options own = *options;
        if (service->version) {
            ARC_TRY(arc_version_of_file(service->version, options->group, &version, err));
            own.version = version;
        }
        ARC_TRY(arc_plan_tags(&own, service, tags, err));
        hold_tags(options, service, tags);
        ARC_TRY(make_args(&own, service, &args, err));
        ARC_AUTO_JSON json_t *labels = make_labels(options, service);
        json_t *made = NULL;
        if (!labels)
            return arc_error_nomem(err);
        ARC_TRY(add_own_labels(&own, service, labels, err));
        if (service->released)
            ARC_TRY(arc_plan_released(options, service, tags, &made, err));
        else
            made = make_service(options, service, platforms, args, labels, tags);
        if (json_array_append_new(services, made))
            return arc_error_nomem(err);
        ARC_TRY(note_tags(made, taken, err));
    }
    return ARC_OK;
}

/* ---- cells --------------------------------------------------------------------------------- */

/* GitHub's own runners are native for these two; anything else is emulated on the first. */
static const char *runner_of(const struct arc_group *group, const char *platform)
{
    for (const struct arc_pair *pair = group->runners; pair && pair->name; pair++)
        if (strcmp(pair->name, platform) == 0)
            return pair->value;
    return strncmp(platform, "linux/arm64", 11) == 0 ? "ubuntu-24.04-arm" : "ubuntu-24.04";
}

/* "staging-<sha>-linux-amd64": a tag of its own for a cell that is built alone. */
static json_t *cell_staging(const char *staging, const char *platform)
{
    ARC_AUTO(arc_buf) struct arc_buf tag = {.max = 256};
    arc_buf_printf(&tag, "%s-%s", staging, platform);
    for (char *c = tag.data; c && *c; c++)
        if (*c == '/')
            *c = '-';
    return tag.failed ? NULL : json_string(arc_buf_text(&tag));
}

static int add_cells(const struct arc_plan_options *options, const json_t *service, json_t *cells,
                     struct arc_error *err)
{
    size_t i;
    json_t *platform;
    if (!json_is_true(json_object_get(service, "selected")))
        return ARC_OK;
    json_array_foreach (json_object_get(service, "platforms"), i, platform) {
        const char *name = json_string_value(platform);
        json_t *cell =
            json_pack("{s:O, s:O, s:s, s:o}", "service", json_object_get(service, "service"),
                      "platform", platform, "runner", runner_of(options->group, name), "staging",
                      cell_staging(text_of(service, "staging"), name));
        if (json_array_append_new(cells, cell))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

static int make_cells(const struct arc_plan_options *options, const json_t *services, json_t *cells,
                      struct arc_error *err)
{
    size_t i;
    json_t *service;
    json_array_foreach (services, i, service) {
        int rc = add_cells(options, service, cells, err);
        if (rc)
            return rc;
    }
    return ARC_OK;
}

/* ---- the document -------------------------------------------------------------------------- */

static int check_services(const struct arc_plan_options *options, struct arc_error *err)
{
    size_t i;
    json_t *name;
    json_array_foreach (options->services, i, name) {
        const char *text = json_string_value(name);
        size_t at = 0;
        while (at < options->group->service_count &&
               strcmp(options->group->services[at].codename, text ? text : "") != 0)
            at++;
        if (at == options->group->service_count)
            return arc_error_set(err, ARC_EINPUT, "group %s has no service '%s'",
                                 options->group->name, text ? text : "");
    }
    return ARC_OK;
}

/* The platforms that were asked for, normalized and each once. */
static int read_platforms(const json_t *given, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *list = json_array();
    size_t i;
    json_t *item;
    if (!json_array_size(given))
        return arc_error_set(err, ARC_EINPUT,
                             "the list of platforms is empty; expected, for example, "
                             "linux/amd64,linux/arm64");
    json_array_foreach (given, i, item) {
        const char *text = json_string_value(item);
        char plain[ARC_PLATFORM_SIZE];
        if (!text || !arc_platform_normalize(text, plain) ||
            plain[strspn(plain, "abcdefghijklmnopqrstuvwxyz0123456789./_-")])
            return arc_error_set(err, ARC_EINPUT,
                                 "'%s' is not a platform; expected os/architecture, for example "
                                 "linux/arm64",
                                 text ? text : "");
        if (!arc_json_lists(list, plain) && json_array_append_new(list, json_string(plain)))
            return arc_error_nomem(err);
    }
    *out = arc_steal(&list);
    return ARC_OK;
}

/* The platforms that the plan is for: the ones asked for, else the group's for its mode. */
static int choose_platforms(const struct arc_plan_options *options, json_t **out,
                            struct arc_error *err)
{
    if (options->platforms)
        return read_platforms(options->platforms, out, err);
    *out = arc_texts_json(options->version ? options->group->platforms_release
                                           : options->group->platforms_ci);
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* All that some service is built for, in their order. */
static int collect_platforms(const json_t *services, json_t *out, struct arc_error *err)
{
    size_t i, k;
    json_t *service, *platform;
    json_array_foreach (services, i, service)
        json_array_foreach (json_object_get(service, "platforms"), k, platform)
            if (!arc_json_lists(out, json_string_value(platform)) &&
                json_array_append(out, platform))
                return arc_error_nomem(err);
    return ARC_OK;
}

static json_t *make_document(const struct arc_plan_options *options, json_t *platforms,
                             json_t *services, json_t *cells)
{
    char created[32];
    format_time(options->committed, created);
    const struct arc_group *group = options->group;
    /* clang-format off */
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s?, s:b, s:s?, s:O?, s:s, s:s, s:s?, s:O*, s:O, s:o, s:o*, s:b, s:O, s:O}",
                     "document", "plan", "format", ARC_DOCUMENT_FORMAT, "group", group->name,
                     "mode", options->version ? "release" : "ci",
                     "title", group->title,
                     "description", group->description,
                     "push", options->push,
                     "tag", options->version ? text_of(options->version, "tag") : NULL,
                     "version", options->version,
                     "revision", options->revision,
                     "created", created,
                     "source", options->source,
                     "sign", options->push ? options->sign : NULL,
                     "platforms", platforms,
                     "generated", arc_texts_json(group->generated),
                     "unreleased", group->unreleased ? arc_texts_json(group->unreleased) : NULL,
                     "any", json_array_size(cells) > 0 && !group->includes,
                     "services", services,
                     "cells", cells);
    /* clang-format on */
}

/* Fills in the service that the tag names, where the group's tags do: "cart-v1.2.3". */
static int find_only(struct arc_plan_options *options, struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    const char *text = options->version ? text_of(options->version, "tag") : NULL;
    int rc = text ? arc_tag_parse(text, options->group, &tag, NULL) : ARC_OK;
    options->only = rc ? NULL : tag.service;
    return rc == ARC_ENOMEM ? arc_error_nomem(err) : ARC_OK;
}

int arc_plan(const struct arc_plan_options *given, json_t **out, struct arc_error *err)
{
    struct arc_plan_options own = *given;
    const struct arc_plan_options *options = &own;
    ARC_AUTO_JSON json_t *platforms = NULL;
    ARC_AUTO_JSON json_t *all = json_array();
    ARC_AUTO_JSON json_t *services = json_array();
    ARC_AUTO_JSON json_t *cells = json_array();
    if (!all || !services || !cells)
        return arc_error_nomem(err);
    if (strlen(options->revision) < ARC_SHORT_SHA)
        return arc_error_set(err, ARC_EINPUT, "'%s' is not a full commit id", options->revision);
    if (options->changes && !json_is_object(json_object_get(options->changes, "filters")))
        return arc_error_set(err, ARC_EINPUT,
                             "the changes have no filters: 'arc-ci changes --json' prints them");
    ARC_TRY(check_services(options, err));
    ARC_TRY(find_only(&own, err));
    ARC_TRY(choose_platforms(options, &platforms, err));
    ARC_TRY(make_services(options, platforms, services, err));
    ARC_TRY(link_bases(options, services, err));
    ARC_TRY(make_cells(options, services, cells, err));
    ARC_TRY(collect_platforms(services, all, err));
    *out = make_document(options, all, services, cells);
    return *out ? ARC_OK : arc_error_nomem(err);
}
