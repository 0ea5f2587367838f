#include "arcci/plan.h"
#include "arcci/documents.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/platform.h"
#include "base/text.h"
#include "config/fields.h"
#include "plan/released.h"
#include "plan/tags.h"
#include <string.h>

/* The labels that the platform itself gives an image. */
#define LABELS_MAX 11

/* A plan under way. */
struct planning {
    struct arc_plan_options options;
    char **platforms; /* that the plan is for */
    struct arc_plan *plan;
    struct arc_arena *memory; /* the plan's */
    struct arc_error *err;
};

/* ---- labels and build arguments ------------------------------------------------------------- */

static size_t count_pairs(const struct arc_pair *pairs)
{
    size_t count = 0;
    while (pairs && pairs[count].name)
        count++;
    return count;
}

/* Sets a pair in a list that has room for one more; nothing happens for NULL. */
static void set_pair(struct arc_pair *pairs, const char *name, const char *value)
{
    if (!value)
        return;
    while (pairs->name && strcmp(pairs->name, name) != 0)
        pairs++;
    *pairs = (struct arc_pair){(char *)name, (char *)value};
}

/* What is told of the commit is not for a file to say. */
static bool is_fact(const char *label)
{
    return strcmp(label, "org.opencontainers.image.revision") == 0 ||
           strcmp(label, "org.opencontainers.image.created") == 0;
}

/* The labels of the build section, over ours; one that has no value in this plan is left out. */
static int add_own_labels(const struct planning *planning, const struct arc_plan_options *options,
                          const struct arc_service *service, struct arc_pair *labels)
{
    for (const struct arc_pair *pair = service->build.labels; pair && pair->name; pair++) {
        ARC_AUTO(arc_buf) struct arc_buf value = {.max = (size_t)1 << 20};
        bool whole;
        if (is_fact(pair->name))
            continue;
        ARC_TRY(arc_plan_fill(options, service, pair->value, &value, &whole, planning->err));
        if (whole && value.len)
            set_pair(labels, pair->name, arc_arena_text(planning->memory, arc_buf_text(&value)));
    }

    return ARC_OK;
}

/* OCI image spec 1.1, "Pre-Defined Annotation Keys", and the platform's own arc.service.*. */
static int make_labels(const struct planning *planning, const struct arc_plan_options *own,
                       const struct arc_service *service, struct arc_pair **out)
{
    const struct arc_plan *plan = planning->plan;
    struct arc_pair *labels = arc_arena_array(
        planning->memory, LABELS_MAX + count_pairs(service->build.labels) + 1, sizeof *labels);

    ARC_TRY_ALLOC(labels, planning->err);
    const char *version = service->version;
    if (!version && plan->version)
        version = plan->version->version;
    if (!version)
        version = arc_arena_printf(planning->memory, "sha-%.*s", ARC_SHORT_SHA, plan->revision);

    set_pair(labels, "org.opencontainers.image.title", service->name);
    set_pair(labels, "org.opencontainers.image.description", service->description);
    set_pair(labels, "org.opencontainers.image.created", plan->created);
    set_pair(labels, "org.opencontainers.image.revision", plan->revision);
    set_pair(labels, "org.opencontainers.image.source", plan->source);
    set_pair(labels, "org.opencontainers.image.url", plan->source);
    set_pair(labels, "org.opencontainers.image.version", version);
    if (service->role || service->tech) { /* who states neither has no use for the others */
        set_pair(labels, "arc.service.name", service->name);
        set_pair(labels, "arc.service.codename", service->codename);
        set_pair(labels, "arc.service.role", service->role);
        set_pair(labels, "arc.service.tech", service->tech);
    }
    *out = labels;

    return add_own_labels(planning, own, service, labels);
}

/* Build arguments with their placeholders filled in; one that has no value in this plan (a version,
 * in CI) keeps the Dockerfile's default. */
static int make_args(const struct planning *planning, const struct arc_plan_options *own,
                     const struct arc_service *service, struct arc_pair **out)
{
    const struct arc_pair *pair = service->build.args;
    *out = arc_arena_array(planning->memory, count_pairs(pair) + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, planning->err);

    for (; pair->name; pair++) {
        ARC_AUTO(arc_buf) struct arc_buf value = {.max = (size_t)1 << 20};
        bool whole;
        ARC_TRY(arc_plan_fill(own, service, pair->value, &value, &whole, planning->err));
        if (whole)
            set_pair(*out, pair->name, arc_arena_text(planning->memory, arc_buf_text(&value)));
    }

    return ARC_OK;
}

/* ---- a service ------------------------------------------------------------------------------ */

/* Whether the changes name a service, and why. */
static bool is_changed(const struct planning *planning, const char *codename, char **reason)
{
    const struct arc_changed_filter *filter =
        arc_changed_filter(planning->options.changes, codename);
    if (!filter) { /* what nobody looked at is not unchanged */
        *reason = arc_arena_text(planning->memory, "the changes say nothing about it");
        return true;
    }

    if (!filter->matched)
        *reason = arc_arena_text(planning->memory, "no change");
    else if (!filter->count && filter->reason) /* "depends on base, which changed" */
        *reason = arc_arena_text(planning->memory, filter->reason);
    else
        *reason = arc_arena_printf(planning->memory, "%lld %s changed", (long long)filter->count,
                                   filter->count == 1 ? "file" : "files");

    return filter->matched;
}

/* Whether a service is built, and why. */
static bool is_selected(const struct planning *planning, const struct arc_service *service,
                        char **reason)
{
    const struct arc_plan_options *options = &planning->options;
    struct arc_arena *memory = planning->memory;

    if (service->linked)
        *reason = arc_arena_text(memory, "others start from it; it has no tag of its own");
    else if (options->services && !arc_json_lists(options->services, service->codename))
        *reason = arc_arena_text(memory, "not asked for");
    else if (options->only && options->only != service)
        *reason = arc_arena_printf(memory, "%s releases %s", options->version->tag,
                                   options->only->codename);

    if (*reason)
        return false;

    if (!options->version && options->changes)
        return is_changed(planning, service->codename, reason);
    *reason = options->version ? arc_arena_printf(memory, "released with %s", options->version->tag)
                               : arc_arena_text(memory, "built, since no --changes was given");

    return true;
}

/* The platforms that a service is built for: of those that the plan is for the ones that it has.
 * One that says its own and has none of them is built for its own in CI. */
static int choose_service_platforms(const struct planning *planning,
                                    const struct arc_service *service, char ***out)
{
    const struct arc_plan_options *options = &planning->options;
    char **own = service->build.platforms;
    bool described = options->version || options->group->described.files;
    *out = *own ? own : planning->platforms;
    if (!*own || (described && !options->platforms))
        return ARC_OK;

    char **shared = arc_arena_array(planning->memory, 1, sizeof *shared);
    ARC_TRY_ALLOC(shared, planning->err);

    for (char **platform = own; *platform; platform++)
        if (arc_texts_have(planning->platforms, *platform))
            ARC_TRY(arc_texts_add(planning->memory, &shared, *platform, planning->err));

    if (*shared || options->platforms)
        *out = shared;

    return ARC_OK;
}

/* Two services may push to one image: their staging tags then have their names. */
static char *name_staging(const struct planning *planning, const struct arc_service *service)
{
    const struct arc_group *group = planning->options.group;
    const char *revision = planning->plan->revision;
    size_t sharing = 0;

    for (size_t i = 0; i < group->service_count; i++)
        sharing += strcmp(group->services[i].images[0], service->images[0]) == 0;

    if (sharing > 1)
        return arc_arena_printf(planning->memory, "staging-%.*s-%s", ARC_SHORT_SHA, revision,
                                service->codename);

    return arc_arena_printf(planning->memory, "staging-%.*s", ARC_SHORT_SHA, revision);
}

/* What is published is what has a new version; what only changed is built as a check. */
static void hold_tags(const struct planning *planning, const struct arc_service *service,
                      struct arc_planned_service *out)
{
    const struct arc_pair *before = planning->options.before;
    while (before && before->name && strcmp(before->name, service->codename) != 0)
        before++;

    if (!service->version || !before || !before->name ||
        strcmp(before->value, service->version) != 0)
        return;

    for (size_t i = 0; i < out->tag_count; i++) {
        out->tags[i].move = false;
        out->tags[i].reason =
            arc_arena_printf(planning->memory, "the version is %s, as before", service->version);
    }
}

/* How a service is built. `own`: the options, with the service's own version. */
static int plan_build(const struct planning *planning, const struct arc_plan_options *own,
                      const struct arc_service *service, struct arc_planned_service *out)
{
    out->context = service->build.context;
    out->dockerfile = service->build.dockerfile;
    out->staging = name_staging(planning, service);
    out->selected = is_selected(planning, service, &out->reason);
    ARC_TRY(choose_service_platforms(planning, service, &out->platforms));

    if (out->selected && !*out->platforms) {
        out->reason =
            arc_arena_text(planning->memory, "is not built for the platforms that were asked for");
        out->selected = false;
    }

    ARC_TRY(make_args(planning, own, service, &out->build_args));
    ARC_TRY(make_labels(planning, own, service, &out->labels));

    out->recipe = arc_arena_array(planning->memory, 1, sizeof *out->recipe);
    ARC_TRY_ALLOC(out->recipe, planning->err);
    *out->recipe = service->build;

    return ARC_OK;
}

static int plan_service(const struct planning *planning, const struct arc_service *service,
                        struct arc_planned_service *out)
{
    ARC_AUTO(arc_version_info) struct arc_version_info version = {0};
    struct arc_plan_options own = planning->options;

    if (service->version) {
        ARC_TRY(arc_version_of_file(service->version, own.group, &version, planning->err));
        own.version = &version;
    }

    *out = (struct arc_planned_service){
        .service = service->codename,
        .name = service->name,
        .description = service->description,
        .tech = service->tech,
        .directory = service->directory,
        .image = service->images[0],
        .mirrors = service->images + 1,
    };
    ARC_TRY(arc_plan_tags(&own, service, out, planning->memory, planning->err));
    hold_tags(planning, service, out);
    if (service->released)
        return arc_plan_released(&planning->options, service, out, planning->memory, planning->err);

    return plan_build(planning, &own, service, out);
}

/* Services that share an image are told apart by their tags, or each would take the other's. */
static int note_tags(const struct planning *planning, const struct arc_planned_service *service,
                     json_t *taken)
{
    for (size_t i = 0; i < service->tag_count; i++) {
        ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 2048};
        if (service->tags[i].ref)
            continue;
        arc_buf_printf(&ref, "%s:%s", service->image, service->tags[i].tag);
        const char *other = json_string_value(json_object_get(taken, arc_buf_text(&ref)));
        if (other)
            return arc_error_set(planning->err, ARC_EINPUT,
                                 "the services %s and %s would both be %s: give each an image of "
                                 "its own, or put {codename} or {suffix} in the image-tags",
                                 other, service->service, arc_buf_text(&ref));
        if (ref.failed ||
            json_object_set_new(taken, arc_buf_text(&ref), json_string(service->service)))
            return arc_error_nomem(planning->err);
    }

    return ARC_OK;
}

static int plan_services(const struct planning *planning)
{
    const struct arc_group *group = planning->options.group;
    struct arc_plan *plan = planning->plan;
    ARC_AUTO_JSON json_t *taken = json_object();

    plan->services =
        arc_arena_array(planning->memory, group->service_count, sizeof *plan->services);
    ARC_TRY_ALLOC(plan->services, planning->err);

    for (; plan->service_count < group->service_count; plan->service_count++) {
        struct arc_planned_service *out = &plan->services[plan->service_count];
        ARC_TRY(plan_service(planning, &group->services[plan->service_count], out));
        ARC_TRY(note_tags(planning, out, taken));
    }

    return arc_arena_check(planning->memory, planning->err);
}

/* ---- images that start from one another ----------------------------------------------------- */

static bool is_built(const struct arc_plan *plan, const char *codename)
{
    const struct arc_planned_service *service = arc_plan_service(plan, codename);
    return service && service->selected;
}

/* What stands on an image that is built is built on it. True when something was added. */
static bool select_dependents(const struct planning *planning)
{
    const struct arc_plan_options *options = &planning->options;
    bool more = false;

    for (size_t i = 0; i < planning->plan->service_count; i++) {
        const struct arc_service *service = &options->group->services[i];
        struct arc_planned_service *own = &planning->plan->services[i];
        const struct arc_base_ref *base = service->bases;
        if (own->selected || !base ||
            (options->services && !arc_json_lists(options->services, service->codename)))
            continue;
        while (base->ref && !is_built(planning->plan, base->codename))
            base++;
        if (!base->ref)
            continue;

        own->selected = more = true;
        own->reason =
            arc_arena_printf(planning->memory, "starts from %s, which is built", base->codename);
    }
    return more;
}

/* A base that is built takes the place of its name, as BuildKit looks for it; one that is not comes
 * from the registry, unless the recipe names it itself. */
static int link_service(const struct planning *planning, const struct arc_service *service,
                        struct arc_planned_service *own)
{
    struct arc_arena *memory = planning->memory;
    size_t count = 0, known;

    while (service->bases[count].ref)
        count++;
    known = count_pairs(own->recipe->additional_contexts);
    struct arc_pair *contexts = arc_arena_array(memory, known + count + 1, sizeof *contexts);
    ARC_TRY_ALLOC(contexts, planning->err);
    for (size_t i = 0; i < known; i++)
        contexts[i] = own->recipe->additional_contexts[i];
    own->recipe->additional_contexts = contexts;

    for (const struct arc_base_ref *base = service->bases; base->ref; base++) {
        ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
        bool whole;
        if (!is_built(planning->plan, base->codename))
            continue;
        ARC_TRY(arc_plan_fill(&planning->options, service, base->ref, &ref, &whole, planning->err));
        if (whole)
            set_pair(contexts, arc_arena_text(memory, arc_buf_text(&ref)),
                     arc_arena_printf(memory, "target:%s", base->codename));
    }

    return ARC_OK;
}

static int link_bases(const struct planning *planning)
{
    const struct arc_group *group = planning->options.group;
    bool more = !planning->options.version;

    while (more)
        more = select_dependents(planning);

    for (size_t i = 0; i < group->service_count; i++)
        if (group->services[i].bases && group->services[i].bases->ref &&
            planning->plan->services[i].selected)
            ARC_TRY(link_service(planning, &group->services[i], &planning->plan->services[i]));

    return ARC_OK;
}

/* ---- cells --------------------------------------------------------------------------------- */

/* GitHub's own runners are native for these two; anything else is emulated on the first. */
static const char *choose_runner(const struct arc_group *group, const char *platform)
{
    for (const struct arc_pair *pair = group->runners; pair && pair->name; pair++)
        if (strcmp(pair->name, platform) == 0)
            return pair->value;
    return strncmp(platform, "linux/arm64", 11) == 0 ? "ubuntu-24.04-arm" : "ubuntu-24.04";
}

static int add_cells(const struct planning *planning, const struct arc_planned_service *service)
{
    struct arc_plan *plan = planning->plan;

    for (char **platform = service->platforms; *platform; platform++) {
        struct arc_cell *cell =
            arc_arena_append(planning->memory, &plan->cells, &plan->cell_count, sizeof *cell);
        ARC_TRY_ALLOC(cell, planning->err);
        *cell = (struct arc_cell){
            .service = service->service,
            .platform = *platform,
            .runner = (char *)choose_runner(planning->options.group, *platform),
            .staging = arc_arena_printf(planning->memory, "%s-%s", service->staging, *platform)};
        for (char *c = cell->staging; *c; c++)
            if (*c == '/') /* a tag of its own: "staging-<sha>-linux-amd64" */
                *c = '-';
    }

    return ARC_OK;
}

/* The cells of what is built, and all platforms that some service is built for, in their order. */
static int plan_cells(const struct planning *planning)
{
    struct arc_plan *plan = planning->plan;
    plan->platforms = arc_arena_array(planning->memory, 1, sizeof *plan->platforms);
    ARC_TRY_ALLOC(plan->platforms, planning->err);

    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_planned_service *service = &plan->services[i];
        if (service->selected)
            ARC_TRY(add_cells(planning, service));
        for (char **platform = service->platforms; *platform; platform++)
            if (!arc_texts_have(plan->platforms, *platform))
                ARC_TRY(
                    arc_texts_add(planning->memory, &plan->platforms, *platform, planning->err));
    }

    plan->any = plan->cell_count > 0 && !planning->options.group->includes;

    return ARC_OK;
}

/* ---- the plan ------------------------------------------------------------------------------- */

static int refuse_service(const struct arc_group *group, const char *name, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf names = {.max = 1024};

    for (size_t i = 0; i < group->service_count; i++)
        arc_buf_printf(&names, "%s%s", i ? ", " : "", group->services[i].codename);
    return arc_error_set(err, ARC_EINPUT, "group %s has no service '%.100s'; it has: %s",
                         group->name, name, names.failed ? "many others" : arc_buf_text(&names));
}

static int check_services(const struct arc_plan_options *options, struct arc_error *err)
{
    arc_json_each (name, options->services) {
        const char *text = json_string_value(name);
        size_t at = 0;
        while (at < options->group->service_count &&
               strcmp(options->group->services[at].codename, text ? text : "") != 0)
            at++;
        if (at == options->group->service_count)
            return refuse_service(options->group, text ? text : "", err);
    }

    return ARC_OK;
}

/* The platforms that were asked for, normalized and each once. */
static int read_platforms(const struct planning *planning, char ***out)
{
    const json_t *given = planning->options.platforms;

    if (!json_array_size(given))
        return arc_error_set(planning->err, ARC_EINPUT,
                             "the list of platforms is empty; expected, for example, "
                             "linux/amd64,linux/arm64");

    arc_json_each (item, given) {
        const char *text = json_string_value(item);
        char plain[ARC_PLATFORM_SIZE];
        ARC_AUTO(arc_buf) struct arc_buf why = {.max = 1024};
        if (!text)
            return arc_error_set(planning->err, ARC_EINPUT, "platforms: '' is not a string");
        if (!arc_check_platform(text, &why))
            return arc_error_set(planning->err, ARC_EINPUT, "platforms: '%s' %s", text,
                                 arc_buf_text(&why));
        arc_platform_normalize(text, plain);
        if (!arc_texts_have(*out, plain))
            ARC_TRY(arc_texts_add(planning->memory, out, plain, planning->err));
    }

    return ARC_OK;
}

/* Fills in the service that the tag names, where the group's tags do: "cart-v1.2.3". */
static int find_only(struct arc_plan_options *options, struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    int rc = ARC_OK;
    if (options->version)
        rc = arc_tag_parse(options->version->tag, options->group, &tag, NULL);
    options->only = rc ? NULL : tag.service;
    return rc == ARC_ENOMEM ? arc_error_nomem(err) : ARC_OK;
}

/* What the whole plan is about. */
static int plan_group(struct planning *planning)
{
    const struct arc_plan_options *options = &planning->options;
    static char *none[] = {NULL};
    const struct arc_group *group = options->group;
    struct arc_plan *plan = planning->plan;
    char created[32];

    arc_time_print(options->committed, created);
    plan->group = group->name;
    plan->mode = options->version ? ARC_PLAN_RELEASE : ARC_PLAN_CI;
    plan->title = group->title;
    plan->description = group->description;
    plan->push = options->push;
    plan->revision = arc_arena_text(planning->memory, options->revision);
    plan->created = arc_arena_text(planning->memory, created);
    plan->source = arc_arena_text(planning->memory, options->source);
    plan->generated = group->generated;
    plan->unreleased = group->unreleased ? group->unreleased : none;

    if (options->version) {
        ARC_TRY(arc_version_info_copy(options->version, planning->memory, &plan->version,
                                      planning->err));
        plan->tag = plan->version->tag;
    }

    planning->platforms = options->version ? group->platforms_release : group->platforms_ci;

    if (options->platforms) {
        planning->platforms = NULL;
        ARC_TRY(read_platforms(planning, &planning->platforms));
    }

    return arc_arena_check(planning->memory, planning->err);
}

static int make_plan(struct planning *planning)
{
    struct arc_plan_options *options = &planning->options;
    if (strlen(options->revision) < ARC_SHORT_SHA)
        return arc_error_set(planning->err, ARC_EINPUT, "'%s' is not a full commit id",
                             options->revision);

    ARC_TRY(check_services(options, planning->err));
    ARC_TRY(find_only(options, planning->err));
    ARC_TRY(plan_group(planning));
    ARC_TRY(plan_services(planning));
    ARC_TRY(link_bases(planning));
    ARC_TRY(plan_cells(planning));

    return arc_arena_check(planning->memory, planning->err);
}

int arc_plan(const struct arc_plan_options *options, struct arc_plan *out, struct arc_error *err)
{
    struct planning planning = {
        .options = *options, .plan = out, .memory = &out->memory, .err = err};
    *out = (struct arc_plan){0};
    int rc = make_plan(&planning);
    if (rc)
        arc_plan_free(out);
    return rc;
}
