#define _GNU_SOURCE /* strptime, timegm: POSIX from 2024 on */
#include "arcci/build.h"
#include "arcci/plan.h"
#include "base/auto.h"
#include "base/json.h"
#include "registry/registry.h"
#include <string.h>
#include <time.h>

/* ---- text ---------------------------------------------------------------------------------- */

/* A string that means itself in a bake file: HCL expands "${" and "%{" in JSON strings too (HCL's
 * JSON syntax specification, "Expressions"). */
static json_t *literal(const char *text)
{
    struct arc_buf out = {0};
    for (; *text; text++) {
        if ((*text == '$' || *text == '%') && text[1] == '{')
            arc_buf_putc(&out, *text);
        arc_buf_putc(&out, *text);
    }
    json_t *value = out.failed ? NULL : json_string(arc_buf_text(&out));
    arc_buf_free(&out);
    return value;
}

__attribute__((format(printf, 2, 3))) static int append(json_t *list, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    va_list args;
    va_start(args, format);
    arc_buf_vprintf(&text, format, args);
    va_end(args);
    return text.failed ? -1 : json_array_append_new(list, literal(arc_buf_text(&text)));
}

static json_t *literals(const json_t *texts)
{
    json_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)texts, key, value)
        if (json_object_set_new(out, key, literal(json_string_value(value)))) {
            json_decref(out);
            return NULL;
        }
    return out;
}

/* ---- what is built ------------------------------------------------------------------------- */

static bool listed(const json_t *names, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (names, i, item)
        if (strcmp(json_string_value(item), name) == 0)
            return true;
    return false;
}

/* "flash/linux/amd64" against a cell of the plan. */
static bool is_cell(const json_t *cell, const char *name)
{
    const char *service = arc_json_text_of(cell, "service");
    size_t len = strlen(service);
    return strncmp(name, service, len) == 0 && name[len] == '/' &&
           strcmp(name + len + 1, arc_json_text_of(cell, "platform")) == 0;
}

int arc_bake_cell(const json_t *plan, const char *name, const json_t **out, struct arc_error *err)
{
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(plan, "cells"), i, cell)
        if (is_cell(cell, name)) {
            *out = cell;
            return ARC_OK;
        }
    return arc_error_set(err, ARC_EINPUT,
                         "the plan has no cell '%s'; cells are named SERVICE/PLATFORM, like "
                         "flash/linux/amd64, and `arc-ci plan` lists them",
                         name);
}

/* ---- a target ------------------------------------------------------------------------------ */

static json_t *make_annotations(const json_t *labels, const char *key)
{
    json_t *list = json_array();
    const char *name;
    json_t *value;
    int failed = 0;
    json_object_foreach ((json_t *)labels, name, value)
        if (strncmp(name, "org.opencontainers.image.", 25) == 0)
            failed |= append(list, "index:%s=%s", name, json_string_value(value));
    if (key)
        failed |= append(list, "index:" ARC_KEY_ANNOTATION "=%s", key);
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

/* The commit's time, for SOURCE_DATE_EPOCH: a rebuild gives the same layers and configuration
 * (reproducible-builds.org, "SOURCE_DATE_EPOCH"; BuildKit docs, "Build reproducibility"). */
static json_t *make_args(const json_t *plan, const json_t *service)
{
    json_t *args = literals(json_object_get(service, "build-args"));
    struct tm parts = {0};
    char text[32];
    if (!args || !strptime(arc_json_text_of(plan, "created"), "%Y-%m-%dT%H:%M:%SZ", &parts))
        return args;
    snprintf(text, sizeof text, "%lld", (long long)timegm(&parts));
    if (!json_object_get(args, "SOURCE_DATE_EPOCH"))
        json_object_set_new(args, "SOURCE_DATE_EPOCH", json_string(text));
    return args;
}

/* What tells BuildKit's exporters that a registry has no https that verifies. */
static const char *insecure_of(const struct arc_bake_options *options, const char *image)
{
    bool insecure = options->env && arc_registry_insecure(options->env, image);
    return insecure ? ",registry.insecure=true" : "";
}

static json_t *make_output(const struct arc_bake_options *options, const char *image)
{
    json_t *list = json_array();
    bool push = json_is_true(json_object_get(options->plan, "push"));
    const char *insecure = push ? insecure_of(options, image) : "";
    int failed;
    if (push && options->by_digest)
        failed =
            append(list, "type=image,name=%s,push-by-digest=true,name-canonical=true,push=true%s",
                   image, insecure);
    else
        failed = append(list, "type=image,push=%s%s", push ? "true" : "false", insecure);
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

/* The layers of a service lie beside its image. A cell, which may be built at the same time as the
 * others, writes under a tag of its own; it reads what whole builds left, too. The cache is stored
 * as an image manifest: some registries (ECR) take no index of layers, and BuildKit makes one by
 * itself since 0.21 only. */
static int add_cache(const struct arc_bake_options *options, const char *image, const json_t *cell,
                     json_t *target)
{
    const char *insecure = insecure_of(options, image);
    json_t *from = json_array(), *to = json_array();
    char tag[160] = "buildcache";
    int failed = append(from, "type=registry,ref=%s:%s%s", image, tag, insecure);
    if (cell) {
        snprintf(tag, sizeof tag, "buildcache-%.120s", arc_json_text_of(cell, "platform"));
        for (char *c = tag; *c; c++)
            *c = *c == '/' ? '-' : *c;
        failed |= append(from, "type=registry,ref=%s:%s%s", image, tag, insecure);
    }
    failed |= append(to,
                     "type=registry,ref=%s:%s,mode=max,image-manifest=true,oci-mediatypes=true,"
                     "ignore-error=true%s",
                     image, tag, insecure);
    failed |= json_object_set_new(target, "cache-from", from);
    return failed | json_object_set_new(target, "cache-to", to);
}

/* Attestations and annotations describe what others will pull; what stays here needs neither. */
static int add_pushed(const struct arc_bake_options *options, const json_t *service, json_t *target)
{
    json_t *attest = json_array();
    int failed = append(attest, "type=provenance,mode=max");
    if (options->sbom)
        failed |= append(attest, "type=sbom");
    const char *key =
        json_string_value(json_object_get(options->keys, arc_json_text_of(service, "service")));
    failed |= json_object_set_new(target, "attest", attest);
    return failed | json_object_set_new(target, "annotations",
                                        make_annotations(json_object_get(service, "labels"), key));
}

static json_t *make_target(const struct arc_bake_options *options, const json_t *service,
                           const json_t *platforms, const json_t *cell)
{
    const char *staging = arc_json_text_of(cell ? cell : service, "staging");
    const char *image = arc_json_text_of(service, "image"),
               *directory = arc_json_text_of(service, "directory");
    const char *dockerfile = arc_json_text_of(service, "dockerfile");
    size_t len = strlen(directory);
    if (strncmp(dockerfile, directory, len) == 0 && dockerfile[len] == '/')
        dockerfile += len + 1; /* bake looks for it in the context */
    json_t *tags = json_array();
    int failed = options->by_digest ? 0 : append(tags, "%s:%s", image, staging);
    /* clang-format off */
    json_t *target = json_pack("{s:o, s:o, s:O, s:o, s:o, s:o, s:o}",
                               "context", literal(directory),
                               "dockerfile", literal(dockerfile),
                               "platforms", platforms,
                               "args", make_args(options->plan, service),
                               "labels", literals(json_object_get(service, "labels")),
                               "output", make_output(options, image),
                               "tags", tags);
    /* clang-format on */
    if (!failed && target && json_is_true(json_object_get(options->plan, "push")))
        failed = add_pushed(options, service, target);
    if (!failed && target && options->cache)
        failed = add_cache(options, image, cell, target);
    if (!failed)
        return target;
    json_decref(target);
    return NULL;
}

/* ---- the definition ------------------------------------------------------------------------ */

static int add_target(const struct arc_bake_options *options, const json_t *service,
                      const json_t *cell, json_t *names, json_t *targets)
{
    const char *codename = arc_json_text_of(service, "service");
    ARC_AUTO_JSON json_t *one = cell ? json_pack("[O]", json_object_get(cell, "platform")) : NULL;
    const json_t *platforms = one ? one : json_object_get(options->plan, "platforms");
    json_t *target = make_target(options, service, platforms, cell);
    if (json_object_set_new(targets, codename, target))
        return -1;
    return json_array_append_new(names, json_string(codename));
}

static bool wanted(const struct arc_bake_options *options, const json_t *service,
                   const json_t *cell)
{
    const char *codename = arc_json_text_of(service, "service");
    if (cell)
        return strcmp(codename, arc_json_text_of(cell, "service")) == 0;
    if (options->services && !listed(options->services, codename))
        return false;
    return json_is_true(json_object_get(service, "selected"));
}

int arc_bake(const struct arc_bake_options *options, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *names = json_array();
    ARC_AUTO_JSON json_t *targets = json_object();
    const json_t *cell = NULL;
    int rc = arc_plan_check(options->plan, err);
    if (!rc && options->cell)
        rc = arc_bake_cell(options->plan, options->cell, &cell, err);
    if (rc)
        return rc;
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(options->plan, "services"), i, service)
        if (wanted(options, service, cell) && add_target(options, service, cell, names, targets))
            return arc_error_nomem(err);
    *out = json_pack("{s:{s:{s:O}}, s:O}", "group", "default", "targets", names, "target", targets);
    return *out ? ARC_OK : arc_error_nomem(err);
}
