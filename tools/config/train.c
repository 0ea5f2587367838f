#include "config/reading.h"

static const struct arc_field include_fields[] = {
    {"group", FIELD_TEXT, offsetof(struct arc_include, group), .required = true,
     .check = arc_check_group},
    {"version", FIELD_TEXT, offsetof(struct arc_include, version), .check = arc_check_line},
    {0},
};
static const struct arc_table include_table = {"an entry of 'includes'", include_fields,
                                               .brief = "includes"};

int arc_train_read(const struct arc_loading *l, const struct arc_yaml_node *map,
                   struct arc_group *out)
{
    const struct arc_yaml_node *node = arc_yaml_get(map, "includes");
    static const char *const builds[] = {"registry",   "image",
                                         "services",   "bake",
                                         "compose",    "build",
                                         "inputs",     "paths",
                                         "build-args", "platforms",
                                         "runners",    "generated",
                                         "commits",    "rebuild-dependents"};
    arc_each_in (key, builds)
        if (arc_yaml_get(map, *key))
            return arc_yaml_error(arc_yaml_get(map, *key), l->err,
                                  "a group with 'includes' builds nothing: leave '%s' out", *key);

    if (node->type != ARC_YAML_LIST || !node->count)
        return arc_yaml_error(node, l->err, "'includes' must be a list of release groups");

    arc_texts_inherit(&out->registries, NULL);
    out->includes = arc_arena_array(l->memory, node->count + 1, sizeof *out->includes);
    ARC_TRY_ALLOC(out->includes, l->err);

    arc_yaml_each (item, node) {
        struct arc_include *include = &out->includes[item_at];

        ARC_TRY(arc_fields_read(l, item, &include_table, include));
        if (arc_find(out->includes, item_at, group, include->group))
            return arc_yaml_error(item, l->err, "includes: '%s' is here twice", include->group);
    }

    return arc_arena_check(l->memory, l->err);
}

static int check_include(const struct arc_yaml_node *node, const struct arc_config *config,
                         struct arc_include *include, struct arc_error *err)
{
    const struct arc_group *group =
        arc_find(config->groups, config->group_count, name, include->group);
    if (!group)
        return arc_yaml_error(node, err, "includes: there is no release group '%s'",
                              include->group);
    include->of = group;

    if (group->includes)
        return arc_yaml_error(node, err, "includes: '%s' is made of groups itself: name those",
                              group->name);

    arc_each (service, group->services, group->service_count)
        if (service->version)
            return arc_yaml_error(node, err,
                                  "includes: '%s' is released by versions in files, not by tags",
                                  group->name);

    return ARC_OK;
}

int arc_trains_check(const struct arc_yaml_node *groups, const struct arc_config *config,
                     struct arc_error *err)
{
    for (size_t i = 0; i < config->group_count; i++) {
        const struct arc_group *train = &config->groups[i];
        const struct arc_yaml_node *list = arc_yaml_get(groups->pairs[i].value, "includes");
        for (size_t k = 0; train->includes && train->includes[k].group; k++)
            ARC_TRY(check_include(list->items[k], config, &train->includes[k], err));
    }
    return ARC_OK;
}
