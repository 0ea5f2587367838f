/* The "build" of a train: what other releases have built is read back, and verified. */
#include "base/auto.h"
#include "build/run.h"
#include "build/verify.h"
#include <string.h>

static int read_released(const struct arc_verify *verify, struct arc_ledger *out,
                         struct arc_error *err)
{
    const struct arc_planned_service *service = verify->service;
    int rc = arc_verify_index(verify, &out->memory, &out->services[out->service_count], NULL, err);

    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED,
                             "%s:%s is not in the registry, but %s is released: was its release "
                             "promoted, and is the image called so?",
                             service->image, verify->reference, service->released->tag);

    if (rc)
        return rc;
    out->services[out->service_count++].built = false;
    arc_build_tell(verify->listener, service->service, "read back from its release, and verified");

    return ARC_OK;
}

static int read_all(const struct arc_build_options *options, struct arc_registry *registry,
                    struct arc_ledger *out, struct arc_error *err)
{
    const struct arc_plan *plan = options->plan;
    struct arc_verify *verifies =
        arc_arena_array(&out->memory, plan->service_count, sizeof *verifies);
    size_t count = 0;

    if (!verifies)
        return arc_error_nomem(err);

    for (size_t i = 0; i < plan->service_count; i++)
        if (plan->services[i].selected)
            verifies[count++] = (struct arc_verify){.registry = registry,
                                                    .service = &plan->services[i],
                                                    .platforms = plan->services[i].platforms,
                                                    .reference = plan->services[i].staging,
                                                    .details = true,
                                                    .listener = &options->listener};

    ARC_TRY(arc_verify_ahead(verifies, count, err));
    for (size_t i = 0; i < count; i++)
        ARC_TRY(read_released(&verifies[i], out, err));

    return ARC_OK;
}

int arc_build_train(const struct arc_build_options *options, struct arc_ledger *out,
                    struct arc_error *err)
{
    struct arc_registry *registry = NULL;

    ARC_TRY(arc_ledger_begin(options->plan, out, err));
    int rc =
        arc_build_open_registry(options->env, options->clock, &options->listener, &registry, err);
    if (!rc)
        rc = read_all(options, registry, out, err);
    arc_registry_free(registry);
    if (rc)
        arc_ledger_free(out);

    return rc;
}
