/* Compose files: services with a `build`. */
#include "dockerfile/expand.h"
#include "init/sources.h"

/* A service of a compose file. */
struct entry {
    struct init *init;
    const char *file;
    const char *directory; /* of the file */
    const char *name;
    const struct arc_yaml_node *services; /* all services of the file */
    const struct arc_yaml_node *others;   /* of the file that it overrides; NULL: none */
    const struct arc_yaml_node *service;
    const struct arc_yaml_node *build;
    json_t *missing; /* names of services whose Dockerfiles do not exist */
    json_t *values;  /* of variables: those of .env, and of the workflows that build by the file */
};

/* What a compose file describes if the configuration can use the file as it is. */
struct described {
    json_t *variables;   /* name → its value in a release */
    json_t *dockerfiles; /* set of paths */
    char *registry;      /* of the first image */
    char *floating;      /* floating tag of all images; "": they differ; NULL: none yet */
    bool fixed;          /* the tag of some image does not contain the version */
    bool bakes;          /* it has `x-bake`, which only bake reads */
    size_t images;
};

/* The text with $NAME and ${NAME:-word} replaced by their values; NULL if a variable has no value,
 * or for NULL. */
static char *expand(const struct entry *entry, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 65536};
    bool known = text && arc_text_expand(text, entry->values, &out);
    (void)init_succeeds(entry->init, out.failed);
    return known ? init_hold(entry->init, &out) : NULL;
}

/* Where the tag of a reference starts; NULL if it has none. Skips ${…}. */
static const char *find_tag(const char *reference)
{
    const char *tag = NULL;
    int depth = 0;

    for (const char *c = reference; *c; c++) {
        depth += (*c == '{') - (*c == '}');
        if (!depth && *c == '/')
            tag = NULL;
        else if (!depth && *c == ':' && !tag)
            tag = c + 1;
    }

    return tag;
}

/* Takes what precedes the tag; false if a variable has no value or it is not a valid name. */
static bool take_repository(const struct entry *entry, const char *text, struct init_image *image)
{
    const char *tag = find_tag(text);
    size_t len = tag ? (size_t)(tag - 1 - text) : strcspn(text, "@");
    char *repository = expand(entry, init_cut(entry->init, text, len));
    return repository && init_take_reference(entry->init, repository, image);
}

/* The image's name without its tag; "${REGISTRY}/cart:${TAG}" without values still names cart. NULL
 * if there is no name. */
static const char *find_name(const struct entry *entry)
{
    const char *before = arc_yaml_text_at(arc_yaml_get(entry->others, entry->name), "image");
    const char *text = arc_text_or(arc_yaml_text_at(entry->service, "image"), before);
    const char *last = arc_path_name(text);
    size_t len = strcspn(last, ":@");
    struct init_image image = {0};

    if (!*text)
        return NULL;
    if (take_repository(entry, text, &image))
        return image.registries ? init_join(entry->init, image.registries[0], image.name)
                                : image.name;
    bool plain = len && !memchr(last, '$', len) && !memchr(last, '}', len);

    return plain ? init_cut(entry->init, last, len) : NULL;
}

/* A list, or a mapping as NAME=VALUE, one per line. An unknown value becomes INIT_UNKNOWN. */
static char *list_lines(const struct entry *entry, const struct arc_yaml_node *node)
{
    ARC_AUTO(arc_buf) struct arc_buf lines = {0};

    arc_yaml_each (item, node) {
        const char *text = expand(entry, item->text), *name = item->text;
        if (text)
            arc_buf_printf(&lines, "%s\n", text);
        else if (name)
            arc_buf_printf(&lines, "%.*s\n", (int)strcspn(name, "="), name);
    }

    arc_yaml_each_pair (pair, node) {
        bool is_null = pair->value->type == ARC_YAML_NULL;
        const char *text = is_null ? NULL : expand(entry, pair->value->text);
        bool known = text && arc_text_is_visible(text);
        arc_buf_printf(&lines, "%s=%s\n", pair->key->text, known ? text : INIT_UNKNOWN_TEXT);
    }

    return init_hold(entry->init, &lines);
}

/* The build's context and Dockerfile (NULL if it is inline). False if they are unknown. */
static bool resolve_build(const struct entry *entry, struct init_image *image)
{
    struct init *init = entry->init;
    bool is_map = entry->build->type == ARC_YAML_MAP;
    const char *dockerfile = expand(entry, arc_yaml_text_at(entry->build, "dockerfile"));
    const char *context =
        expand(entry, is_map ? arc_yaml_text_at(entry->build, "context") : entry->build->text);

    image->context = context ? init_resolve(init, entry->directory, context) : NULL;
    if (!image->context || !dockerfile)
        return false;
    if (arc_yaml_get(entry->build, "dockerfile_inline"))
        return true;
    image->dockerfile = init_resolve(init, image->context, arc_text_or(dockerfile, "Dockerfile"));

    return image->dockerfile != NULL;
}

/* Takes over the service as a step of docker/build-push-action, or asks. */
static void take_service(const struct entry *entry)
{
    struct init *init = entry->init;
    struct init_image image = {0};
    bool told = resolve_build(entry, &image);

    if (told && !image.dockerfile) {
        init_ask(init, entry->file, entry->build->line,
                 "is service %s released? Its Dockerfile is inline: 'compose: %s' reads it",
                 entry->name, entry->file);
        return;
    }

    if (!told || !json_object_get(init->dockerfile_names, image.dockerfile)) {
        if (!told || !init_is_aside(image.dockerfile))
            init_push(init, entry->missing, json_string(entry->name));
        return;
    }

    const char *args = list_lines(entry, arc_yaml_get(entry->build, "args"));
    const char *platforms = list_lines(entry, arc_yaml_get(entry->build, "platforms"));
    const char *target = expand(entry, arc_yaml_text_at(entry->build, "target"));
    const char *name = find_name(entry);
    bool is_other = false;
    init_each_image (other, init)
        is_other |= name && other->pushed && arc_text_same(other->name, arc_path_name(name));
    if ((is_other && !init_find_image(init, image.dockerfile)) ||
        (!name && init->pushes && !init->guessed))
        return; /* for development: workflows say what is published */
    if (!*platforms)
        platforms = arc_yaml_text_at(entry->service, "platform");

    ARC_AUTO_JSON json_t *with =
        init_made(init, json_pack("{s:s, s:s, s:s, s:s}", "context", image.context, "file",
                                  image.dockerfile, "build-args", args, "platforms", platforms));
    if (target && *target && arc_text_is_visible(target) && !init_is_development(target))
        init_set_text(init, with, "target", target);
    if (name)
        init_set(init, with, "outputs", json_sprintf("name=%s", name));
    if (arc_yaml_get(entry->build, "additional_contexts"))
        init_set_text(init, with, "build-contexts", "x");
    init_take_build(&(struct init_step){.init = init,
                                        .uses = "",
                                        .with = with,
                                        .service = entry->name,
                                        .when = "",
                                        .file = entry->file,
                                        .line = entry->build->line});
}

/* ---- the file as it is ---------------------------------------------------------------------- */

/* Records the floating tag of an image: its tag with "latest" in place of the version, which is
 * between `start` and `end`. */
static void take_floating(const struct entry *entry, struct described *described, const char *tag,
                          const char *start, const char *end)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 4096};
    size_t len = strlen(entry->name);
    bool leads = strncmp(tag, entry->name, len) == 0 && tag[len] == '-' && tag + len + 1 == start;
    bool ends = *end == '-' && strcmp(end + 1, entry->name) == 0;

    const char *before = leads ? "{codename}-" : init_cut(entry->init, tag, (size_t)(start - tag));
    arc_buf_printf(&out, "%slatest%s", before, ends ? "-{codename}" : end);

    char *floating = init_hold(entry->init, &out);
    if (!init_allows(entry->init, arc_check_image_tag, floating))
        return; /* "$$" is not a variable */

    if (!described->floating)
        described->floating = floating;
    else if (strcmp(described->floating, floating) != 0)
        described->floating = arc_arena_text(&entry->init->arena, "");
}

/* Gives the variables of a tag the release's values. False if the file itself names a version. */
static bool take_tag(const struct entry *entry, const char *tag, struct described *described)
{
    struct init *init = entry->init;
    const char *start, *end, *name;
    size_t count = 0, given = 0;

    if (!tag || strcmp(tag, "latest") == 0) {
        described->fixed = true;
        return true;
    }

    for (const char *rest = tag; init_next_variable(init, rest, &start, &end); rest = end)
        count++;

    for (const char *rest = tag; (name = init_next_variable(init, rest, &start, &end));
         rest = end) {
        const char *value = init_release_value(name, true),
                   *usual = arc_json_text_of(init->dotenv, name);
        const char *initial = memchr(start, '-', (size_t)(end - start));
        const char *told = arc_json_text_of(init->bake_values, name);
        if (ARC_HOLDS(told, "{version}", "{image-tag}") && arc_text_is_visible(told))
            value = told;
        value = count == 1 && !value ? "{version}" : value;
        if (!value)
            continue;
        given += init_says_version(value);
        usual = !*usual && initial ? initial + 1 : usual;
        init_set_text(init, described->variables, name, init_as_written(value, usual));
        if (count == 1)
            take_floating(entry, described, tag, start, end);
    }

    return given > 0;
}

/* Gives variables in build arguments the release's values. False if an argument for the version has
 * a fixed value, which a release could not set. */
static bool take_release_arguments(const struct entry *entry, struct described *described)
{
    const struct arc_yaml_node *args = arc_yaml_get(entry->build, "args");
    arc_yaml_each_pair (arg, args) {
        const char *name = arg->key->text, *value = arg->value->text, *start, *end;
        if (!value || arg->value->type == ARC_YAML_NULL)
            return false; /* taken from the builder's environment */
        char *variable = init_next_variable(entry->init, value, &start, &end);
        const char *given = init_release_value(arc_or(variable, name), variable != NULL);
        if (given && !variable)
            return false;
        if (given && !json_object_get(described->variables, variable))
            init_set_text(entry->init, described->variables, variable, given);
    }

    return !args || args->type == ARC_YAML_MAP;
}

/* Gives the variables in an image's name the values that workflows give them. */
static void take_name_variables(const struct entry *entry, const char *text,
                                struct described *described)
{
    const char *start, *end, *name;
    for (; (name = init_next_variable(entry->init, text, &start, &end)); text = end) {
        const char *told = arc_json_text_of(entry->init->bake_values, name);
        if (*told && strcmp(told, arc_json_text_of(entry->values, name)) == 0)
            init_set_text(entry->init, described->variables, name, told);
    }
}

/* Whether the service describes its image completely: where it is pushed and how it is built. */
static bool describe(const struct entry *entry, struct described *described)
{
    const char *text = arc_yaml_text_at(entry->service, "image");
    const char *target = expand(entry, arc_yaml_text_at(entry->build, "target"));
    struct init_image image = {0};

    if (arc_yaml_get(entry->service, "profiles"))
        return true; /* not built unless its profile is enabled */
    if ((target && init_is_development(target)) || !resolve_build(entry, &image))
        return false;

    const char *reference = init_print(entry->init, "service:%s", entry->name);
    bool named = arc_yaml_get(entry->service, "image");
    bool base = false; /* another service builds on this one: then it needs no image name */
    arc_yaml_each_pair (service, named ? NULL : entry->services)
        arc_yaml_each_pair (context, arc_yaml_at(service->value, "build", "additional_contexts"))
            base |= arc_yaml_reads(context->value, reference);
    if (!base &&
        (!*text || strchr(text, '@') || !take_repository(entry, text, &image) || !image.registries))
        return false;
    if (image.dockerfile)
        init_set(entry->init, described->dockerfiles, image.dockerfile, json_true());
    if (base)
        return true;

    described->registry = arc_or(described->registry, image.registries[0]);
    described->bakes |= arc_yaml_get(entry->build, "x-bake") != NULL;
    described->images++;
    take_name_variables(entry, text, described);

    return take_tag(entry, find_tag(text), described) && take_release_arguments(entry, described);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Takes over the services of a file or, with `described`, checks whether the configuration can use
 * the file as it is. */
static bool read_services(struct init *init, const char *path, struct described *described)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0}, base = {0};
    const char *over = strstr(path, ".override.");

    if (!init_read_yaml(init, path, &yaml))
        return false;
    if (over) /* compose.override.yaml */
        (void)init_read_yaml(init, init_print(init, "%.*s%s", (int)(over - path), path, over + 9),
                             &base);
    const struct arc_yaml_node *services = arc_yaml_get(yaml.root, "services");
    ARC_AUTO_JSON json_t *missing = init_made(init, json_array());
    ARC_AUTO_JSON json_t *values = init_copy(init, init->dotenv);
    arc_json_each_pair (name, value, init->bake_values) {
        const char *text = json_string_value(value);
        if (arc_text_is_visible(text) && !strchr(text, '{'))
            init_set_text(init, values, name, text);
    }
    struct entry entry = {.init = init,
                          .file = path,
                          .directory = init_directory(init, path),
                          .services = services,
                          .others = arc_yaml_get(base.root, "services"),
                          .missing = missing,
                          .values = values};

    arc_yaml_each_pair (service, services) {
        entry.name = service->key->text;
        entry.service = service->value;
        entry.build = arc_yaml_get(entry.service, "build");
        if (!entry.build || arc_yaml_at(entry.others, entry.name, "build"))
            continue;
        if (described && !describe(&entry, described))
            return false;
        if (!described)
            take_service(&entry);
    }

    if (json_array_size(missing))
        init_ask(init, path, 0, "what do its services build: %s? Their Dockerfiles do not exist",
                 init_list_names(init, missing));

    return true;
}

/* Makes the file a group if it describes every image, that is, covers every Dockerfile of the
 * repository. Returns whether it did. */
static bool use_file(struct init *init, const char *path)
{
    struct described described = {.variables = init_keep(init, json_object()),
                                  .dockerfiles = init_keep(init, json_object())};
    const char *base = arc_path_name(path);
    bool plain = ARC_STARTS(base, "compose.y", "docker-compose.y");

    if (!plain || !read_services(init, path, &described) || !described.images)
        return false;
    arc_json_each_pair (name, value, init->dockerfile_names)
        if (!json_object_get(described.dockerfiles, name))
            return false;

    const char *key = described.bakes ? "bake" : "compose";
    struct init_group *group = init_use_file(init, key, path, NULL, described.images);
    group->host = described.registry;

    arc_json_each_pair (name, value, described.variables)
        init_add_pair(init, &group->variables, name, json_incref(value));

    if (described.fixed)
        init_add_tag(init, &group->image_tags, "{version}", "");
    if (described.floating && *described.floating)
        init_add_tag(init, &group->image_tags, described.floating, "");
    arc_json_each_pair (name, value, described.dockerfiles)
        init_set(init, init->dockerfile_names, name, json_false());

    return true;
}

void init_read_compose_files(struct init *init)
{
    char **files = NULL;
    size_t count = 0;
    bool free_to_use = !init->groups && !init->pushes;

    init_settle(init);

    /* those in the root first: they are for all */
    for (size_t i = 0; i < 2 * init->file_count; i++) {
        const char *path = init->files[i % init->file_count], *name = arc_path_name(path);
        bool is_turn = (name == path) == (i < init->file_count);
        name = arc_or(arc_text_after(name, "docker-"), name);
        if (!is_turn || !init_is_yaml(path) || !ARC_STARTS(name, "compose") ||
            !strchr(".-_", name[7]) || init_is_aside(path) || strstr(name, "test"))
            continue;
        if (!init_counts(init, &count))
            break;
        init_add_text(init, &files, path);
    }

    for (char **file = files; file && *file && free_to_use; file++)
        if (use_file(init, *file)) {
            /* docker merges it by itself, the configuration if it is named; most are for development */
            for (char **other = files; *other; other++)
                if (strstr(*other, "compose.override.y") &&
                    strcmp(init_directory(init, *other), init_directory(init, *file)) == 0)
                    init_ask(init, *other, 0,
                             "is a release built with it, as 'docker compose build' does? Then "
                             "write files: [%s, %s]",
                             *file, *other);
            return;
        }

    for (char **file = files; file && *file; file++)
        (void)read_services(init, *file, NULL);
}
