#include "project/inputs.h"
#include "base/json.h"
#include "base/path.h"
#include "config/build.h"
#include "config/graph.h"
#include "os/file.h"

static int read_inputs(const char *root, const struct arc_recipe *build, char *const *platforms,
                       bool triggers, struct arc_inputs **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *args = arc_pairs_json(build->args);
    ARC_AUTO_JSON json_t *contexts = arc_pairs_json(build->additional_contexts);

    *out = NULL;
    if (arc_context_is_remote(build->context))
        return ARC_OK;

    /* A value with a placeholder is unknown until a plan is made. */
    for (const struct arc_pair *pair = build->args; args && pair && pair->name; pair++)
        if (strchr(pair->value, '{'))
            arc_json_put(&args, pair->name, json_null());
    ARC_TRY_ALLOC(args && contexts, err);

    struct arc_inputs_request request = {.root = root,
                                         .context = build->context,
                                         .dockerfile = build->dockerfile,
                                         .text = build->dockerfile_inline,
                                         .target = build->target,
                                         .args = args,
                                         .contexts = contexts,
                                         .platforms = (const char *const *)platforms,
                                         .triggers = triggers};
    return arc_inputs_read(&request, out, err);
}

int arc_service_inputs(const char *root, const struct arc_group *group,
                       const struct arc_service *service, struct arc_inputs **out,
                       struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    char **platforms = NULL;
    bool triggers = false;

    *out = NULL;
    ARC_TRY(arc_service_platforms(group, service, &memory, &platforms, err));
    for (const struct arc_base_ref *base = service->bases; base && base->ref; base++) {
        const struct arc_service *of = arc_group_find_service(group, base->codename);
        triggers |= of && of->triggers;
    }

    return read_inputs(root, &service->build, platforms, triggers, out, err);
}

int arc_planned_inputs(const char *root, const struct arc_planned_service *service,
                       struct arc_inputs **out, struct arc_error *err)
{
    struct arc_recipe build = {0};
    if (service->recipe)
        build = *service->recipe;
    build.context = service->context;
    build.dockerfile = service->dockerfile;
    build.args = service->build_args;

    return read_inputs(root, &build, service->platforms, false, out, err);
}

static int tell_no_dockerfile(const char *root, const struct arc_service *service,
                              struct arc_error *err)
{
    const struct arc_recipe *build = &service->build;
    const char *rest = arc_path_below(build->context, build->dockerfile);
    bool of_root = rest && arc_file_kind_in(root, rest) == ARC_FILE_REGULAR;

    return arc_error_set(err, ARC_EINPUT, "service '%s' has no Dockerfile: there is no %s%s",
                         service->codename, build->dockerfile,
                         of_root ? "; its path starts at the context, not at the root" : "");
}

/* The callback for a service's missing sources. */
struct teller {
    const struct arc_service *service;
    int (*each)(void *context, const struct arc_missing_source *missing);
    void *context;
};

static int tell_missing(void *context, const struct arc_input *input, bool ignored)
{
    const struct teller *teller = context;
    struct arc_missing_source missing = {teller->service, input, ignored};
    return teller->each(teller->context, &missing);
}

int arc_group_check_dockerfiles(const char *root, const struct arc_group *group,
                                int (*each)(void *context,
                                            const struct arc_missing_source *missing),
                                void *context, struct arc_error *err)
{
    arc_each (service, group->services, group->service_count) {
        struct teller teller = {service, each, context};
        struct arc_inputs *inputs = NULL;
        int rc = arc_service_inputs(root, group, service, &inputs, err);
        if (rc == ARC_ENOTFOUND)
            return tell_no_dockerfile(root, service, err);
        if (rc)
            return arc_error_prefix(err, "service '%s'", service->codename);
        if (inputs && each)
            rc = arc_inputs_missing(inputs, tell_missing, &teller);
        arc_inputs_free(&inputs);
        if (rc)
            return rc == ARC_ENOMEM ? arc_error_nomem(err) : rc;
    }

    return ARC_OK;
}
