#include "plan/released.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "plan/tags.h"
#include <string.h>

/* The tag under which its release put the image: the first that names this version alone. */
static int find_reference(const struct arc_plan_options *options, const struct arc_service *own,
                          const struct arc_released_from *released, struct arc_arena *memory,
                          char **out, struct arc_error *err)
{
    const struct arc_plan_options of_release = {.group = released->group,
                                                .version = released->version,
                                                .revision = released->revision,
                                                .moment = options->moment};
    struct arc_planned_service there = {0};

    ARC_TRY(arc_plan_tags(&of_release, own, &there, memory, err));

    for (size_t i = 0; i < there.tag_count; i++)
        if (there.tags[i].kind == ARC_TAG_VERSION && there.tags[i].move) {
            *out = there.tags[i].tag;
            return ARC_OK;
        }

    return arc_error_set(err, ARC_EINPUT,
                         "%s includes %s, but %s gives its images no name of their version alone: "
                         "add {version} or {image-tag} to its image-tags",
                         options->group->name, released->group->name, own->codename);
}

int arc_plan_released(const struct arc_plan_options *options, const struct arc_service *service,
                      struct arc_planned_service *out, struct arc_arena *memory,
                      struct arc_error *err)
{
    static char revision[] = "org.opencontainers.image.revision";
    static char version[] = "org.opencontainers.image.version";
    const struct arc_released_from *released = service->released;
    const struct arc_service *own = released->group->services; /* as its own group has it */

    while (strcmp(own->codename, service->codename) != 0)
        own++;
    ARC_TRY(find_reference(options, own, released, memory, &out->staging, err));
    out->released = arc_arena_array(memory, 1, sizeof *out->released);
    out->labels = arc_arena_array(memory, 3, sizeof *out->labels);
    out->build_args = arc_arena_array(memory, 1, sizeof *out->build_args);
    ARC_TRY_ALLOC(out->released && out->labels && out->build_args, err);

    *out->released = (struct arc_planned_release){.group = released->group->name,
                                                  .tag = released->tag,
                                                  .version = released->version->version,
                                                  .revision = released->revision};
    out->labels[0] = (struct arc_pair){revision, released->revision};
    out->labels[1] = (struct arc_pair){version, released->version->version};
    out->context = service->build.context;
    out->dockerfile = service->build.dockerfile;
    out->platforms =
        *own->build.platforms ? own->build.platforms : released->group->platforms_release;
    out->selected = true;
    out->reason = arc_arena_printf(memory, "taken from %s", released->tag);

    return arc_arena_check(memory, err);
}
