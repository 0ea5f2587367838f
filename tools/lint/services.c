/* The services of the tree, and what each service.yaml says. */
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/json.h"
#include "lint/rule.h"
#include <string.h>

static struct lint_service *find_directory(const struct lint *lint, const char *directory)
{
    for (size_t i = 0; i < lint->service_count; i++)
        if (strcmp(lint->services[i].directory, directory) == 0)
            return &lint->services[i];
    return NULL;
}

/* Adds a directory that has a service.yaml; one that does not load is a finding, and stays known
 * by its directory. */
static void add_service(struct lint *lint, const char *directory, const struct arc_group *group)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_FREE char *file = lint_text(lint, "%s/service.yaml", directory);
    struct lint_service *service = NULL;

    if (file)
        service =
            arc_arena_append(&lint->memory, &lint->services, &lint->service_count, sizeof *service);
    if (!service) {
        lint->failed = ARC_ENOMEM;
        return;
    }

    service->group = group;
    service->directory = arc_arena_text(&lint->memory, directory);
    lint_looked_at(lint, file);
    service->loaded =
        arc_service_load(lint->root, directory, &lint->memory, &service->data, &err) == ARC_OK;
    if (!service->loaded)
        lint_find_error(lint, lint_rule_name(LINT_SERVICE), file, &err);
}

/* Services beside the released ones: same parent directory, with a service.yaml. */
static void add_neighbours(struct lint *lint, const char *parent)
{
    ARC_AUTO_JSON json_t *names = lint_list(lint, parent);

    arc_json_each (name, names) {
        ARC_AUTO_FREE char *directory = lint_join(lint, parent, json_string_value(name));
        ARC_AUTO_FREE char *file = directory ? lint_text(lint, "%s/service.yaml", directory) : NULL;
        if (file && !find_directory(lint, directory) && lint_exists(lint, file))
            add_service(lint, directory, NULL);
    }
}

static void collect_services(struct lint *lint)
{
    ARC_AUTO_JSON json_t *parents = json_object();

    if (lint->project->config.group_count == 0 &&
        json_object_set_new(parents, "services", json_true()))
        lint->failed = ARC_ENOMEM;

    for (size_t g = 0; g < lint->project->config.group_count; g++)
        for (size_t s = 0; s < lint->project->config.groups[g].service_count; s++) {
            const char *directory = lint->project->config.groups[g].services[s].directory;
            const char *slash = strrchr(directory, '/');
            if (lint->project->config.groups[g].services[s].file &&
                !find_directory(lint, directory))
                add_service(lint, directory, &lint->project->config.groups[g]);
            ARC_AUTO_FREE char *parent =
                slash ? strndup(directory, (size_t)(slash - directory)) : strdup(".");
            if (!parent || json_object_set_new(parents, parent, json_true()))
                lint->failed = ARC_ENOMEM;
        }

    const char *parent;
    json_t *value;
    json_object_foreach (parents, parent, value)
        add_neighbours(lint, parent);
}

static unsigned line_of(const struct arc_yaml_node *root, const char *key)
{
    const struct arc_yaml_node *node = arc_yaml_key(root, key);
    return node ? node->line : 1;
}

static void check_name(struct lint *lint, const struct lint_service *service,
                       const struct arc_yaml_node *root)
{
    ARC_AUTO(arc_buf) struct arc_buf expected = {0};
    if (!lint->settings.service_name)
        return;
    lint_expand(&expected, lint->settings.service_name, &service->data, service->group);
    if (strcmp(lint_content(lint, &expected), service->data.name) != 0)
        lint_find(lint, LINT_SERVICE_NAME, root->source->name, line_of(root, "name"),
                  "the name is '%s'; by this repository's pattern '%s' it is '%s'",
                  service->data.name, lint->settings.service_name, lint_content(lint, &expected));
}

static void check_fields(struct lint *lint, const struct lint_service *service,
                         const struct arc_yaml_node *root)
{
    static const char *const wanted[] = {"role", "tech", "description", "port", "health"};
    for (size_t i = 0; service->group && i < sizeof wanted / sizeof *wanted; i++)
        if (!arc_yaml_get(root, wanted[i]))
            lint_find(lint, LINT_SERVICE_FIELDS, root->source->name, 1, "'%s' is missing",
                      wanted[i]);
    const char *health = service->data.health;
    if (health && !strstr(health, "://"))
        lint_find(lint, LINT_SERVICE_FIELDS, root->source->name, line_of(root, "health"),
                  "health '%s' is not a URL", health);
}

static void check_port(struct lint *lint, const struct lint_service *service,
                       const struct arc_yaml_node *root)
{
    const unsigned *port = service->data.ports;
    if (!service->data.port || !*port)
        return;
    while (*port && *port != service->data.port)
        port++;
    if (!*port)
        lint_find(lint, LINT_SERVICE_PORT, root->source->name, line_of(root, "ports"),
                  "port %u is not among ports", service->data.port);
}

static const struct lint_service *find_codename(const struct lint *lint, const char *codename)
{
    for (size_t i = 0; i < lint->service_count; i++)
        if (lint->services[i].loaded && strcmp(lint->services[i].data.codename, codename) == 0)
            return &lint->services[i];
    return NULL;
}

/* The line of an item of a list, or of the list. */
static unsigned item_line(const struct arc_yaml_node *root, const char *key, const char *text)
{
    const struct arc_yaml_node *list = arc_yaml_get(root, key);
    arc_yaml_each (item, list)
        if (arc_yaml_reads(item, text))
            return item->line;
    return line_of(root, key);
}

static void check_depends_on(struct lint *lint, const struct lint_service *service,
                             const struct arc_yaml_node *root)
{
    for (char **on = service->data.depends_on; *on; on++)
        if (!find_codename(lint, *on) && !arc_texts_have(service->data.external, *on))
            lint_find(lint, LINT_DEPENDS_ON, root->source->name, item_line(root, "depends_on", *on),
                      "no service here has the codename '%s'; if it lives in another repository, "
                      "list it under external",
                      *on);

    for (char **out = service->data.external; *out; out++) {
        if (find_codename(lint, *out))
            lint_find(lint, LINT_DEPENDS_ON, root->source->name, item_line(root, "external", *out),
                      "'%s' is listed as external, but %s has that codename", *out,
                      find_codename(lint, *out)->directory);
        if (!arc_texts_have(service->data.depends_on, *out))
            lint_find(lint, LINT_DEPENDS_ON, root->source->name, item_line(root, "external", *out),
                      "'%s' is listed as external, but not under depends_on", *out);
    }
}

static void check_service(struct lint *lint, const struct lint_service *service)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_AUTO_FREE char *file = lint_text(lint, "%s/service.yaml", service->directory);

    if (!file || !service->loaded || !lint_read_yaml(lint, LINT_SERVICE, file, &yaml))
        return;
    check_name(lint, service, yaml.root);
    check_fields(lint, service, yaml.root);
    check_port(lint, service, yaml.root);
    check_depends_on(lint, service, yaml.root);
    const struct lint_service *first = find_codename(lint, service->data.codename);
    if (first != service)
        lint_find(lint, LINT_CODENAME, file, line_of(yaml.root, "codename"),
                  "the codename '%s' is %s's already", service->data.codename, first->directory);
}

void lint_services(struct lint *lint)
{
    collect_services(lint);
    for (size_t i = 0; i < lint->service_count && !lint->failed; i++) {
        check_service(lint, &lint->services[i]);
        lint_compose(lint, &lint->services[i]);
    }

    const struct arc_config *config = &lint->project->config;
    for (size_t g = 0; g < config->group_count && !lint->failed; g++)
        for (size_t s = 0; s < config->groups[g].service_count; s++)
            lint_dockerfile(lint, &config->groups[g], &config->groups[g].services[s]);
}
