#include "arcci/plan.h"
#include "arcci/documents.h"
#include "base/auto.h"
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

/* OCI image spec 1.1, "Pre-Defined Annotation Keys", and the platform's own arc.service.*. */
static json_t *make_labels(const struct arc_plan_options *options,
                           const struct arc_service *service)
{
    char created[32], sha[ARC_SHORT_SHA + 5] = "sha-";
    format_time(options->committed, created);
    memcpy(sha + 4, options->revision, ARC_SHORT_SHA);
    sha[ARC_SHORT_SHA + 4] = '\0';
    const char *version = options->version ? text_of(options->version, "version") : sha;
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

static bool listed(const json_t *names, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (names, i, item) {
        const char *text = json_string_value(item);
        if (text && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

/* Whether a service is built, and why. *reason is a new reference. */
static bool selected(const struct arc_plan_options *options, const struct arc_service *service,
                     json_t **reason)
{
    if (options->services && !listed(options->services, service->codename)) {
        *reason = json_string("not asked for");
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
    *reason = matched ? json_sprintf("%lld %s changed", count, count == 1 ? "file" : "files")
                      : json_string("no change");
    return matched;
}

static json_t *make_service(const struct arc_plan_options *options,
                            const struct arc_service *service, const json_t *tags)
{
    json_t *reason = NULL;
    bool build = selected(options, service, &reason);
    /* clang-format off */
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:O}",
                     "service", service->codename,
                     "name", service->name,
                     "description", service->description,
                     "tech", service->tech,
                     "directory", service->directory,
                     "dockerfile", json_string(service->build.dockerfile),
                     "image", json_sprintf("%s/%s", options->group->registry, service->name),
                     "selected", build,
                     "reason", reason,
                     "staging", json_sprintf("staging-%.*s", ARC_SHORT_SHA, options->revision),
                     "build-args", pairs_object(service->build.args),
                     "labels", make_labels(options, service),
                     "tags", tags);
    /* clang-format on */
}

static int make_services(const struct arc_plan_options *options, json_t *services,
                         struct arc_error *err)
{
    for (size_t i = 0; i < options->group->service_count; i++) {
        const struct arc_service *service = &options->group->services[i];
        ARC_AUTO_JSON json_t *tags = json_array();
        if (!tags)
            return arc_error_nomem(err);
        ARC_TRY(arc_plan_tags(options, service, tags, err));
        if (json_array_append_new(services, make_service(options, service, tags)))
            return arc_error_nomem(err);
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

static int add_cells(const struct arc_plan_options *options, const json_t *service,
                     const json_t *platforms, json_t *cells, struct arc_error *err)
{
    size_t i;
    json_t *platform;
    if (!json_is_true(json_object_get(service, "selected")))
        return ARC_OK;
    json_array_foreach (platforms, i, platform) {
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

static int make_cells(const struct arc_plan_options *options, const json_t *services,
                      const json_t *platforms, json_t *cells, struct arc_error *err)
{
    size_t i;
    json_t *service;
    json_array_foreach (services, i, service) {
        int rc = add_cells(options, service, platforms, cells, err);
        if (rc)
            return rc;
    }
    return ARC_OK;
}

/* ---- the document -------------------------------------------------------------------------- */

static json_t *make_platforms(const struct arc_plan_options *options)
{
    if (options->platforms)
        return json_deep_copy(options->platforms);
    char **names =
        options->version ? options->group->platforms_release : options->group->platforms_ci;
    json_t *list = json_array();
    for (; *names; names++)
        if (json_array_append_new(list, json_string(*names))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

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

/* os/architecture[/variant], as `docker buildx build --platform` takes it. */
static bool platform_valid(const char *text)
{
    size_t parts = 1;
    for (const char *c = text; *c; c++) {
        bool word = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '.';
        if (!word && (*c != '/' || c == text || c[-1] == '/' || !c[1]))
            return false;
        parts += *c == '/';
    }
    return parts == 2 || parts == 3;
}

static int check_platforms(const json_t *platforms, struct arc_error *err)
{
    size_t i;
    json_t *item;
    if (!json_array_size(platforms))
        return arc_error_set(err, ARC_EINPUT,
                             "the list of platforms is empty; expected, for example, "
                             "linux/amd64,linux/arm64");
    json_array_foreach (platforms, i, item) {
        const char *text = json_string_value(item);
        if (!text || !platform_valid(text))
            return arc_error_set(err, ARC_EINPUT,
                                 "'%s' is no platform; expected os/architecture, for example "
                                 "linux/arm64",
                                 text ? text : "");
    }
    return ARC_OK;
}

static json_t *make_document(const struct arc_plan_options *options, json_t *platforms,
                             json_t *services, json_t *cells)
{
    char created[32];
    format_time(options->committed, created);
    const struct arc_group *group = options->group;
    /* clang-format off */
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s?, s:b, s:s?, s:O?, s:s, s:s, s:s?, s:O, s:b, s:O, s:O}",
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
                     "platforms", platforms,
                     "any", json_array_size(cells) > 0,
                     "services", services,
                     "cells", cells);
    /* clang-format on */
}

int arc_plan(const struct arc_plan_options *options, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *platforms = make_platforms(options);
    ARC_AUTO_JSON json_t *services = json_array();
    ARC_AUTO_JSON json_t *cells = json_array();
    if (!platforms || !services || !cells)
        return arc_error_nomem(err);
    if (strlen(options->revision) < ARC_SHORT_SHA)
        return arc_error_set(err, ARC_EINPUT, "'%s' is no full commit id", options->revision);
    if (options->changes && !json_is_object(json_object_get(options->changes, "filters")))
        return arc_error_set(err, ARC_EINPUT,
                             "the changes have no filters: 'arc-ci changes --json' prints them");
    int rc = check_services(options, err);
    if (!rc)
        rc = check_platforms(platforms, err);
    if (!rc)
        rc = make_services(options, services, err);
    if (!rc)
        rc = make_cells(options, services, platforms, cells, err);
    if (rc)
        return rc;
    *out = make_document(options, platforms, services, cells);
    return *out ? ARC_OK : arc_error_nomem(err);
}

int arc_plan_matrix(const json_t *plan, json_t **out, struct arc_error *err)
{
    json_t *cells = json_object_get(plan, "cells");
    if (json_array_size(cells) > ARC_PLAN_CELLS_MAX)
        return arc_error_set(err, ARC_ELIMIT,
                             "%zu cells (services × platforms); a GitHub matrix holds %d: plan "
                             "fewer with --service or --platform",
                             json_array_size(cells), ARC_PLAN_CELLS_MAX);
    *out = json_pack("{s:O}", "include", cells);
    return *out ? ARC_OK : arc_error_nomem(err);
}
