/* `services` of a group: directories, globs, YAML files and mappings. */
#include "arcci/glob.h"
#include "base/json.h"
#include "base/path.h"
#include "config/graph.h"
#include "config/reading.h"
#include "os/file.h"

/* At most this many directories are compared with a glob. */
#define WALK_MAX 200000

/* An entry being turned into services. */
struct entry {
    const struct arc_loading *l;
    const struct arc_config *config;
    const struct arc_yaml_node *node;
    const struct arc_yaml_node *map; /* NULL: a string */
    struct arc_group *group;
    /* Of a glob, whose directories are walked. */
    struct arc_glob *glob;
    size_t taken; /* services from earlier entries */
    size_t seen;
    const char *missing; /* the Dockerfile of a directory that matches; or NULL */
};

/* Whether the path exists; the reader refuses what is not a file. */
static bool exists(const char *root, const char *path)
{
    return arc_file_kind_in(root, path) != ARC_FILE_NONE;
}

/* ---- one service ---------------------------------------------------------------------------- */

static int keep(const struct entry *entry, struct arc_service_reading *service)
{
    struct arc_group *group = entry->group;

    ARC_TRY(arc_service_make_images(entry->l, &service->service,
                                    arc_or(service->image, group->image), group));
    service->service.line = entry->node->line;
    ARC_APPEND(entry->l->memory, group->services, group->service_count, entry->l->err,
               service->service);

    if (group->service_count > ARC_SERVICES_MAX)
        return arc_yaml_error(entry->node, entry->l->err, "group '%s' has more than %d services",
                              group->name, ARC_SERVICES_MAX);

    return arc_config_unique(entry->config, &group->services[group->service_count - 1], entry->node,
                             entry->l->err);
}

/* A directory with just a Dockerfile is enough. */
static bool has_dockerfile(const struct entry *entry, const struct arc_recipe *build)
{
    if (build->dockerfile_inline || arc_context_is_remote(build->context))
        return true;
    return exists(entry->l->root, build->dockerfile);
}

/* Adds a service, or each of its variants. `directory` is NULL if the build section decides it,
 * `file` is NULL without a service.yaml. */
static int add_service(const struct entry *entry, const char *directory, const char *file)
{
    const struct arc_loading *l = entry->l;
    struct arc_loading own = *l;
    struct arc_service_reading said = {0}, over = {0};

    if (file)
        ARC_TRY(arc_service_read_file(l, directory, file, &said));

    if (entry->map) {
        own.directory = directory;
        ARC_TRY(arc_service_read_map(&own, entry->map, false, &over));
        ARC_TRY(arc_service_overlay(l, &said, &over));
    }

    for (size_t i = 0; i == 0 || i < said.variant_count; i++) {
        struct arc_service_reading service = said;

        if (said.variant_count)
            ARC_TRY(arc_service_overlay(l, &service, &said.variants[i]));
        service.service.directory = arc_arena_text(l->memory, directory);
        int rc = arc_service_complete(l, &service, entry->group);
        if (!rc && !file && !entry->map && !has_dockerfile(entry, &service.service.build))
            return arc_yaml_error(entry->node, l->err,
                                  "services: %s has neither a service.yaml, which names the "
                                  "service, nor the Dockerfile %s",
                                  directory, service.service.build.dockerfile);

        if (!rc)
            rc = keep(entry, &service);
        ARC_TRY(arc_yaml_place(entry->node, "services", rc, l->err));
    }

    return ARC_OK;
}

/* ---- directories ---------------------------------------------------------------------------- */

static int add_directory(const struct entry *entry, const char *directory)
{
    const char *root = entry->l->root;
    const char *file = arc_path_join(entry->l->memory, directory, "service.yaml");

    ARC_TRY(arc_arena_check(entry->l->memory, entry->l->err));

    if (arc_file_kind_in(root, directory) != ARC_FILE_DIRECTORY)
        return arc_yaml_error(
            entry->node, entry->l->err, "services: there is no directory %s%s", directory,
            exists(root, directory) ? ": it is a file; name its directory, or write {codename: …, "
                                      "build: {context: …, dockerfile: …}}"
                                    : "");

    /* An entry that names its service needs no file; another tool's file may be there. */
    bool named = arc_yaml_get(entry->map, "codename") || arc_yaml_get(entry->map, "name");
    bool described = false;
    if (!named)
        ARC_TRY(arc_service_described(root, directory, &described, entry->l->err));
    return add_service(entry, directory, described ? file : NULL);
}

static bool is_taken(const struct entry *entry, const char *directory)
{
    arc_each (group, entry->config->groups, entry->config->group_count) {
        size_t count = group == entry->group ? entry->taken : group->service_count;
        if (arc_find(group->services, count, directory, directory))
            return true;
    }

    return false;
}

static const char *said(const struct arc_yaml_node *build, const char *key, const char *group)
{
    const struct arc_yaml_node *node = arc_yaml_get(build, key);
    return node && node->type == ARC_YAML_STRING ? node->text : group;
}

/* Sets entry->missing, NULL if the Dockerfile is there. */
static int find_dockerfile(struct entry *entry, const char *directory)
{
    const struct arc_yaml_node *build = arc_yaml_get(entry->map, "build");
    const struct arc_recipe *group = &entry->group->build;
    bool brief = build && build->type == ARC_YAML_STRING; /* Compose's short form: the context */
    struct arc_recipe recipe = {
        .context = brief ? build->text : (char *)said(build, "context", group->context),
        .dockerfile = (char *)said(build, "dockerfile", group->dockerfile),
        .dockerfile_inline = (char *)said(build, "dockerfile_inline", group->dockerfile_inline)};
    const char *name = arc_path_name(directory);
    const struct arc_word words[] = {
        {"codename", name}, {"name", name}, {"directory", directory}, {NULL, NULL}};

    ARC_TRY(arc_recipe_place(entry->l, &recipe, words));
    int rc = arc_recipe_complete(entry->l, &recipe, directory);
    ARC_TRY(arc_yaml_place(entry->node, "services", rc, entry->l->err));
    entry->missing = has_dockerfile(entry, &recipe) ? NULL : recipe.dockerfile;

    return ARC_OK;
}

static int walk_below(struct entry *entry, const char *directory)
{
    struct arc_error *err = entry->l->err;
    const char *root = entry->l->root;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO_JSON json_t *names = NULL;
    ARC_AUTO_FREE char *full = arc_file_join(root, directory);

    ARC_TRY_ALLOC(full, err);
    ARC_TRY(arc_file_list(full, &names, err));
    arc_json_each (name, names) {
        const char *path = arc_path_join(&memory, directory, json_string_value(name));
        ARC_AUTO_FREE char *child = arc_file_join(root, path);
        ARC_TRY_ALLOC(child && !memory.failed, err);
        if (strcmp(path, ".git") == 0 || !arc_file_is_folder(child))
            continue;
        if (++entry->seen > WALK_MAX)
            return arc_yaml_error(entry->node, err,
                                  "services: the glob looks at more than %d directories", WALK_MAX);

        if (arc_glob_match(entry->glob, path, strlen(path)) && !is_taken(entry, path)) {
            /* A directory is a service only if it has what one needs, since globs are loose. */
            bool described;
            ARC_TRY(arc_service_described(root, path, &described, err));
            entry->missing = NULL;
            if (!described)
                ARC_TRY(find_dockerfile(entry, path));
            if (!entry->missing)
                ARC_TRY(add_directory(entry, path));
        }

        if (arc_glob_below(entry->glob, path, strlen(path)) != ARC_GLOB_NONE)
            ARC_TRY(walk_below(entry, path));
    }

    return ARC_OK;
}

/* ---- entries -------------------------------------------------------------------------------- */

static int add_path(struct entry *entry, const struct arc_yaml_node *node)
{
    struct arc_error *err = entry->l->err;

    if (strpbrk(node->text, "*?[{")) {
        ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
        size_t len = arc_text_strip(node->text, node->len, "/");

        ARC_TRY(arc_field_check(node, "services", arc_check_glob, err));
        ARC_TRY(arc_glob_compile(node->text, len, &glob, err));
        const struct arc_yaml_node *build = arc_yaml_get(entry->map, "build");
        const char *dockerfile = said(build, "dockerfile", entry->group->build.dockerfile);
        const struct arc_pair named = {arc_arena_cut(entry->l->memory, node->text, len),
                                       arc_arena_text(entry->l->memory, dockerfile)};
        ARC_APPEND(entry->l->memory, entry->group->service_globs, entry->group->service_glob_count,
                   err, named);
        entry->glob = glob;
        entry->taken = entry->group->service_count;
        ARC_TRY(walk_below(entry, "."));
        if (entry->group->service_count > entry->taken)
            return ARC_OK;
        return arc_yaml_error(node, err,
                              "services: no directory matches '%s' and holds a service.yaml or a "
                              "Dockerfile%s%s",
                              node->text, entry->missing ? "; there is no " : "",
                              arc_or(entry->missing, ""));
    }

    bool here = strcmp(node->text, ".") == 0 || strcmp(node->text, "./") == 0;
    if (!here)
        ARC_TRY(arc_field_check(node, "services", arc_check_path, err));
    ARC_AUTO_FREE char *path = NULL;
    ARC_TRY(arc_path_resolve("", node->text, &path, err));
    ARC_TRY_ALLOC(path, err);
    bool yaml = arc_text_ends(path, ".yaml") || arc_text_ends(path, ".yml");
    if (!yaml || !exists(entry->l->root, path))
        return add_directory(entry, path);
    const char *directory = arc_path_parent(entry->l->memory, path);
    ARC_TRY(arc_arena_check(entry->l->memory, err));
    return add_service(entry, directory, path);
}

int arc_services_read(const struct arc_loading *l, const struct arc_config *config,
                      const struct arc_yaml_node *list, struct arc_group *group)
{
    if (list->type != ARC_YAML_LIST || !list->count)
        return arc_yaml_error(list, l->err,
                              "'services' must be a list of directories or mappings, this is %s",
                              list->type == ARC_YAML_LIST ? "empty" : arc_yaml_type_name(list));

    arc_yaml_each (node, list) {
        const struct arc_yaml_node *directory = arc_yaml_get(node, "directory");
        struct entry entry = {.l = l, .config = config, .node = node, .group = group};

        if (node->type != ARC_YAML_STRING && node->type != ARC_YAML_MAP)
            return arc_yaml_error(node, l->err,
                                  "an entry of 'services' must be a directory, a glob, a YAML "
                                  "file or a mapping, this is %s",
                                  arc_yaml_type_name(node));

        if (directory && directory->type != ARC_YAML_STRING)
            return arc_yaml_error(directory, l->err, "'directory' must be a string, this is %s",
                                  arc_yaml_type_name(directory));

        if (node->type == ARC_YAML_MAP)
            entry.map = node;
        if (entry.map && !directory)
            ARC_TRY(add_service(&entry, NULL, NULL));
        else
            ARC_TRY(add_path(&entry, arc_or(directory, node)));
    }

    return ARC_OK;
}
