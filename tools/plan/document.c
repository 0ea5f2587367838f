#include "arcci/plan.h"

static int wrong(struct arc_error *err, const char *what)
{
    return arc_error_set(err, ARC_EINPUT,
                         "this is no plan.json; make one with: arc-ci plan --json (%s)", what);
}

static bool all_strings(const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        if (!json_is_string(item))
            return false;
    return json_is_array(list);
}

static bool all_texts(const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value)
        if (!json_is_string(value))
            return false;
    return json_is_object(object);
}

/* Whether every element has all these strings; `names` ends with NULL. */
static bool all_have(const json_t *list, const char *const *names)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        for (const char *const *name = names; *name; name++)
            if (!json_is_string(json_object_get(item, *name)))
                return false;
    return json_is_array(list);
}

int arc_plan_check(const json_t *plan, struct arc_error *err)
{
    static const char *const of_service[] = {"service", "directory", "dockerfile",
                                             "image",   "staging",   NULL};
    static const char *const of_cell[] = {"service", "platform", "staging", NULL};
    static const char *const of_tag[] = {"tag", NULL};
    const json_t *services = json_object_get(plan, "services");
    size_t i;
    json_t *service;
    if (!json_is_string(json_object_get(plan, "revision")))
        return wrong(err, "it names no revision");
    if (!all_strings(json_object_get(plan, "platforms")))
        return wrong(err, "its platforms are no list of texts");
    if (!all_have(services, of_service))
        return wrong(err, "its services are no list, or one lacks a text");
    if (!all_have(json_object_get(plan, "cells"), of_cell))
        return wrong(err, "its cells are no list, or one lacks a text");
    json_array_foreach (services, i, service) {
        if (!all_texts(json_object_get(service, "labels")) ||
            !all_texts(json_object_get(service, "build-args")))
            return wrong(err, "labels and build-args are texts by name");
        if (!all_have(json_object_get(service, "tags"), of_tag))
            return wrong(err, "the tags of a service are no list, or one lacks its name");
    }
    return ARC_OK;
}
