/* Compose files: the services that are built. */
#include "base/auto.h"
#include "dockerfile/dockerfile.h"
#include "init/sources.h"
#include "yaml/yaml.h"
#include <string.h>
#include <strings.h>

/* A service of a compose file. */
struct entry {
    struct init_proposal *proposal;
    const char *file;
    const char *directory; /* of the file */
    const char *name;
    const struct arc_yaml_node *service;
    const struct arc_yaml_node *build;
};

/* The text of a node with $NAME and ${NAME:-word} replaced by .env; NULL when one has no value. */
static char *expand(const struct entry *entry, const struct arc_yaml_node *node)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 65536};
    if (!node || !node->text || !arc_dockerfile_expand(node->text, entry->proposal->dotenv, &out))
        return NULL;
    return arc_arena_text(&entry->proposal->arena, arc_buf_text(&out));
}

/* "${REGISTRY}/cart:${TAG}" without values still names cart. */
static void take_reference(const struct entry *entry, struct init_image *image)
{
    const struct arc_yaml_node *node = arc_yaml_get(entry->service, "image");
    char *reference = expand(entry, node);
    if (reference && init_take_reference(entry->proposal, reference, image))
        return;
    const char *last = node && node->text ? init_base(node->text) : "";
    size_t len = strcspn(last, ":@");
    if (len && !memchr(last, '$', len) && !memchr(last, '}', len))
        (void)init_take_reference(entry->proposal,
                                  arc_arena_printf(&entry->proposal->arena, "%.*s", (int)len, last),
                                  image);
}

static void add_argument(const struct entry *entry, struct init_image *image, const char *name,
                         size_t len, const char *value)
{
    ARC_AUTO(arc_buf) struct arc_buf filled = {.max = 65536};
    char *key = arc_arena_printf(&entry->proposal->arena, "%.*s", (int)len, name);
    const char *given = init_release_value(key, false);
    if (given)
        init_add_pair(entry->proposal, &image->args, &image->arg_count, key, given, NULL);
    else if (value && arc_dockerfile_expand(value, entry->proposal->dotenv, &filled) &&
             init_is_usable(arc_buf_text(&filled)))
        init_add_pair(entry->proposal, &image->args, &image->arg_count, key, arc_buf_text(&filled),
                      NULL);
    else
        init_ask(entry->proposal, entry->file, 0, "which value has the build argument %s of %s?",
                 key, entry->name);
}

/* `args` as a mapping, or as a list of NAME=VALUE. */
static void take_arguments(const struct entry *entry, struct init_image *image)
{
    const struct arc_yaml_node *args = arc_yaml_get(entry->build, "args");
    for (size_t i = 0; args && args->type == ARC_YAML_MAP && i < args->count; i++) {
        const struct arc_yaml_pair *pair = &args->pairs[i];
        if (pair->key->text)
            add_argument(entry, image, pair->key->text, pair->key->len,
                         pair->value->type == ARC_YAML_NULL ? NULL : pair->value->text);
    }
    for (size_t i = 0; args && args->type == ARC_YAML_LIST && i < args->count; i++) {
        const char *text = args->items[i]->text ? args->items[i]->text : "";
        size_t len = strcspn(text, "=");
        add_argument(entry, image, text, len, text[len] ? text + len + 1 : NULL);
    }
}

/* Stages for people who work on the code are not what is released. */
static bool is_development(const char *target)
{
    static const char *const words[] = {"dev",   "development", "debug",  "test",
                                        "tests", "local",       "builder"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(target, words[i]) == 0)
            return true;
    return false;
}

/* Whether a file that says more describes it; what that lacks of its name is filled in. */
static bool is_described(struct init_proposal *proposal, const struct init_image *image)
{
    for (size_t i = 0; i < proposal->image_count; i++) {
        struct init_image *other = proposal->images[i];
        const char *a = other->target ? other->target : "", *b = image->target ? image->target : "";
        if (strcmp(other->dockerfile, image->dockerfile) != 0 ||
            (other->from == FROM_COMPOSE && image->name &&
             (strcmp(a, b) != 0 || other->arg_count || image->arg_count)))
            continue;
        other->name = other->name ? other->name : image->name;
        other->registries = other->registries ? other->registries : image->registries;
        return true;
    }
    return false;
}

static void take_service(const struct entry *entry)
{
    struct init_proposal *proposal = entry->proposal;
    struct init_image image = {
        .from = FROM_COMPOSE, .file = entry->file, .line = entry->build->line};
    bool is_map = entry->build->type == ARC_YAML_MAP;
    const struct arc_yaml_node *node =
        is_map ? arc_yaml_get(entry->build, "context") : entry->build;
    char *context = node ? expand(entry, node) : arc_arena_text(&proposal->arena, ".");
    const struct arc_yaml_node *file = is_map ? arc_yaml_get(entry->build, "dockerfile") : NULL;
    char *dockerfile = file ? expand(entry, file) : arc_arena_text(&proposal->arena, "Dockerfile");
    image.context = context ? init_resolve(proposal, entry->directory, context) : NULL;
    image.dockerfile =
        image.context && dockerfile ? init_resolve(proposal, image.context, dockerfile) : NULL;
    json_t *known =
        image.dockerfile ? json_object_get(proposal->dockerfile_names, image.dockerfile) : NULL;
    if (!known || json_is_false(known)) {
        if (!known && !(image.dockerfile && init_is_aside(image.dockerfile)))
            init_ask(proposal, entry->file, entry->build->line,
                     "what does service %s build? There is no such Dockerfile", entry->name);
        return;
    }
    image.directory = init_directory(proposal, image.dockerfile);
    image.codename = init_codename(proposal, entry->name);
    char *target = is_map ? expand(entry, arc_yaml_get(entry->build, "target")) : NULL;
    image.target =
        target && *target && init_is_usable(target) && !is_development(target) ? target : NULL;
    take_reference(entry, &image);
    if (is_map)
        take_arguments(entry, &image);
    if (is_map && arc_yaml_get(entry->build, "additional_contexts"))
        init_ask(proposal, entry->file, image.line, INIT_CONTEXTS, entry->name);
    const struct arc_yaml_node *platforms = is_map ? arc_yaml_get(entry->build, "platforms") : NULL;
    for (size_t i = 0; platforms && platforms->type == ARC_YAML_LIST && i < platforms->count; i++)
        if (platforms->items[i]->text)
            init_add_platform(proposal, &image, entry->file, image.line, platforms->items[i]->text);
    if (is_described(proposal, &image))
        return;
    struct init_image *slot = init_add_image(proposal, FROM_COMPOSE, entry->file, image.line);
    if (slot)
        *slot = image;
    init_note(proposal, entry->file, image.line, "service %s is built of %s", entry->name,
              image.dockerfile);
}

static void read_file(struct init_proposal *proposal, const char *path)
{
    const char *text = init_read(proposal, path);
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    if (!text || arc_yaml_parse(text, strlen(text), path, ARC_YAML_ANY_TAG, &yaml, NULL))
        return;
    const struct arc_yaml_node *services = arc_yaml_get(yaml.root, "services");
    char *directory = init_directory(proposal, path);
    for (size_t i = 0; services && services->type == ARC_YAML_MAP && i < services->count; i++) {
        struct entry entry = {proposal,
                              arc_arena_text(&proposal->arena, path),
                              directory,
                              services->pairs[i].key->text,
                              services->pairs[i].value,
                              NULL};
        entry.build = arc_yaml_get(entry.service, "build");
        if (entry.name && entry.build)
            take_service(&entry);
    }
}

static bool is_compose_file(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *start = strncmp(name, "docker-", 7) == 0 ? name + 7 : name;
    return dot && (strcmp(dot, ".yml") == 0 || strcmp(dot, ".yaml") == 0) &&
           strncmp(start, "compose", 7) == 0 && strchr(".-_", start[7]);
}

int init_read_compose_files(struct init_proposal *proposal, struct arc_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < proposal->file_count && count < INIT_FILES_MAX; i++) {
        if (!is_compose_file(init_base(proposal->files[i])) || init_is_aside(proposal->files[i]))
            continue;
        read_file(proposal, proposal->files[i]);
        count++;
    }
    return arc_arena_check(&proposal->arena, err);
}
