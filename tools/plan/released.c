#include "plan/released.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/json.h"
#include "plan/tags.h"
#include <string.h>

/* The service as its own group has it. */
static const struct arc_service *in_group(const struct arc_service *service)
{
    const struct arc_service *own = service->released->group->services;
    while (strcmp(own->codename, service->codename) != 0)
        own++;
    return own;
}

/* The tag under which its release put the image: the first that names this version alone. */
static int find_reference(const struct arc_plan_options *options, const struct arc_service *own,
                          const struct arc_released_from *released, json_t **out,
                          struct arc_error *err)
{
    const struct arc_plan_options of_release = {.group = released->group,
                                                .version = released->version,
                                                .revision = released->revision,
                                                .moment = options->moment};
    ARC_AUTO_JSON json_t *tags = json_array();
    size_t i;
    json_t *tag;
    if (!tags)
        return arc_error_nomem(err);
    ARC_TRY(arc_plan_tags(&of_release, own, tags, err));
    json_array_foreach (tags, i, tag)
        if (strcmp(arc_json_text_of(tag, "kind"), "version") == 0 &&
            json_is_true(json_object_get(tag, "move"))) {
            *out = json_incref(json_object_get(tag, "tag"));
            return ARC_OK;
        }
    return arc_error_set(err, ARC_EINPUT,
                         "%s includes %s, but %s gives its images no name of their version alone: "
                         "add {version} or {image-tag} to its image-tags",
                         options->group->name, released->group->name, own->codename);
}

int arc_plan_released(const struct arc_plan_options *options, const struct arc_service *service,
                      json_t *tags, json_t **out, struct arc_error *err)
{
    const struct arc_released_from *released = service->released;
    const struct arc_service *own = in_group(service);
    const char *version = arc_json_text_of(released->version, "version");
    ARC_AUTO_JSON json_t *reference = NULL;
    ARC_TRY(find_reference(options, own, released, &reference, err));
    char *const *platforms =
        *own->build.platforms ? own->build.platforms : released->group->platforms_release;
    /* clang-format off */
    *out = json_pack(
        "{s:s, s:s, s:s?, s:s?, s:s, s:s, s:s?, s:o, s:s, s:b, s:o, s:O, s:{}, s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s}, s:O}",
        "service", service->codename,
        "name", service->name,
        "description", service->description,
        "tech", service->tech,
        "directory", service->directory,
        "context", service->build.context,
        "dockerfile", service->build.dockerfile,
        "platforms", arc_texts_json(platforms),
        "image", service->images[0],
        "selected", true,
        "reason", json_sprintf("taken from %s", released->tag),
        "staging", reference,
        "build-args",
        "released", "group", released->group->name, "tag", released->tag,
                    "version", version, "revision", released->revision,
        "labels", "org.opencontainers.image.revision", released->revision,
                  "org.opencontainers.image.version", version,
        "tags", tags);
    /* clang-format on */
    ARC_AUTO_JSON json_t *mirrors = arc_texts_json(service->images + 1);
    if (!*out || !mirrors ||
        (json_array_size(mirrors) && json_object_set(*out, "mirrors", mirrors)))
        return arc_error_nomem(err);
    return ARC_OK;
}
