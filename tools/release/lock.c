/* The lock file of a train: which releases it is made of, and their images by digest. */
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/json.h"
#include "project/train.h"
#include "release/release.h"
#include <string.h>

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
        const struct arc_planned_release *released = service->released;
        const struct arc_built_service *built = arc_ledger_service(build, service->service);

        if (!built || !built->digest)
            return arc_error_set(err, ARC_EFAILED, "build.json has no image of %s",
                                 service->service);

        /* A release, once however many images it has. */
        if (!arc_json_find(includes, "tag", released->tag))
            ARC_TRY(arc_json_append(includes,
                                    json_pack("{s:s, s:s, s:s, s:s}", "group", released->group,
                                              "tag", released->tag, "version", released->version,
                                              "revision", released->revision),
                                    err));

        json_t *platforms = json_object();
        for (size_t k = 0; k < built->cell_count; k++)
            arc_json_put(&platforms, built->cells[k].platform, json_string(built->cells[k].digest));
        ARC_TRY(arc_json_append(images,
                                json_pack("{s:s, s:s, s:s, s:s, s:o}", "service", service->service,
                                          "tag", released->tag, "image", service->image, "digest",
                                          built->digest, "platforms", platforms),
                                err));
    }

    *name = arc_train_lock_name(plan->group);
    *out = json_pack("{s:s, s:i, s:s, s:s, s:s, s:O, s:O}", "document", "lock", "format",
                     ARC_DOCUMENT_FORMAT, "group", plan->group, "tag", plan->tag, "revision",
                     plan->revision, "includes", includes, "images", images);
    return *out && *name ? ARC_OK : arc_error_nomem(err);
}
