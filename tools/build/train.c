/* Reads back a plan's services from the registry; that is the whole "build" of a train, whose
 * images other releases built. */
#include "build/run.h"

int arc_verify_plan(struct arc_registry *registry, const struct arc_plan *plan,
                    const struct arc_ledger *build, const struct arc_build_listener *listener,
                    struct arc_ledger *out, struct arc_manifest *indexes, struct arc_error *err)
{
    struct arc_verify *verifies = NULL;
    size_t count = 0;

    arc_each (service, plan->services, plan->service_count) {
        const char *codename = service->service;
        if (!service->selected)
            continue;
        const struct arc_built_service *built = arc_ledger_service(build, codename);
        if (build && !(built && built->digest))
            return arc_error_set(err, ARC_EFAILED,
                                 "build.json has no pushed image of %s: build it before promoting",
                                 codename);
        ARC_APPEND(&out->memory, verifies, count, err,
                   (struct arc_verify){.registry = registry,
                                       .service = service,
                                       .platforms = service->platforms,
                                       .reference = built ? built->digest : service->staging,
                                       .details = !build,
                                       .listener = listener});
    }

    ARC_TRY(arc_verify_ahead(verifies, count, err));
    for (size_t i = 0; i < count; i++) {
        int rc = arc_verify_index(&verifies[i], &out->memory, &out->services[i],
                                  indexes ? &indexes[i] : NULL, err);
        const struct arc_planned_service *service = verifies[i].service;
        if (rc == ARC_ENOTFOUND && !service->released)
            return arc_error_set(err, ARC_EFAILED, "%s:%s is not in the registry: build %s first",
                                 service->image, verifies[i].reference, service->service);
        if (rc == ARC_ENOTFOUND)
            return arc_error_set(err, ARC_EFAILED,
                                 "%s:%s is not in the registry, but %s is released: was its "
                                 "release promoted, and is the image's name correct?",
                                 service->image, verifies[i].reference, service->released->tag);
        ARC_TRY(rc);
        out->service_count++;
    }

    return ARC_OK;
}

int arc_build_train(const struct arc_build_options *options, struct arc_ledger *out,
                    struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;

    ARC_TRY(
        arc_build_open_registry(options->env, options->clock, &options->listener, &registry, err));
    ARC_TRY(arc_ledger_begin(options->plan, out, err));
    ARC_TRY(arc_or_free(
        arc_ledger, out,
        arc_verify_plan(registry, options->plan, NULL, &options->listener, out, NULL, err)));

    arc_each (service, out->services, out->service_count) {
        service->built = false;
        arc_build_tell(&options->listener, service->service,
                       "read back from its release, and verified");
    }

    return ARC_OK;
}
