#include "config/graph.h"
#include "base/path.h"

const struct arc_service *arc_group_find_service(const struct arc_group *group,
                                                 const char *codename)
{
    return arc_find(group->services, group->service_count, codename, codename);
}

size_t arc_service_directory(const char *path, const char *dockerfile)
{
    const char *wanted = arc_or(dockerfile, "Dockerfile"), *name = arc_path_name(wanted);
    const char *lower = strcmp(name, "Dockerfile") == 0 ? "dockerfile" : name;
    const char *const files[] = {"service.yaml", wanted, name, lower};

    arc_each_in (file, files) {
        size_t len = strlen(path), tail = strlen(*file);
        if (len > tail + 1 && path[len - tail - 1] == '/' && arc_text_ends(path, *file))
            return len - tail - 1;
    }

    return 0;
}

int arc_service_platforms(const struct arc_group *group, const struct arc_service *service,
                          struct arc_arena *memory, char ***out, struct arc_error *err)
{
    char **own = service->build.platforms;
    char **lists[] = {group->platforms_ci, group->platforms_release};

    *out = own && *own ? own : NULL;
    if (*out)
        return ARC_OK;

    arc_each_in (list, lists)
        for (char **item = *list; item && *item; item++)
            if (!arc_texts_have(*out, *item))
                ARC_TRY(arc_texts_add(memory, out, *item, err));

    return ARC_OK;
}

int arc_config_unique(const struct arc_config *config, const struct arc_service *service,
                      const struct arc_yaml_node *entry, struct arc_error *err)
{
    const struct arc_group *own = &config->groups[config->group_count - 1];

    arc_each (group, config->groups, config->group_count)
        arc_each (other, group->services, group->service_count) {
            if (other == service)
                return ARC_OK; /* later services are compared with this one */
            bool variants = other->suffix && service->suffix && other->line == service->line;
            if (!variants && other->file && service->file &&
                strcmp(other->file, service->file) == 0)
                return arc_yaml_error(entry, err,
                                      "services: '%s' is in group '%s' already (line %u); a "
                                      "service is released with one group",
                                      service->directory, group->name, other->line);
            if (strcmp(other->codename, service->codename) == 0)
                return arc_yaml_error(
                    entry, err,
                    "services: the codename '%s' of '%s' belongs to '%s' already "
                    "(line %u); filters and jobs are named by it: give one of them another",
                    service->codename, service->directory, other->directory, other->line);
            if (group == own) /* may share an image with different tags, which the plan checks */
                continue;
            for (char **image = service->images; *image; image++)
                if (arc_texts_have(other->images, *image))
                    return arc_yaml_error(
                        entry, err,
                        "services: the image '%s' of '%s' belongs to '%s' already (line %u)",
                        *image, service->directory, other->directory, other->line);
        }

    return ARC_OK;
}

static bool is_for(const struct arc_image_tag *tag, const char *image)
{
    return !image || !tag->image || strcmp(tag->image, image) == 0;
}

/* A name that both lists give an image (NULL: any); NULL: none. {image-tag} and {group} are other
 * names in each group. */
static const char *find_clash(const struct arc_image_tag *a, const struct arc_image_tag *b,
                              const char *image)
{
    for (; a->name; a++) {
        if (ARC_HOLDS(a->name, "{image-tag}", "{group}") || !is_for(a, image))
            continue;
        for (const struct arc_image_tag *tag = b; tag->name; tag++)
            if (is_for(tag, image) && strcmp(a->name, tag->name) == 0)
                return a->name;
    }

    return NULL;
}

static const struct arc_image_tag *tags_of(const struct arc_group *group,
                                           const struct arc_service *service)
{
    return arc_or(service->image_tags, group->image_tags);
}

static int check_train(const struct arc_config *config, const struct arc_group *train,
                       const struct arc_group *group, struct arc_error *err)
{
    arc_each (service, group->services, group->service_count) {
        const char *clash = find_clash(train->image_tags, tags_of(group, service), NULL);
        if (clash)
            return arc_error_at(err, ARC_EINPUT, config->path, train->line, 0,
                                "includes: '%s' gives its images the name '%s', too: a name is "
                                "moved by one group alone",
                                group->name, clash);
    }
    return ARC_OK;
}

/* Whether another group has a service like one of a group that docker's files define. */
static int check_service(const struct arc_config *config, const struct arc_group *group,
                         const struct arc_service *service, const struct arc_group *other,
                         struct arc_error *err)
{
    const struct arc_recipe *build = &service->build;

    arc_each (same, other->services, other->service_count) {
        const char *clash = NULL, *file = group->described.files[0];
        bool reads_same = strcmp(build->context, same->build.context) == 0 &&
                          arc_text_same(build->dockerfile, same->build.dockerfile);

        if (reads_same && (same->linked || service->linked)) /* a target of both groups */
            continue;
        if (strcmp(same->codename, service->codename) == 0)
            return arc_error_at(err, ARC_EINPUT, config->path, group->line, 0,
                                "the codename '%s' in %s belongs to group '%s' already (line %u); "
                                "filters and jobs are named by it: give one of them another",
                                service->codename, file, other->name, same->line);

        for (char **image = service->images; *image; image++) {
            if (arc_texts_have(same->images, *image))
                clash = find_clash(tags_of(group, service), tags_of(other, same), *image);
            if (clash)
                return arc_error_at(err, ARC_EINPUT, config->path, group->line, 0,
                                    "the image '%s:%s' in %s belongs to group '%s' already (line "
                                    "%u); a name is moved by one group alone",
                                    *image, clash, file, other->name, same->line);
        }
    }

    return ARC_OK;
}

int arc_config_distinct(const struct arc_config *config, struct arc_error *err)
{
    arc_each (group, config->groups, config->group_count) {
        for (struct arc_include *include = group->includes; include && include->group; include++)
            ARC_TRY(check_train(config, group, include->of, err));
        for (size_t i = 0; group->described.files && i < group->service_count; i++)
            arc_each (other, config->groups, config->group_count)
                if (other != group && !other->includes) /* a train has services of others */
                    ARC_TRY(check_service(config, group, &group->services[i], other, err));
    }

    return ARC_OK;
}

/* A depth-first walk along depends_on. */
struct walk {
    const char *root;
    const struct arc_config *config;
    const struct arc_service **services;
    char *state; /* per service: 0 not visited, 1 on the path, 2 done */
    size_t count;
    size_t *path;
    size_t depth;
};

#define CYCLE                                                                                      \
    "depends_on: these services depend on themselves: %s; with rebuild-dependents there may be "   \
    "no cycle"

/* Reports the cycle at the depends_on entry, rereading service.yaml for its line. */
static int refuse_cycle(const struct walk *walk, size_t start, const char *codename,
                        struct arc_error *err)
{
    const struct arc_service *last = walk->services[walk->path[walk->depth - 1]];
    ARC_AUTO(arc_buf) struct arc_buf cycle = {0};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    size_t from = 0;

    while (walk->path[from] != start)
        from++;
    for (size_t i = from; i < walk->depth; i++)
        arc_buf_printf(&cycle, "%s → ", walk->services[walk->path[i]]->codename);
    arc_buf_puts(&cycle, codename);
    ARC_TRY(arc_buf_check(&cycle, "the cycle", err));

    if (last->file)
        ARC_TRY(arc_yaml_read_in(walk->root, last->file, 0, &yaml, err));
    const struct arc_yaml_node *list = arc_yaml_get(yaml.root, "depends_on"), *place = list;
    arc_yaml_each (item, list)
        if (arc_yaml_reads(item, codename))
            place = item;

    if (!place) /* the configuration says it */
        return arc_error_at(err, ARC_EINPUT, walk->config->path, last->line, 0, CYCLE,
                            arc_buf_text(&cycle));

    return arc_yaml_error(place, err, CYCLE, arc_buf_text(&cycle));
}

static int visit(struct walk *walk, size_t i, struct arc_error *err)
{
    walk->state[i] = 1;
    walk->path[walk->depth++] = i;

    for (char **on = walk->services[i]->depends_on; *on; on++) {
        size_t next = 0;
        while (next < walk->count && strcmp(walk->services[next]->codename, *on) != 0)
            next++;
        if (next < walk->count && walk->state[next] == 1)
            return refuse_cycle(walk, next, *on, err);
        if (next < walk->count && walk->state[next] == 0)
            ARC_TRY(visit(walk, next, err));
    }

    walk->depth--;
    walk->state[i] = 2;

    return ARC_OK;
}

int arc_config_acyclic(const char *root, const struct arc_config *config, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct walk walk = {.root = root, .config = config};
    bool wanted = false;

    arc_each (group, config->groups, config->group_count) {
        wanted = wanted || group->rebuild_dependents;
        arc_each (service, group->services, group->service_count)
            ARC_APPEND(&memory, walk.services, walk.count, err, service);
    }

    if (!wanted)
        return ARC_OK;
    walk.state = arc_arena_array(&memory, walk.count, 1);
    walk.path = arc_arena_array(&memory, walk.count, sizeof *walk.path);
    ARC_TRY_ALLOC(walk.state && walk.path, err);

    for (size_t i = 0; i < walk.count; i++)
        if (!walk.state[i])
            ARC_TRY(visit(&walk, i, err));

    return ARC_OK;
}
