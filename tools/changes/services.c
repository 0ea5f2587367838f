#include "changes/services.h"
#include "base/auto.h"
#include "changes/match.h"
#include "config/graph.h"
#include <string.h>

bool arc_services_find(const struct arc_changes_options *options, size_t filter,
                       const struct arc_group **group, const struct arc_service **service)
{
    const struct arc_config *config = options->config;
    const char *name = options->filters->items[filter].name;

    *service = NULL;
    for (size_t g = 0; config && !*service && g < config->group_count; g++) {
        *group = &config->groups[g];
        *service = arc_group_find_service(*group, name);
    }

    return *service != NULL;
}

/* Marks a service if the other one changed. */
static int mark(const char *other, const char *how, struct arc_changes *out, size_t filter,
                bool *marked, struct arc_error *err)
{
    struct arc_filter_result *own = &out->results[filter];
    size_t index = arc_filters_index(out->filters, other, strlen(other));
    if (own->matched || index == SIZE_MAX || !out->results[index].matched)
        return ARC_OK; /* it may be a service of another repository */
    *marked = true;
    return arc_match_mark(own, err, "%s %s, which changed", how, other);
}

int arc_services_dependents(const struct arc_changes_options *options, struct arc_changes *out,
                            struct arc_error *err)
{
    const struct arc_group *group;
    const struct arc_service *service;
    bool marked = options->config != NULL;

    while (marked) { /* each round marks one at least, so it ends */
        marked = false;
        for (size_t i = 0; i < out->filters->count; i++) {
            if (out->results[i].matched || !arc_services_find(options, i, &group, &service))
                continue;
            /* What an image starts from is part of it; what a service depends on is where its
             * group says so. */
            for (const struct arc_base_ref *base = service->bases; base && base->ref; base++)
                ARC_TRY(mark(base->codename, "starts from", out, i, &marked, err));
            for (char **on = service->depends_on; group->rebuild_dependents && *on; on++)
                ARC_TRY(mark(*on, "depends on", out, i, &marked, err));
        }
    }

    return ARC_OK;
}
