#include "arcci/version.h"
#include "base/json.h"
#include "base/path.h"
#include "config/fields.h"
#include "config/graph.h"
#include "plan/tags.h"

/* The labels set by arc-ci itself. */
#define LABELS_MAX 11

/* The state of making a plan. */
struct planning {
    struct arc_plan_options options;
    char **platforms; /* of the plan */
    struct arc_plan *plan;
    struct arc_arena *memory; /* the plan's */
    struct arc_error *err;
};

/* ---- labels and build arguments ------------------------------------------------------------- */

/* Sets a pair in a list with room for one more; ignores a NULL value. */
static void set_pair(struct arc_pair *pairs, const char *name, const char *value)
{
    if (!value)
        return;
    while (pairs->name && strcmp(pairs->name, name) != 0)
        pairs++;
    *pairs = (struct arc_pair){(char *)name, (char *)value};
}

/* Sets the pairs of a build section with placeholders filled in. Skips one without a value in this
 * plan (a version, in CI), so that an argument keeps the Dockerfile's default; skips labels that
 * arc-ci sets, since a file must not override facts about the commit. What docker's files say has
 * no placeholders. */
static int fill_pairs(const struct planning *planning, const struct arc_plan_options *own,
                      const struct arc_service *service, const struct arc_pair *from,
                      struct arc_pair *out)
{
    const struct arc_recipe *shared = &planning->options.group->build;
    bool labels = from == service->build.labels;
    const struct arc_pair *given = labels ? shared->labels : shared->args;

    for (; from && from->name; from++) {
        ARC_AUTO(arc_buf) struct arc_buf value = {.max = (size_t)1 << 20};
        bool whole;
        if (labels && ARC_AMONG(from->name, "org.opencontainers.image.revision",
                                "org.opencontainers.image.created"))
            continue;
        if (service->definition && !arc_pair_is_given(given, from)) {
            set_pair(out, from->name, from->value);
            continue;
        }
        ARC_TRY(arc_plan_fill(own, service, from->value, &value, &whole, planning->err));
        if (whole && (value.len || !labels))
            set_pair(out, from->name, arc_arena_text(planning->memory, arc_buf_text(&value)));
    }

    return ARC_OK;
}

/* OCI image spec 1.1, "Pre-Defined Annotation Keys", and the platform's own arc.service.*. */
static int make_labels(const struct planning *planning, const struct arc_plan_options *own,
                       const struct arc_service *service, struct arc_pair **out)
{
    const struct arc_plan *plan = planning->plan;
    struct arc_pair *labels = arc_arena_array(
        planning->memory, LABELS_MAX + arc_pairs_count(service->build.labels) + 1, sizeof *labels);

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
    if (service->role || service->tech) { /* without either, the others make no sense */
        set_pair(labels, "arc.service.name", service->name);
        set_pair(labels, "arc.service.codename", service->codename);
        set_pair(labels, "arc.service.role", service->role);
        set_pair(labels, "arc.service.tech", service->tech);
    }
    *out = labels;

    return fill_pairs(planning, own, service, service->build.labels, labels);
}

/* ---- a service ------------------------------------------------------------------------------ */

static bool is_selected(const struct planning *planning, const struct arc_service *service,
                        char **reason)
{
    const struct arc_plan_options *options = &planning->options;
    const struct arc_changed_filter *filter =
        arc_changed_filter(options->changes, service->codename);
    struct arc_arena *memory = planning->memory;

    if (service->linked)
        *reason = arc_arena_text(memory, "others start from it; it has no tag of its own");
    else if (options->services && !arc_json_lists(options->services, service->codename))
        *reason = arc_arena_text(memory, "not requested");
    else if (options->only && options->only != service)
        *reason = arc_arena_printf(memory, "%s releases %s", options->version->tag,
                                   options->only->codename);
    else if (!options->version && filter && !filter->matched)
        *reason = arc_arena_text(memory, "no change");
    if (*reason)
        return false;

    if (options->version)
        *reason = arc_arena_printf(memory, "released with %s", options->version->tag);
    else if (!options->changes)
        *reason = arc_arena_text(memory, "built, since no --changes was given");
    else if (!filter) /* a service that was not compared is not unchanged */
        *reason = arc_arena_text(memory, "the changes do not mention it");
    else if (!filter->count && filter->reason) /* "depends on base, which changed" */
        *reason = arc_arena_text(memory, filter->reason);
    else
        *reason = arc_arena_printf(memory, "%lld file%s changed", (long long)filter->count,
                                   arc_plural((size_t)filter->count));

    return true;
}

/* The platforms of a service: those of the plan that it supports; a release's if its version is in a
 * file and the run pushes, since that may publish it (a called workflow plans without the changes
 * that say so). In CI, a service with its own platforms and none of the plan's is built for its own,
 * and so is one of docker's files unless the configuration says what CI builds. */
static int choose_service_platforms(const struct planning *planning,
                                    const struct arc_service *service, char ***out)
{
    const struct arc_plan_options *options = &planning->options;
    char **own = service->build.platforms;
    bool is_release = options->version || (service->version && options->push);
    bool all = is_release || (options->group->described.files && !options->group->ci_given);
    *out = *own ? own : planning->platforms;
    if (!*own && is_release && !options->platforms)
        *out = options->group->platforms_release;
    if (!*own || (all && !options->platforms))
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

/* Fills in how a service is built. `own`: the options with the service's own version. */
static int plan_build(const struct planning *planning, const struct arc_plan_options *own,
                      const struct arc_service *service, struct arc_planned_service *out)
{
    const struct arc_group *group = own->group;
    const char *revision = planning->plan->revision;
    size_t sharing = 0;

    out->context = service->build.context;
    out->dockerfile = service->build.dockerfile;

    /* Two services may push to one image: their staging tags then have their names. */
    for (size_t i = 0; i < group->service_count; i++)
        sharing += arc_text_same(group->services[i].images[0], service->images[0]);
    out->staging = arc_arena_printf(planning->memory, "staging-%.*s", ARC_SHORT_SHA, revision);
    if (sharing > 1)
        out->staging = arc_arena_printf(planning->memory, "%s-%s", out->staging, service->codename);

    out->selected = is_selected(planning, service, &out->reason);
    ARC_TRY(choose_service_platforms(planning, service, &out->platforms));

    if (out->selected && !*out->platforms) {
        out->reason = arc_arena_text(planning->memory, "is not built for the requested platforms");
        out->selected = false;
    }

    const struct arc_pair *args = service->build.args;
    out->build_args =
        arc_arena_array(planning->memory, arc_pairs_count(args) + 1, sizeof *out->build_args);
    out->recipe = arc_arena_array(planning->memory, 1, sizeof *out->recipe);
    ARC_TRY_ALLOC(out->build_args && out->recipe, planning->err);
    *out->recipe = service->build;
    ARC_TRY(fill_pairs(planning, own, service, args, out->build_args));

    return make_labels(planning, own, service, &out->labels);
}

/* Only Docker can push to a name without an owner in its registry; the engine says so when all is
 * built. */
static int check_owners(const struct planning *planning, const struct arc_planned_service *service)
{
    char **images = NULL;

    ARC_TRY(arc_planned_images(service, planning->memory, &images, planning->err));
    for (; planning->options.push && *images; images++)
        if (!strchr(arc_or(arc_text_after(*images, "docker.io/"), *images), '/'))
            return arc_error_set(planning->err, ARC_EINPUT,
                                 "service '%s' would be pushed to '%s', but Docker Hub keeps names "
                                 "without an owner for its official images: call it OWNER/%s, or "
                                 "put another registry's host in front",
                                 service->service, *images, arc_path_name(*images));

    return ARC_OK;
}

/* Fills in a train's service, whose names and tags *out already has: its image is found by its
 * version's tag from its own release, and verified against that release's labels. ARC_EINPUT if its
 * group has no tag with just the version. */
static int plan_released(const struct arc_plan_options *options, const struct arc_service *service,
                         struct arc_planned_service *out, struct arc_arena *memory,
                         struct arc_error *err)
{
    static const char version_label[] = "org.opencontainers.image.version"; /* may be replaced */
    const struct arc_released_from *released = service->released;
    const struct arc_service *own = arc_group_find_service(released->group, service->codename);
    const struct arc_plan_options of_release = {.group = released->group,
                                                .version = released->version,
                                                .revision = released->revision,
                                                .moment = options->moment};
    struct arc_planned_service there = {0};
    ARC_TRY(arc_plan_tags(&of_release, own, &there, memory, err));
    for (size_t i = there.tag_count; i--;)
        if (there.tags[i].kind == ARC_TAG_VERSION && there.tags[i].move)
            out->staging = there.tags[i].tag;
    if (!out->staging)
        return arc_error_set(err, ARC_EINPUT,
                             "%s includes %s, but no image tag of %s is just the version: add "
                             "{version} or {image-tag} to its image-tags",
                             options->group->name, released->group->name, own->codename);

    out->released = arc_arena_array(memory, 1, sizeof *out->released);
    out->labels = arc_arena_array(memory, 3, sizeof *out->labels);
    out->build_args = arc_arena_array(memory, 1, sizeof *out->build_args);
    ARC_TRY_ALLOC(out->released && out->labels && out->build_args, err);

    *out->released = (struct arc_planned_release){.group = released->group->name,
                                                  .tag = released->tag,
                                                  .version = released->version->version,
                                                  .revision = released->revision};
    set_pair(out->labels, "org.opencontainers.image.revision", released->revision);
    if (!arc_find(own->build.labels, arc_pairs_count(own->build.labels), name, version_label))
        set_pair(out->labels, version_label, released->version->version);
    out->context = service->build.context;
    out->dockerfile = service->build.dockerfile;
    out->platforms =
        *own->build.platforms ? own->build.platforms : released->group->platforms_release;
    out->selected = true;
    out->reason = arc_arena_printf(memory, "taken from %s", released->tag);

    return arc_arena_check(memory, err);
}

static int read_version(const struct planning *planning, const struct arc_service *service,
                        struct arc_version_info *out)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    const struct arc_group *group = planning->options.group;
    int rc = arc_version_of_file(service->version, group, out, &why);

    if (!rc || rc == ARC_ENOMEM)
        return arc_error_memory(rc, planning->err);

    return arc_error_at(
        planning->err, rc, service->version_file, service->version_line, 0,
        "the version of '%s', '%.100s': %s%s", service->codename, service->version,
        arc_error_text(&why),
        group->versioning == ARC_VERSIONING_SEMVER ? " ('versioning: loose' takes others)" : "");
}

static int plan_service(const struct planning *planning, const struct arc_service *service,
                        struct arc_planned_service *out)
{
    ARC_AUTO(arc_version_info) struct arc_version_info version = {0};
    struct arc_plan_options own = planning->options;

    if (service->version) {
        ARC_TRY(read_version(planning, service, &version));
        own.version = &version;
    }

    char *image = arc_or(service->images[0], service->codename); /* a linked one has none */
    *out = (struct arc_planned_service){
        .service = service->codename,
        .name = service->name,
        .description = service->description,
        .tech = service->tech,
        .directory = service->directory,
        .image = image,
        .mirrors = service->images + !!*service->images,
    };
    ARC_TRY(arc_plan_tags(&own, service, out, planning->memory, planning->err));

    /* Only a new version is published, and only from the default branch; else the service is built
     * as a check. Nothing is new for a schedule, unless the changes say so. */
    const struct arc_pair *before = planning->options.before;
    while (before && before->name && strcmp(before->name, service->codename) != 0)
        before++;
    bool idle = !own.changes && arc_text_same(own.moment.event, "schedule");
    bool same = service->version &&
                (idle || (before && before->name && strcmp(before->value, service->version) == 0));
    bool aside = service->version && !planning->options.version && own.moment.aside;
    for (size_t i = 0; (same || aside) && i < out->tag_count; i++) {
        out->tags[i].move = false;
        out->tags[i].reason = arc_arena_printf(planning->memory,
                                               same ? "the version is %s, as before"
                                                    : "%s is published from the default branch",
                                               service->version);
    }

    if (service->version && !planning->options.version) {
        struct arc_plan_options run = planning->options;
        run.own = same ? NULL : &version;
        ARC_TRY(arc_plan_add_tags(&run, service, false, out, planning->memory, planning->err));
    }

    if (service->released)
        return plan_released(&planning->options, service, out, planning->memory, planning->err);

    return plan_build(planning, &own, service, out);
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

        /* Checks that services that share an image have different tags. */
        arc_each (tag, out->tags, out->tag_count) {
            ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 2048};
            arc_buf_printf(&ref, "%s:%s", arc_planned_image(out, tag), tag->tag);
            const char *other = json_string_value(json_object_get(taken, arc_buf_text(&ref)));
            if (other)
                return arc_error_set(planning->err, ARC_EINPUT,
                                     "the services %s and %s would both be %s: give each an image "
                                     "of its own, or put {codename} or {suffix} in the image-tags",
                                     other, out->service, arc_buf_text(&ref));
            if (ref.failed ||
                json_object_set_new(taken, arc_buf_text(&ref), json_string(out->service)))
                return arc_error_nomem(planning->err);
        }
    }

    return arc_arena_check(planning->memory, planning->err);
}

/* ---- images that start from one another ----------------------------------------------------- */

/* Whether the release moves the tag that a base is referred to by to it, and the base does not start
 * from the service in turn: then it is meant as it was published. */
static int check_released(const struct planning *planning, const struct arc_planned_service *base,
                          const char *ref, const struct arc_planned_service *own, bool *out)
{
    const struct arc_plan *plan = planning->plan;
    const char *tag = strrchr(ref, ':') + 1;
    bool *parts = arc_arena_array(planning->memory, plan->service_count, sizeof *parts);

    ARC_TRY_ALLOC(parts, planning->err);
    arc_planned_mark(plan, base, parts);
    *out = false;
    arc_each (given, base->tags, base->tag_count)
        *out |= given->move && strcmp(given->tag, tag) == 0 && !parts[own - plan->services];

    return ARC_OK;
}

/* A base that is built replaces its name among named contexts; another comes from the registry,
 * unless the recipe names it. `bases` are one of the service's lists. */
static int link_service(const struct planning *planning, const struct arc_service *service,
                        const struct arc_base_ref *bases, struct arc_planned_service *own)
{
    struct arc_arena *memory = planning->memory;
    size_t count = 0, known = arc_pairs_count(own->recipe->additional_contexts);

    while (bases[count].ref)
        count++;
    struct arc_pair *contexts = arc_arena_array(memory, known + count + 1, sizeof *contexts);
    ARC_TRY_ALLOC(contexts, planning->err);
    for (size_t i = 0; i < known; i++)
        contexts[i] = own->recipe->additional_contexts[i];
    own->recipe->additional_contexts = contexts;

    for (const struct arc_base_ref *base = bases; base->ref; base++) {
        const struct arc_planned_service *planned =
            arc_plan_service(planning->plan, base->codename);
        ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
        bool links;
        if (!planned->selected)
            continue;
        ARC_TRY(arc_plan_fill(&planning->options, service, base->ref, &ref, &links, planning->err));
        if (links && bases == service->released_bases)
            ARC_TRY(check_released(planning, planned, arc_buf_text(&ref), own, &links));
        if (links)
            set_pair(contexts, arc_arena_text(memory, arc_buf_text(&ref)),
                     arc_arena_printf(memory, "target:%s", base->codename));
    }

    return ARC_OK;
}

/* Links all services with their bases, or `released`: with those that only a release may give the
 * tag. */
static int link_services(const struct planning *planning, bool released)
{
    const struct arc_group *group = planning->options.group;
    struct arc_planned_service *own = planning->plan->services;

    for (size_t i = 0; i < group->service_count; i++, own++) {
        const struct arc_service *service = &group->services[i];
        const struct arc_base_ref *bases = released ? service->released_bases : service->bases;
        if (bases && bases->ref && (own->selected || service->linked))
            ARC_TRY(link_service(planning, service, bases, own));
    }

    return ARC_OK;
}

/* Whether a service may be built because its base is. */
static bool may_follow(const struct planning *planning, const struct arc_service *service,
                       const struct arc_planned_service *planned)
{
    const json_t *asked = planning->options.services;
    bool wanted = !asked || service->linked || arc_json_lists(asked, service->codename);
    return service->bases && wanted && *planned->platforms;
}

/* Builds images on top of bases that are built. */
static int link_bases(const struct planning *planning)
{
    const struct arc_group *group = planning->options.group;
    struct arc_planned_service *planned = planning->plan->services;
    bool *built = arc_arena_array(planning->memory, group->service_count, sizeof *built);

    ARC_TRY_ALLOC(built, planning->err);
    for (size_t i = 0; i < group->service_count; i++)
        built[i] = planned[i].selected;

    for (bool more = !planning->options.version; more;) {
        more = false;
        for (size_t i = 0; i < group->service_count; i++) {
            const struct arc_service *service = &group->services[i];
            const struct arc_base_ref *base = service->bases;
            if (built[i] || !may_follow(planning, service, &planned[i]))
                continue;
            while (base->ref && !built[arc_plan_service(planning->plan, base->codename) - planned])
                base++;
            if (!base->ref)
                continue;
            built[i] = more = true;
            if (service->linked) /* only for those that start from it */
                continue;
            planned[i].selected = true;
            planned[i].reason = arc_arena_printf(planning->memory, "starts from %s, which is built",
                                                 base->codename);
        }
    }

    ARC_TRY(link_services(planning, false));

    return link_services(planning, true);
}

/* A base without platforms of its own is built for those of all that is built on it. */
static int widen_bases(const struct planning *planning)
{
    struct arc_plan *plan = planning->plan;

    arc_each (service, plan->services, plan->service_count) {
        if (!service->selected || !arc_planned_contexts(service)->name)
            continue;
        bool *parts = arc_arena_array(planning->memory, plan->service_count, sizeof *parts);
        ARC_TRY_ALLOC(parts, planning->err);
        arc_planned_mark(plan, service, parts);

        arc_each (base, plan->services, plan->service_count)
            for (char **platform = service->platforms; *platform; platform++)
                if (parts[base - plan->services] && !*base->recipe->platforms &&
                    !arc_texts_have(base->platforms, *platform))
                    ARC_TRY(arc_texts_add(planning->memory, &base->platforms, *platform,
                                          planning->err));
    }

    return ARC_OK;
}

/* ---- cells --------------------------------------------------------------------------------- */

/* GitHub's own runners are native for two platforms; anything else is emulated on the first. */
static char *choose_runner(const struct arc_group *group, const char *platform)
{
    for (const struct arc_pair *pair = group->runners; pair && pair->name; pair++)
        if (strcmp(pair->name, platform) == 0)
            return pair->value;
    return ARC_STARTS(platform, "linux/arm64") ? "ubuntu-24.04-arm" : "ubuntu-24.04";
}

/* Lists the cells to build, and all their platforms in order. */
static int plan_cells(const struct planning *planning)
{
    struct arc_arena *memory = planning->memory;
    struct arc_plan *plan = planning->plan;
    plan->platforms = arc_arena_array(memory, 1, sizeof *plan->platforms);
    ARC_TRY_ALLOC(plan->platforms, planning->err);

    arc_each (service, plan->services, plan->service_count) {
        if (service->selected)
            ARC_TRY(check_owners(planning, service));
        for (char **platform = service->platforms; *platform; platform++) {
            if (!arc_texts_have(plan->platforms, *platform))
                ARC_TRY(arc_texts_add(memory, &plan->platforms, *platform, planning->err));
            if (!service->selected)
                continue;
            struct arc_cell *cell =
                arc_arena_append(memory, &plan->cells, &plan->cell_count, sizeof *cell);
            ARC_TRY_ALLOC(cell, planning->err);

            cell->service = service->service;
            cell->platform = *platform;
            cell->runner = choose_runner(planning->options.group, *platform);
            cell->staging = arc_arena_printf(memory, "%s-%s", service->staging, *platform);
            for (char *c = cell->staging; *c; c++)
                if (*c == '/') /* its own tag: "staging-<sha>-linux-amd64" */
                    *c = '-';
        }
    }

    plan->any = plan->cell_count > 0 && !planning->options.group->includes;

    return ARC_OK;
}

/* ---- the plan ------------------------------------------------------------------------------- */

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
    if (options->only) { /* beside the releases of the group's other services */
        const char *title = strcmp(group->title, group->name) != 0 ? group->title : "";
        plan->title = arc_arena_printf(planning->memory, "%s%s%s", title, *title ? " " : "",
                                       options->only->codename);
    }
    plan->description = group->description;
    plan->push = options->push;
    plan->revision = arc_arena_text(planning->memory, options->revision);
    plan->created = arc_arena_text(planning->memory, created);
    plan->source = arc_arena_text(planning->memory, options->source);
    plan->generated = group->generated;
    plan->unreleased = arc_or(group->unreleased, none);

    if (options->version) {
        ARC_TRY(arc_version_info_copy(options->version, planning->memory, &plan->version,
                                      planning->err));
        plan->tag = plan->version->tag;
    }

    planning->platforms = options->version ? group->platforms_release : group->platforms_ci;

    if (options->platforms) {
        const struct arc_loading l = {
            .root = NULL, .memory = planning->memory, .err = planning->err};
        if (!json_array_size(options->platforms))
            return arc_error_set(planning->err, ARC_EINPUT,
                                 "the list of platforms is empty; expected, for example, "
                                 "linux/amd64,linux/arm64");
        planning->platforms = NULL;
        arc_json_each (platform, options->platforms)
            ARC_TRY(arc_platform_add(&l, &planning->platforms, json_string_value(platform)));
    }

    return arc_arena_check(planning->memory, planning->err);
}

static int make_plan(struct planning *planning)
{
    struct arc_plan_options *options = &planning->options;
    const struct arc_group *group = options->group;
    ARC_AUTO(arc_buf) struct arc_buf names = {.max = 1024};
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    int rc = ARC_OK;

    if (strlen(options->revision) < ARC_SHORT_SHA)
        return arc_error_set(planning->err, ARC_EINPUT, "'%s' is not a full commit id",
                             options->revision);

    for (size_t i = 0; i < group->service_count; i++)
        arc_text_item(&names, ", ", "%s", group->services[i].codename);
    arc_json_each (name, options->services) {
        const char *text = json_is_string(name) ? json_string_value(name) : "";
        if (!arc_group_find_service(group, text))
            return arc_error_set(planning->err, ARC_EINPUT,
                                 "group %s has no service '%.100s'; it has: %s", group->name, text,
                                 names.failed ? "many others" : arc_buf_text(&names));
    }

    if (options->version) /* the tag may select a service: "cart-v1.2.3" */
        rc = arc_tag_parse(options->version->tag, options->group, &tag, NULL);
    ARC_TRY_ALLOC(rc != ARC_ENOMEM, planning->err);
    options->only = rc ? NULL : tag.service;

    ARC_TRY(plan_group(planning));
    ARC_TRY(plan_services(planning));
    ARC_TRY(link_bases(planning));
    ARC_TRY(widen_bases(planning));
    ARC_TRY(plan_cells(planning));

    return arc_arena_check(planning->memory, planning->err);
}

int arc_plan(const struct arc_plan_options *options, struct arc_plan *out, struct arc_error *err)
{
    struct planning planning = {
        .options = *options, .plan = out, .memory = &out->memory, .err = err};
    *out = (struct arc_plan){0};
    return arc_or_free(arc_plan, out, make_plan(&planning));
}
