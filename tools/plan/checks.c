#include "plan/checks.h"
#include "base/json.h"
#include "base/text.h"
#include "base/warn.h"
#include "config/bases.h"
#include "project/inputs.h"
#include "project/repository.h"

static int warn_of_base(void *context, const struct arc_service *service, const char *ref,
                        const struct arc_group *of)
{
    struct arc_place place = {.file = service->build.dockerfile};
    return arc_warn_at(
        context, place.file ? &place : NULL,
        "%s: %s is an image of group %s, which the same tag releases: this build takes "
        "the one that is published by then; put both into one group",
        service->codename, ref, of->name);
}

/* If several builds write a layer cache to one place, only the last one is kept. */
static int check_caches(const struct arc_warner *warner, const struct arc_group *group)
{
    struct arc_error *err = warner->err;
    ARC_AUTO_JSON json_t *writers = json_object(); /* codenames by the place they write to */

    arc_each (service, group->services, group->service_count)
        for (char **cache = service->build.cache_to; cache && *cache; cache++) {
            if (!json_object_get(writers, *cache))
                arc_json_put(&writers, *cache, json_object());
            json_t *names = json_object_get(writers, *cache);
            ARC_TRY_ALLOC(names, err);
            ARC_TRY(arc_json_set(names, service->codename, json_true(), err));
        }
    ARC_TRY_ALLOC(writers, err);

    arc_json_each_pair (cache, names, writers) {
        const char *first = json_object_iter_key(json_object_iter((json_t *)names));
        size_t more = json_object_size(names) - 1;
        if (more && !strstr(cache, "type=inline"))
            ARC_TRY(
                arc_warn_at(warner, NULL,
                            "%s: cache_to '%.200s' is that of %zu other service%s, too: of their "
                            "caches only the last is kept; put {codename} into it, or build with "
                            "--cache",
                            first, cache, more, arc_plural(more)));
    }

    return ARC_OK;
}

int arc_plan_check_images(struct arc_project *project,
                          int (*warn)(void *context, const struct arc_place *place,
                                      const char *text),
                          void *context, struct arc_error *err)
{
    const struct arc_warner warner = {warn, context, err};
    const char *root = arc_project_root(project);
    const struct arc_loading l = {.root = root, .memory = &project->config.memory, .err = err};

    ARC_TRY(check_caches(&warner, project->group));
    ARC_TRY(
        arc_bases_elsewhere(&l, &project->config, project->group, warn_of_base, (void *)&warner));

    return arc_group_check_dockerfiles(root, project->group, &warner, err);
}
