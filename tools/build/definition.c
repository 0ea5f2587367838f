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

static json_t *literals(const struct arc_pair *pair)
{
    json_t *out = json_object();
    for (; pair->name; pair++)
        if (json_object_set_new(out, pair->name, literal(pair->value))) {
            json_decref(out);
            return NULL;
        }
    return out;
}

/* ---- what is built ------------------------------------------------------------------------- */

int arc_bake_cell(const struct arc_plan *plan, const char *name, const struct arc_cell **out,
                  struct arc_error *err)
{
    for (size_t i = 0; i < plan->cell_count; i++) {
        const struct arc_cell *cell = &plan->cells[i];
        size_t len = strlen(cell->service);
        if (strncmp(name, cell->service, len) == 0 && name[len] == '/' &&
            strcmp(name + len + 1, cell->platform) == 0) {
            *out = cell;
            return ARC_OK;
        }
    }
    return arc_error_set(err, ARC_EINPUT,
                         "the plan has no cell '%s'; cells are named SERVICE/PLATFORM, like "
                         "flash/linux/amd64, and `arc-ci plan` lists them",
                         name);
}

/* ---- a target ------------------------------------------------------------------------------ */

static json_t *make_annotations(const struct arc_pair *label, const char *key)
{
    json_t *list = json_array();
    int failed = 0;
    for (; label->name; label++)
        if (strncmp(label->name, "org.opencontainers.image.", 25) == 0)
            failed |= append(list, "index:%s=%s", label->name, label->value);
    if (key)
        failed |= append(list, "index:" ARC_KEY_ANNOTATION "=%s", key);
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

/* The commit's time, for SOURCE_DATE_EPOCH: a rebuild gives the same layers and configuration
 * (reproducible-builds.org, "SOURCE_DATE_EPOCH"; BuildKit docs, "Build reproducibility"). */
static json_t *make_args(const struct arc_plan *plan, const struct arc_planned_service *service)
{
    json_t *args = literals(service->build_args);
    struct tm parts = {0};
    char text[32];
    if (!args || !strptime(plan->created, "%Y-%m-%dT%H:%M:%SZ", &parts))
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
    bool push = options->plan->push;
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
static int add_cache(const struct arc_bake_options *options, const char *image,
                     const struct arc_cell *cell, json_t *target)
{
    const char *insecure = insecure_of(options, image);
    json_t *from = json_array(), *to = json_array();
    char tag[160] = "buildcache";
    int failed = append(from, "type=registry,ref=%s:%s%s", image, tag, insecure);
    if (cell) {
        snprintf(tag, sizeof tag, "buildcache-%.120s", cell->platform);
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
static int add_pushed(const struct arc_bake_options *options,
                      const struct arc_planned_service *service, json_t *target)
{
    json_t *attest = json_array();
    int failed = append(attest, "type=provenance,mode=max");
    if (options->sbom)
        failed |= append(attest, "type=sbom");
    const char *key = options->keys ? options->keys[service - options->plan->services] : NULL;
    failed |= json_object_set_new(target, "attest", attest);
    return failed |
           json_object_set_new(target, "annotations", make_annotations(service->labels, key));
}

static json_t *make_target(const struct arc_bake_options *options,
                           const struct arc_planned_service *service, const struct arc_cell *cell)
{
    const char *dockerfile = service->dockerfile;
    size_t len = strlen(service->directory);
    if (strncmp(dockerfile, service->directory, len) == 0 && dockerfile[len] == '/')
        dockerfile += len + 1; /* bake looks for it in the context */

    json_t *tags = json_array();
    int failed = options->by_digest ? 0
                                    : append(tags, "%s:%s", service->image,
                                             cell ? cell->staging : service->staging);
    /* clang-format off */
    json_t *target = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                               "context", literal(service->directory),
                               "dockerfile", literal(dockerfile),
                               "platforms", cell ? json_pack("[s]", cell->platform)
                                                 : arc_texts_json(options->plan->platforms),
                               "args", make_args(options->plan, service),
                               "labels", literals(service->labels),
                               "output", make_output(options, service->image),
                               "tags", tags);
    /* clang-format on */
    if (!failed && target && options->plan->push)
        failed = add_pushed(options, service, target);
    if (!failed && target && options->cache)
        failed = add_cache(options, service->image, cell, target);
    if (!failed)
        return target;
    json_decref(target);
    return NULL;
}

/* ---- the definition ------------------------------------------------------------------------ */

static bool is_wanted(const struct arc_bake_options *options,
                      const struct arc_planned_service *service, const struct arc_cell *cell)
{
    if (cell)
        return strcmp(service->service, cell->service) == 0;
    bool skipped = options->skip && options->skip[service - options->plan->services];
    return service->selected && !skipped;
}

int arc_bake(const struct arc_bake_options *options, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *names = json_array();
    ARC_AUTO_JSON json_t *targets = json_object();
    const struct arc_cell *cell = NULL;
    if (options->cell)
        ARC_TRY(arc_bake_cell(options->plan, options->cell, &cell, err));

    for (size_t i = 0; i < options->plan->service_count; i++) {
        const struct arc_planned_service *service = &options->plan->services[i];
        if (!is_wanted(options, service, cell))
            continue;
        if (json_object_set_new(targets, service->service, make_target(options, service, cell)) ||
            json_array_append_new(names, json_string(service->service)))
            return arc_error_nomem(err);
    }
    *out = json_pack("{s:{s:{s:O}}, s:O}", "group", "default", "targets", names, "target", targets);
    return *out ? ARC_OK : arc_error_nomem(err);
}
