/* What compose files may do with ports, volumes, networks and privileges.
 * Source: Compose specification (compose-spec/compose-spec, 05-services.md). */
#include "dockerfile/expand.h"
#include "lint/rule.h"

/* A compose file under inspection. */
struct compose {
    struct lint *lint;
    const char *file;
    const struct arc_yaml_node *root;
    const struct lint_service *service;
};

/* A value as it is if no variable is set: ${NAME:-word} becomes word. */
static const char *plain_text(const struct compose *c, const struct arc_yaml_node *node)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 65536};
    arc_text_expand(node && node->text ? node->text : "", NULL, &out);
    return arc_arena_text(&c->lint->memory, lint_content(c->lint, &out));
}

static void check_port(const struct compose *c, const struct arc_yaml_node *port)
{
    bool map = port->type == ARC_YAML_MAP;
    const char *address = plain_text(c, map ? arc_yaml_get(port, "host_ip") : port);

    if (!ARC_STARTS(address, "127.", "[::1]:") && strcmp(address, "::1") != 0)
        lint_find_at(c->lint, LINT_LOOPBACK, port,
                     "the port '%s' is open to every address of the host; bind it to 127.0.0.1",
                     map ? plain_text(c, arc_yaml_get(port, "published")) : address);
}

static void check_volume(const struct compose *c, const struct arc_yaml_node *volume)
{
    const struct arc_yaml_node *type = arc_yaml_get(volume, "type");
    static const char *const sockets[] = {"docker.sock", "podman.sock", "containerd.sock",
                                          "crio.sock"};
    const char *name = "";
    bool read_only = false, socket = false;

    if (volume->type == ARC_YAML_MAP) {
        name = plain_text(c, arc_yaml_get(volume, "source"));
        read_only = arc_yaml_bool(arc_yaml_get(volume, "read_only"));
        if (arc_yaml_is(type, "tmpfs"))
            return;
    } else { /* "./x:/y:ro" */
        const char *text = plain_text(c, volume), *colon = strchr(text, ':');
        const char *mode = colon ? strchr(colon + 1, ':') : NULL;
        for (; mode && !read_only; mode = strchr(mode + 1, ',')) /* ":z,ro" */
            read_only = ARC_STARTS(mode + 1, "ro") && (!mode[3] || mode[3] == ',');
        name = colon ? arc_arena_cut(&c->lint->memory, text, (size_t)(colon - text)) : "";
    }

    arc_each_in (end, sockets)
        socket = socket || arc_text_ends(name, *end);
    if (socket)
        lint_find_at(c->lint, LINT_PRIVILEGES, volume,
                     "'%s' gives the container the whole host, read-only or not", name);

    if (!*name)
        lint_find_at(c->lint, LINT_VOLUMES, volume,
                     "an anonymous volume: its data is lost with the container; give it a name");
    else if (strchr("./~", *name)) {
        if (!read_only)
            lint_find_at(c->lint, LINT_VOLUMES, volume,
                         "'%s' is a writable bind mount; use a named volume, or mount it read-only",
                         name);
    } else if (!arc_yaml_key(arc_yaml_get(c->root, "volumes"), name))
        lint_find_at(c->lint, LINT_VOLUMES, volume, "the volume '%s' is not declared under volumes",
                     name);
}

static void check_health(const struct compose *c, const struct arc_yaml_pair *service)
{
    const struct arc_yaml_node *health = arc_yaml_get(service->value, "healthcheck");
    const struct arc_yaml_node *test = arc_yaml_get(health, "test");
    const struct arc_yaml_node *restart = arc_yaml_get(service->value, "restart");
    const struct arc_yaml_node *first = arc_yaml_items(test) ? test->items[0] : NULL;
    bool none = !test || arc_yaml_is(first, "NONE") || (!first && test->type != ARC_YAML_STRING) ||
                arc_yaml_bool(arc_yaml_get(health, "disable"));

    if (none && (arc_yaml_is(restart, "always") || arc_yaml_is(restart, "unless-stopped")))
        lint_find_at(c->lint, LINT_HEALTH, service->key, "'%s' has no healthcheck with a test",
                     service->key->text);
}

static void check_privileges(const struct compose *c, const struct arc_yaml_pair *service)
{
    static const char *const spaces[] = {"network_mode", "pid", "ipc", "userns_mode", "uts"};
    const struct arc_yaml_node *privileged = arc_yaml_get(service->value, "privileged");
    const struct arc_yaml_node *user = arc_yaml_get(service->value, "user");

    if (arc_yaml_reads(privileged, "true"))
        lint_find_at(c->lint, LINT_PRIVILEGES, privileged, "'%s' is privileged",
                     service->key->text);

    if (user && lint_is_root(plain_text(c, user)))
        lint_find_at(c->lint, LINT_PRIVILEGES, user, "'%s' runs as '%s'", service->key->text,
                     user->text);

    arc_each_in (key, spaces) {
        const struct arc_yaml_node *space = arc_yaml_get(service->value, *key);
        if (arc_yaml_is(space, "host"))
            lint_find_at(c->lint, LINT_PRIVILEGES, space, "'%s' has %s: host", service->key->text,
                         *key);
    }
}

static void check_network(const struct compose *c, const struct arc_yaml_pair *main)
{
    const char *network = c->lint->settings.network;
    if (!network)
        return;
    const struct arc_yaml_node *declared = arc_yaml_at(c->root, "networks", network);
    const struct arc_yaml_node *networks = arc_yaml_key(c->root, "networks");
    const struct arc_yaml_node *joined = arc_yaml_key(main->value, "networks");
    const struct arc_yaml_node *place = arc_or(declared, networks);
    if (!arc_yaml_bool(arc_yaml_get(declared, "external")))
        lint_find(c->lint, LINT_NETWORK, c->file, place ? place->line : 1,
                  "the network %s is not declared with external: true", network);

    if (!arc_yaml_names(arc_yaml_get(main->value, "networks"), network))
        lint_find_at(c->lint, LINT_NETWORK, arc_or(joined, main->key),
                     "'%s' does not join the network %s", main->key->text, network);
}

static bool publishes(const struct compose *c, const struct arc_yaml_node *list, const char *port)
{
    arc_yaml_each (item, list) {
        bool map = item->type == ARC_YAML_MAP;
        const char *text = plain_text(c, map ? arc_yaml_get(item, "published") : item);
        const char *end = map ? NULL : strrchr(text, ':'); /* the container's own port */
        text = lint_text(c->lint, "%.*s", (int)(end ? (size_t)(end - text) : strlen(text)), text);
        const char *host = strrchr(text, ':');
        if (strcmp(host ? host + 1 : text, port) == 0)
            return true;
    }

    return false;
}

/* Checks that one of the file's containers publishes every port of service.yaml. */
static void check_published(const struct compose *c, const struct arc_yaml_pair *main)
{
    const struct arc_service *data = &c->service->data;
    const struct arc_yaml_node *key = arc_yaml_key(main->value, "ports");
    unsigned one[] = {data->port, 0};

    for (const unsigned *port = *data->ports ? data->ports : one; *port; port++) {
        const char *text = lint_text(c->lint, "%u", *port);
        bool found = false;
        arc_yaml_each_pair (service, arc_yaml_get(c->root, "services"))
            found = found || publishes(c, arc_yaml_get(service->value, "ports"), text);
        if (!found)
            lint_find_at(c->lint, LINT_SERVICE_PORT, arc_or(key, main->key),
                         "service.yaml names port %u, which is not published here", *port);
    }
}

/* The container that is the service itself. */
static const struct arc_yaml_pair *find_main(const struct compose *c)
{
    const struct arc_yaml_node *services = arc_yaml_get(c->root, "services");
    arc_yaml_each_pair (service, services) {
        const struct arc_yaml_node *name = arc_yaml_get(service->value, "container_name");
        const char *text = name ? plain_text(c, name) : service->key->text;
        if (text && strcmp(text, c->service->data.name) == 0)
            return service;
    }

    lint_find_at(c->lint, LINT_COMPOSE, services,
                 "no container here is named '%s', as in service.yaml", c->service->data.name);

    return NULL;
}

static void check_file(const struct compose *c)
{
    const struct arc_yaml_node *services = arc_yaml_get(c->root, "services");
    if (!services || services->type != ARC_YAML_MAP || !services->count) {
        lint_find(c->lint, LINT_COMPOSE, c->file, 1, "there are no services in it");
        return;
    }

    arc_yaml_each_pair (service, services) {
        arc_yaml_each (port, arc_yaml_get(service->value, "ports"))
            check_port(c, port);
        arc_yaml_each (volume, arc_yaml_get(service->value, "volumes"))
            check_volume(c, volume);
        check_health(c, service);
        check_privileges(c, service);
    }

    const struct arc_yaml_pair *main = c->service->loaded ? find_main(c) : NULL;
    if (main)
        check_published(c, main);
    if (main && c->service->group)
        check_network(c, main);
}

void lint_compose(struct lint *lint, const struct lint_service *service)
{
    static const char *const names[] = {"docker-compose.yml", "docker-compose.yaml", "compose.yaml",
                                        "compose.yml"};

    arc_each_in (name, names) {
        ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
        const char *file = lint_text(lint, "%s/%s", service->directory, *name);
        if (!lint_exists(lint, file) || /* compose has tags of its own */
            !lint_read_yaml(lint, LINT_COMPOSE, file, ARC_YAML_ANY_TAG, &yaml))
            continue;
        struct compose compose = {lint, file, yaml.root, service};
        check_file(&compose);
    }
}
