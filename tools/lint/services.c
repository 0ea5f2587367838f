/* The repository's services, and checks of each service.yaml. */
#include "base/json.h"
#include "lint/rule.h"

static bool has_directory(const struct lint *lint, const char *directory)
{
    return arc_find(lint->services, lint->service_count, directory, directory) != NULL;
}

/* Adds a directory with a service.yaml. If it does not load, that is a finding, and the service is
 * known by its directory only. */
static void add_service(struct lint *lint, const char *directory, const struct arc_group *group)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    const char *file = lint_text(lint, "%s/service.yaml", directory);
    struct lint_service *service =
        arc_arena_append(&lint->memory, &lint->services, &lint->service_count, sizeof *service);
    if (!service)
        return;

    service->group = group;
    service->directory = arc_arena_text(&lint->memory, directory);
    lint_looked_at(lint, file);
    service->loaded =
        arc_service_load(lint->root, directory, &lint->memory, &service->data, &err) == ARC_OK;
    if (!service->loaded)
        lint_find_error(lint, LINT_SERVICE, file, &err);
}

static void collect_services(struct lint *lint)
{
    ARC_AUTO_JSON json_t *parents = json_object(), *others = json_object();
    const struct arc_config *config = &lint->project->config;

    if (config->group_count == 0)
        lint_set(lint, parents, "services", json_true());

    arc_each (group, config->groups, config->group_count)
        arc_each (service, group->services, group->service_count) {
            if (!service->file) /* which another tool's may lie in */
                lint_set(lint, others, service->directory, json_true());
            else if (!has_directory(lint, service->directory))
                add_service(lint, service->directory, group);
            lint_set(lint, parents, lint_parent(lint, service->directory), json_true());
        }

    arc_json_each_pair (parent, value, parents) { /* siblings that are not released */
        ARC_AUTO_JSON json_t *names = lint_list(lint, parent);
        arc_json_each (name, names) {
            const char *directory = lint_join(lint, parent, json_string_value(name));
            bool described = false;
            if (has_directory(lint, directory) || json_object_get(others, directory))
                continue;
            if (arc_service_described(lint->root, directory, &described, NULL))
                lint->memory.failed = true;
            if (described)
                add_service(lint, directory, NULL);
        }
    }
}

static unsigned line_of(const struct arc_yaml_node *root, const char *key)
{
    const struct arc_yaml_node *node = arc_yaml_key(root, key);
    return node ? node->line : 1;
}

static void check_fields(struct lint *lint, const struct lint_service *service,
                         const struct arc_yaml_node *root)
{
    static const char *const wanted[] = {"role", "tech", "description", "port", "health"};
    const char *pattern = lint->settings.service_name, *health = service->data.health;
    const char *file = root->source->name;
    const unsigned *port = service->data.ports;

    const char *name =
        pattern ? lint_expand(lint, pattern, &service->data, service->group) : service->data.name;
    if (strcmp(name, service->data.name) != 0)
        lint_find(lint, LINT_SERVICE_NAME, file, line_of(root, "name"),
                  "the name is '%s'; this repository's pattern '%s' requires '%s'",
                  service->data.name, pattern, name);

    for (size_t i = 0; service->group && i < ARC_COUNT(wanted); i++)
        if (!arc_yaml_get(root, wanted[i]))
            lint_find(lint, LINT_SERVICE_FIELDS, file, 1, "'%s' is missing", wanted[i]);
    if (health && !strstr(health, "://"))
        lint_find(lint, LINT_SERVICE_FIELDS, file, line_of(root, "health"),
                  "health '%s' is not a URL", health);

    if (!service->data.port || !*port)
        return;
    while (*port && *port != service->data.port)
        port++;
    if (!*port)
        lint_find(lint, LINT_SERVICE_PORT, file, line_of(root, "ports"),
                  "port %u is not among ports", service->data.port);
}

/* The directory of the first service with that codename, from service.yaml or the configuration;
 * NULL: none. */
static const char *find_codename(const struct lint *lint, const char *codename)
{
    const struct arc_config *config = &lint->project->config;

    arc_each (service, lint->services, lint->service_count)
        if (service->loaded && strcmp(service->data.codename, codename) == 0)
            return service->directory;

    arc_each (group, config->groups, config->group_count) {
        const struct arc_service *service =
            arc_find(group->services, group->service_count, codename, codename);
        if (service)
            return service->directory;
    }

    return NULL;
}

/* A service's own file, or its entry in the configuration (`root` is NULL then). */
struct described_in {
    const char *file;
    const struct arc_yaml_node *root;
    const struct arc_service *service;
};

/* The line of a list's item or, if it is not there, of the list; of an entry, its own. */
static unsigned item_line(const struct described_in *in, const char *key, const char *text)
{
    arc_yaml_each (item, arc_yaml_get(in->root, key))
        if (arc_yaml_reads(item, text))
            return item->line;
    return in->root ? line_of(in->root, key) : in->service->line;
}

static void check_depends_on(struct lint *lint, const struct described_in *in)
{
    const struct arc_service *service = in->service;

    for (char **on = service->depends_on; *on; on++)
        if (!find_codename(lint, *on) && !arc_texts_have(service->external, *on))
            lint_find(lint, LINT_DEPENDS_ON, in->file, item_line(in, "depends_on", *on),
                      "no service here has the codename '%s'; if it lives in another repository, "
                      "list it under external",
                      *on);

    for (char **out = service->external; *out; out++) {
        if (find_codename(lint, *out))
            lint_find(lint, LINT_DEPENDS_ON, in->file, item_line(in, "external", *out),
                      "'%s' is listed as external, but %s has that codename", *out,
                      find_codename(lint, *out));
        if (!arc_texts_have(service->depends_on, *out))
            lint_find(lint, LINT_DEPENDS_ON, in->file, item_line(in, "external", *out),
                      "'%s' is listed as external, but not under depends_on", *out);
    }
}

static void check_service(struct lint *lint, const struct lint_service *service)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    const char *file = lint_text(lint, "%s/service.yaml", service->directory);

    if (!service->loaded || !lint_read_yaml(lint, LINT_SERVICE, file, 0, &yaml))
        return;
    check_fields(lint, service, yaml.root);
    check_depends_on(lint, &(struct described_in){file, yaml.root, &service->data});
    const char *first = find_codename(lint, service->data.codename);
    if (strcmp(first, service->directory) != 0)
        lint_find(lint, LINT_CODENAME, file, line_of(yaml.root, "codename"),
                  "the codename '%s' already belongs to %s", service->data.codename, first);
}

void lint_services(struct lint *lint)
{
    collect_services(lint);
    for (size_t i = 0; i < lint->service_count && !lint->memory.failed; i++) {
        check_service(lint, &lint->services[i]);
        lint_compose(lint, &lint->services[i]);
    }

    const struct arc_config *config = &lint->project->config;
    arc_each (group, config->groups, config->group_count)
        arc_each (service, group->services, group->service_count) {
            if (!service->file)
                check_depends_on(lint, &(struct described_in){config->path, NULL, service});
            lint_dockerfile(lint, group, service);
        }
}
