#include "project/inputs.h"
#include "base/auto.h"
#include "config/build.h"
#include <string.h>

/* The pairs as an object. A value with a placeholder is known when a plan is made. */
static int make_object(const struct arc_pair *pairs, bool placeholders, json_t **out,
                       struct arc_error *err)
{
    *out = json_object();
    for (; *out && pairs && pairs->name; pairs++) {
        bool later = placeholders && strchr(pairs->value, '{');
        json_t *value = later ? json_null() : json_string_nocheck(pairs->value);
        ARC_TRY_ALLOC(json_object_set_new_nocheck(*out, pairs->name, value) == 0, err);
    }
    return *out ? ARC_OK : arc_error_nomem(err);
}

static size_t count_texts(char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

/* The service's own platforms, else all that the group is built for. A NULL-terminated array of
 * borrowed strings. */
static const char **list_platforms(const struct arc_group *group, const struct arc_service *service)
{
    char *const *lists[] = {service->build.platforms, group->platforms_ci,
                            group->platforms_release};
    bool own = count_texts(lists[0]) != 0;
    size_t total = 0, sum = 1;

    for (size_t i = 0; i < 3; i++)
        sum += count_texts(lists[i]);
    const char **out = calloc(sum, sizeof *out);
    for (size_t i = own ? 0 : 1; out && i < (own ? 1U : 3U); i++)
        for (char *const *item = lists[i]; item && *item; item++)
            out[total++] = *item;

    return out;
}

int arc_service_inputs(const char *root, const struct arc_group *group,
                       const struct arc_service *service, struct arc_inputs **out,
                       struct arc_error *err)
{
    ARC_AUTO_JSON json_t *args = NULL;
    ARC_AUTO_JSON json_t *contexts = NULL;
    const struct arc_recipe *build = &service->build;
    *out = NULL;
    if (arc_context_is_remote(build->context))
        return ARC_OK;
    ARC_AUTO_FREE const char **platforms = list_platforms(group, service);
    ARC_TRY_ALLOC(platforms, err);
    ARC_TRY(make_object(build->args, true, &args, err));
    ARC_TRY(make_object(build->additional_contexts, false, &contexts, err));
    struct arc_inputs_request request = {.root = root,
                                         .context = build->context,
                                         .dockerfile = build->dockerfile,
                                         .text = build->dockerfile_inline,
                                         .target = build->target,
                                         .args = args,
                                         .contexts = contexts,
                                         .platforms = platforms};
    return arc_inputs_read(&request, out, err);
}

/* Who is told of the missing sources of a service. */
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
    for (size_t i = 0; i < group->service_count; i++) {
        const struct arc_service *service = &group->services[i];
        struct teller teller = {service, each, context};
        struct arc_inputs *inputs = NULL;
        int rc = arc_service_inputs(root, group, service, &inputs, err);
        if (rc == ARC_ENOTFOUND)
            return arc_error_set(err, ARC_EINPUT, "service '%s' has no Dockerfile: there is no %s",
                                 service->codename, service->build.dockerfile);
        if (rc)
            return arc_error_prefix(err, "service '%s'", service->codename);
        if (inputs && each)
            rc = arc_inputs_missing(inputs, tell_missing, &teller);
        arc_inputs_free(&inputs);
        if (rc)
            return rc;
    }

    return ARC_OK;
}
