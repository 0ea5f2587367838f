#include "config/bases.h"
#include "arcci/glob.h"
#include "base/json.h"
#include "base/path.h"
#include "config/build.h"
#include "config/graph.h"
#include "dockerfile/stages.h"
#include "os/file.h"

#define DOCKERFILE_MAX ((size_t)1 << 20)

/* ---- which service a reference means --------------------------------------------------------- */

static bool says_latest(const struct arc_image_tag *tag)
{
    return tag && strstr(tag->name, "latest");
}

/* Whether pushes of a branch (NULL: none), and only they, move a tag. */
static bool is_of_branch(const struct arc_image_tag *tag, const char *branch)
{
    if (!branch || (!tag->branches && (tag->when || !strstr(tag->name, "{branch}"))))
        return false;
    return !tag->branches || arc_glob_any(tag->branches, branch);
}

/* How well a tag finds the last image; 0: not at all. */
static int rank(const struct arc_image_tag *tag, const struct arc_service *service,
                const char *branch)
{
    if (service->version)
        return strstr(tag->name, "{version}") != NULL;
    if (is_of_branch(tag, branch))
        return 3;
    return says_latest(tag) ? 2 : 1;
}

int arc_service_published_tag(const struct arc_group *group, const struct arc_service *service,
                              const char *branch, const char **image, char **out,
                              struct arc_error *err)
{
    const struct arc_image_tag *tag = arc_or(service->image_tags, group->image_tags);
    const struct arc_image_tag *chosen = NULL;
    struct arc_word word = {"branch", branch};
    ARC_AUTO_FREE char *text = NULL;
    int best = 0;

    if (service->version)
        word = (struct arc_word){"version", arc_text_or(service->version, "{version}")};
    if (!word.value)
        word.value = "{branch}";
    ARC_TRY(arc_text_copy("latest", &text, err));

    for (; tag->name; tag++) {
        ARC_AUTO(arc_buf) struct arc_buf filled = {.max = 4096};
        int own = rank(tag, service, branch);
        arc_service_fill(tag->name, group, service, word, &filled);
        if (own <= best || strpbrk(arc_buf_text(&filled), "{/"))
            continue;
        best = own;
        chosen = tag;
        free(text);
        text = arc_buf_steal(&filled);
        ARC_TRY_ALLOC(text, err);
    }
    *image = chosen && chosen->image ? chosen->image : service->images[0];
    *out = arc_steal(&text);

    return ARC_OK;
}

/* Whether a reference's tag is one of the service's. The version is unknown so far, so {version} in
 * a reference is compared literally. */
static bool has_tag(const struct arc_loading *l, const struct arc_group *group,
                    const struct arc_service *service, const char *tag)
{
    const struct arc_image_tag *given = arc_or(service->image_tags, group->image_tags);

    for (; given->name; given++) {
        ARC_AUTO(arc_buf) struct arc_buf filled = {.max = 4096};
        arc_service_fill(given->name, group, service, (struct arc_word){NULL, NULL}, &filled);
        l->memory->failed |= filled.failed == ARC_ENOMEM;
        if (strcmp(arc_buf_text(&filled), tag) == 0 || arc_text_same(given->printed, tag))
            return true;
    }

    return false;
}

/* The same as arc_bases_find(), but also finds the one service that has the image by another tag;
 * *known receives whether the tag is one that this release surely gives it. */
static const struct arc_service *
find_image(const struct arc_loading *l, const struct arc_group *group, const char *ref, bool *known)
{
    const char *colon = strchr(arc_path_name(ref), ':');
    size_t len = colon ? (size_t)(colon - ref) : strlen(ref), sharing = 0;
    const struct arc_service *only = NULL;
    *known = true;

    arc_each (service, group->services, group->service_count) {
        bool same = false;

        for (char **image = service->images; !same && *image; image++) {
            const char *familiar = *image;
            size_t own = arc_image_familiar(&familiar);
            same = own == len && memcmp(ref, familiar, len) == 0;
        }

        if (!same)
            continue;
        if (has_tag(l, group, service, colon ? colon + 1 : "latest"))
            return service;
        only = service;
        sharing++;
    }

    *known = !colon;

    return sharing == 1 ? only : NULL;
}

const struct arc_service *arc_bases_find(const struct arc_loading *l, const struct arc_group *group,
                                         const char *ref)
{
    bool known;
    const struct arc_service *service = find_image(l, group, ref, &known);
    return known ? service : NULL;
}

/* ---- what a service reads ------------------------------------------------------------------- */

static int add_base(const struct arc_loading *l, struct arc_base_ref **bases, size_t *count,
                    const char *ref, const char *codename)
{
    if (arc_find(*bases, *count, ref, ref))
        return ARC_OK;
    ARC_APPEND(
        l->memory, *bases, *count, l->err,
        (struct arc_base_ref){arc_arena_text(l->memory, ref), arc_arena_text(l->memory, codename)});
    size_t end = *count; /* the list ends with {0} */
    ARC_APPEND(l->memory, *bases, end, l->err, (struct arc_base_ref){0});

    return arc_arena_check(l->memory, l->err);
}

/* Adds the images of a stage. */
static int add_stage(const struct arc_loading *l, const struct arc_stage *stage,
                     const char *platform, json_t *images)
{
    arc_json_each (image, stage->images) {
        ARC_AUTO_FREE char *ref = NULL;
        ARC_TRY(arc_text_copy(json_string_value(image), &ref, l->err));
        arc_image_familiarize(ref);
        if (!json_object_get(images, ref))
            ARC_TRY(arc_json_set(images, ref, json_array(), l->err));
        if (platform && !stage->platform) /* else FROM --platform says for which */
            ARC_TRY(arc_json_append(json_object_get(images, ref), json_string(platform), l->err));
    }

    return ARC_OK;
}

/* Adds the images that a service's Dockerfile names for one platform, which is added to each, and
 * notes ONBUILD triggers. */
static int add_images(const struct arc_loading *l, const struct arc_stages_request *request,
                      struct arc_service *service, json_t *images)
{
    ARC_AUTO(arc_stages) struct arc_stages stages = {0};
    int rc = arc_stages_read(request, &stages, NULL);
    if (rc)
        return arc_error_memory(rc, l->err);

    service->triggers |= stages.target && json_array_size(stages.target->onbuild);
    arc_each (stage, stages.needed, stages.needed_count)
        ARC_TRY(add_stage(l, *stage, request->platform, images));

    return ARC_OK;
}

/* Adds the images that a service's Dockerfile names as keys, in familiar form, with the platforms
 * that it needs them for, and notes ONBUILD triggers. */
static int list_images(const struct arc_loading *l, const struct arc_group *group,
                       struct arc_service *service, json_t *images)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = DOCKERFILE_MAX};
    ARC_AUTO_JSON json_t *args = arc_pairs_json(service->build.args);
    ARC_AUTO_JSON json_t *contexts = arc_pairs_json(service->build.additional_contexts);
    ARC_AUTO_JSON json_t *fixed = json_object(); /* those that a run without a version has, too */
    const struct arc_recipe *build = &service->build;
    char **platforms = NULL;
    int rc = ARC_OK;

    ARC_TRY_ALLOC(args && contexts && fixed, l->err);
    arc_json_each_pair (name, value, args)
        if (!strchr(arc_or(json_string_value(value), ""), '{'))
            ARC_TRY(arc_json_set(fixed, name, json_incref(value), l->err));

    if (build->dockerfile_inline)
        arc_buf_puts(&text, build->dockerfile_inline);
    else if (arc_context_is_remote(build->context))
        return ARC_OK;
    else
        rc = arc_file_read_in(l->root, build->dockerfile, DOCKERFILE_MAX, &text, NULL);

    struct arc_stages_request request = {
        .text = arc_buf_text(&text), .args = args, .contexts = contexts, .target = build->target};
    if (rc)
        return arc_error_memory(rc, l->err);
    ARC_TRY(arc_service_platforms(group, service, l->memory, &platforms, l->err));

    do { /* once without a platform if there is none */
        request.platform = platforms ? *platforms++ : NULL;
        request.args = args;
        ARC_TRY(add_images(l, &request, service, images));
        request.args = fixed;
        if (json_object_size(fixed) < json_object_size(args))
            ARC_TRY(add_images(l, &request, service, images));
    } while (platforms && *platforms);

    return ARC_OK;
}

/* ---- a group -------------------------------------------------------------------------------- */

/* A base with platforms of its own must have those that are built on it. */
static int check_platforms(const struct arc_loading *l, const struct arc_service *service,
                           const struct arc_service *base, const json_t *platforms)
{
    char **own = base->build.platforms;

    arc_json_each (platform, platforms)
        if (own && *own && !arc_texts_have(own, json_string_value(platform)))
            return arc_error_set(l->err, ARC_EINPUT,
                                 "'%s' is built for %s and starts from '%s', which is not: give "
                                 "both of them the same 'platforms'",
                                 service->codename, json_string_value(platform), base->codename);

    return ARC_OK;
}

/* Finds the group's images that a Dockerfile or additional contexts name. */
static int find_bases(const struct arc_loading *l, const struct arc_group *group,
                      struct arc_service *service)
{
    static struct arc_base_ref none[1];
    ARC_AUTO_JSON json_t *images = json_object();
    size_t count = 0, released = 0;
    bool known;

    service->bases = service->released_bases = none;
    ARC_TRY_ALLOC(images, l->err);
    ARC_TRY(list_images(l, group, service, images));

    arc_json_each_pair (image, value, images) {
        const struct arc_service *base = find_image(l, group, image, &known);
        ARC_TRY(arc_arena_check(l->memory, l->err));
        if (!base || base == service)
            continue;
        if (!known) {
            ARC_TRY(add_base(l, &service->released_bases, &released, image, base->codename));
            continue;
        }
        ARC_TRY(check_platforms(l, service, base, value));
        ARC_TRY(add_base(l, &service->bases, &count, image, base->codename));
    }

    for (struct arc_pair *pair = service->build.additional_contexts; pair->name; pair++) {
        bool image = ARC_STARTS(pair->value, "docker-image://");
        ARC_AUTO_FREE char *ref = strdup(image ? pair->value + 15 : "");
        ARC_TRY_ALLOC(ref, l->err);
        arc_image_familiarize(ref);
        const struct arc_service *own = image ? arc_bases_find(l, group, ref) : NULL;
        if (own && own != service) /* from this release, not the published one */
            pair->value = arc_arena_printf(l->memory, "target:%s", own->codename);
        ARC_TRY(arc_arena_check(l->memory, l->err));

        const char *target = arc_text_after(pair->value, "target:");
        if (target && !arc_group_find_service(group, target))
            return arc_error_set(l->err, ARC_EINPUT,
                                 "group %s: a context of %s is the image of '%.100s', and there is "
                                 "no such service",
                                 group->name, service->codename, target);
        if (target)
            ARC_TRY(add_base(l, &service->bases, &count, pair->name, target));
    }

    return ARC_OK;
}

/* Depth first; `state`: 0 not visited, 1 on the path, 2 done. */
static int visit(const struct arc_group *group, size_t i, char *state, struct arc_error *err)
{
    const struct arc_service *service = &group->services[i];

    state[i] = 1;

    for (const struct arc_base_ref *base = service->bases; base->ref; base++) {
        size_t next = (size_t)(arc_group_find_service(group, base->codename) - group->services);
        if (state[next] == 1)
            return arc_error_set(err, ARC_EINPUT,
                                 "group %s: %s starts from %s (%s), which starts from it in turn",
                                 group->name, service->codename, base->codename, base->ref);
        if (!state[next])
            ARC_TRY(visit(group, next, state, err));
    }

    state[i] = 2;

    return ARC_OK;
}

int arc_bases_link(const struct arc_loading *l, struct arc_group *group)
{
    ARC_AUTO_FREE char *state = calloc(group->service_count + 1, 1);
    ARC_TRY_ALLOC(state, l->err);

    arc_each (service, group->services, group->service_count) {
        ARC_TRY_PREFIX(arc_recipe_check_files(l->root, &service->build, l->err), l->err,
                       "service '%s'", service->codename);
        ARC_TRY(find_bases(l, group, service));
    }

    for (size_t i = 0; i < group->service_count; i++)
        if (!state[i])
            ARC_TRY(visit(group, i, state, l->err));

    return ARC_OK;
}

/* ---- other groups --------------------------------------------------------------------------- */

/* Whether one tag can release both groups. A pattern with a service's name is for one group
 * only. */
static bool share_tag(const struct arc_group *a, const struct arc_group *b)
{
    for (char **x = a->tags; *x; x++)
        for (char **y = b->tags; *y; y++)
            if (strcmp(*x, *y) == 0 && !strstr(*x, "{codename}") && !strstr(*x, "{name}"))
                return true;
    return false;
}

int arc_bases_elsewhere(const struct arc_loading *l, const struct arc_config *config,
                        const struct arc_group *group,
                        int (*each)(void *context, const struct arc_service *service,
                                    const char *ref, const struct arc_group *of),
                        void *context)
{
    arc_each (other, config->groups, config->group_count) {
        if (other == group || other->includes || !share_tag(group, other))
            continue;
        for (size_t i = 0; i < group->service_count; i++) {
            ARC_AUTO_JSON json_t *images = json_object();
            ARC_TRY_ALLOC(images, l->err);
            ARC_TRY(list_images(l, group, &group->services[i], images));
            arc_json_each_pair (image, value, images)
                if (!arc_bases_find(l, group, image) && arc_bases_find(l, other, image))
                    ARC_TRY(each(context, &group->services[i], image, other));
            ARC_TRY(arc_arena_check(l->memory, l->err));
        }
    }

    return ARC_OK;
}
