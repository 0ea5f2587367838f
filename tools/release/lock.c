#include "release/lock.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/json.h"
#include "project/train.h"
#include <string.h>

/* A release, once however many images it has. */
static int add_release(json_t *includes, const struct arc_planned_release *released,
                       struct arc_error *err)
{
    arc_json_each (entry, includes)
        if (strcmp(arc_json_text_of(entry, "tag"), released->tag) == 0)
            return ARC_OK;

    json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "group", released->group, "tag", released->tag,
                            "version", released->version, "revision", released->revision);
    return arc_json_append(includes, row, err);
}

static int add_image(json_t *images, const struct arc_planned_service *service,
                     const struct arc_built_service *built, struct arc_error *err)
{
    json_t *platforms = json_object();
    for (size_t i = 0; i < built->cell_count; i++)
        ARC_TRY(arc_json_set(platforms, built->cells[i].platform,
                             json_string(built->cells[i].digest), err));

    json_t *image = json_pack("{s:s, s:s, s:s, s:s, s:o}", "service", service->service, "tag",
                              service->released->tag, "image", service->image, "digest",
                              built->digest, "platforms", platforms);
    return arc_json_append(images, image, err);
}

int release_lock(const struct arc_plan *plan, const struct arc_ledger *build, json_t **out,
                 char **name, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *includes = json_array();
    ARC_AUTO_JSON json_t *images = json_array();
    *out = NULL;
    if (!plan || !build || !arc_plan_is_train(plan))
        return ARC_OK;

    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_planned_service *service = &plan->services[i];
        const struct arc_built_service *built = arc_ledger_service(build, service->service);
        if (!built || !built->digest)
            return arc_error_set(err, ARC_EFAILED, "build.json has no image of %s",
                                 service->service);
        ARC_TRY(add_release(includes, service->released, err));
        ARC_TRY(add_image(images, service, built, err));
    }
    *name = arc_train_lock_name(plan->group);
    *out = json_pack("{s:s, s:i, s:s, s:s, s:s, s:O, s:O}", "document", "lock", "format",
                     ARC_DOCUMENT_FORMAT, "group", plan->group, "tag", plan->tag, "revision",
                     plan->revision, "includes", includes, "images", images);
    return *out && *name ? ARC_OK : arc_error_nomem(err);
}
