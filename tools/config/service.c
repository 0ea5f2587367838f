/* One service: its service.yaml, and what an entry of arc-ci.yaml says over it. */
#include "config/service.h"
#include "base/auto.h"
#include "base/room.h"
#include "base/text.h"
#include "config/bases.h"
#include "config/build.h"
#include "config/variants.h"
#include "os/file.h"
#include <string.h>

#define AT(member)   offsetof(struct arc_service_reading, service.member)
#define NODE(member) offsetof(struct arc_service_reading, member)

static const struct arc_field service_fields[] = {
    {"name", FIELD_TEXT, AT(name), false, arc_check_name, NULL},
    {"codename", FIELD_TEXT, AT(codename), false, arc_check_codename, NULL},
    {"role", FIELD_TEXT, AT(role), false, arc_check_line, NULL},
    {"tech", FIELD_TEXT, AT(tech), false, arc_check_line, NULL},
    {"description", FIELD_TEXT, AT(description), false, arc_check_text, NULL},
    {"health", FIELD_TEXT, AT(health), false, arc_check_line, NULL},
    {"port", FIELD_PORT, AT(port), false, NULL, NULL},
    {"ports", FIELD_PORTS, AT(ports), false, NULL, NULL},
    {"depends_on", FIELD_TEXTS, AT(depends_on), false, arc_check_codename, NULL},
    {"external", FIELD_TEXTS, AT(external), false, arc_check_codename, NULL},
    {"paths", FIELD_TEXTS, AT(paths), false, arc_check_glob, NULL},
    {"directory", FIELD_NODE, NODE(directory), false, NULL, NULL},
    {"build", FIELD_NODE, NODE(build), false, NULL, NULL},
    {"image", FIELD_TEXT, NODE(image), false, arc_check_image, NULL},
    {"image-tags", FIELD_NODE, NODE(tags_node), false, NULL, NULL},
    {"version", FIELD_NODE, NODE(version_node), false, NULL, NULL},
    {"variants", FIELD_NODE, NODE(variants_node), false, NULL, NULL},
    {"inputs", FIELD_TEXT, NODE(inputs), false, arc_check_inputs, NULL},
    {0},
};

/* Other tools of a platform read the file too, so it may hold keys of theirs. */
static const struct arc_table service_table = {"a service.yaml", service_fields, true};
static const struct arc_table entry_table = {"a service", service_fields, false};

void arc_service_reading_free(struct arc_service_reading *reading)
{
    arc_fields_free(&service_table, reading);
    arc_recipe_free(&reading->service.build);
    arc_image_tags_free(reading->service.image_tags);
    arc_bases_free(reading->service.bases);
    for (size_t i = 0; i < reading->variant_count; i++)
        arc_service_reading_free(&reading->variants[i]);
    free(reading->variants);
    free(reading->service.directory);
    free(reading->service.suffix);
    free(reading->service.version);
    free(reading->service.version_file);
    arc_texts_free(reading->service.version_at);
    free(reading->service.file);
    arc_texts_free(reading->service.images);
    *reading = (struct arc_service_reading){0};
}

void arc_service_free(struct arc_service *service)
{
    struct arc_service_reading reading = {.service = *service};
    arc_service_reading_free(&reading);
    *service = (struct arc_service){0};
}

/* ---- reading -------------------------------------------------------------------------------- */

/* What belongs under `build` and would else be taken for another tool's, without a word. */
static int refuse_build_keys(const struct arc_yaml_node *map, struct arc_error *err)
{
    static const char *const keys[][2] = {
        {"context", "context"},
        {"dockerfile", "dockerfile"},
        {"dockerfile_inline", "dockerfile_inline"},
        {"target", "target"},
        {"args", "args"},
        {"build-args", "args"},
        {"build_args", "args"},
        {"contexts", "additional_contexts"},
        {"additional_contexts", "additional_contexts"},
        {"platforms", "platforms"},
        {"cache_from", "cache_from"},
        {"cache_to", "cache_to"},
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct arc_yaml_node *key = arc_yaml_key(map, keys[i][0]);
        if (key)
            return arc_yaml_error(key, err,
                                  "'%s' stands under 'build': build: {%s: …} "
                                  "(docs/configuration.md)",
                                  keys[i][0], keys[i][1]);
    }

    return ARC_OK;
}

static int read_version(const char *root, const struct arc_yaml_node *node,
                        const struct arc_place_base *base, struct arc_service *service,
                        struct arc_error *err)
{
    struct arc_file_place place = {0};
    int rc = arc_place_read(node, base, &place, err);

    if (!rc)
        rc = arc_file_value_in(root, &place, &service->version, err);
    service->version_file = place.file; /* the service owns them, whole or not */
    service->version_at = place.at;

    return arc_yaml_place(node, "version", rc, err);
}

int arc_service_read_map(const char *root, const struct arc_yaml_node *map, bool open,
                         const struct arc_place_base *base, struct arc_service_reading *out,
                         struct arc_error *err)
{
    ARC_TRY(refuse_build_keys(map, err));
    ARC_TRY(arc_fields_read(map, open ? &service_table : &entry_table, out, err));
    ARC_TRY(arc_recipe_read(root, out->build, base, &out->service.build, err));

    if (out->version_node && out->version_node->type == ARC_YAML_MAP)
        ARC_TRY(read_version(root, out->version_node, base, &out->service, err));
    else if (out->version_node && !open)
        return arc_yaml_error(out->version_node, err,
                              "'version' must say where it is: {file: …, at: …}");

    if (out->tags_node)
        ARC_TRY(arc_image_tags_read(out->tags_node, &out->service.image_tags, err));

    return arc_variants_read(out->variants_node, out, err);
}

int arc_service_read_file(const char *root, const char *directory, const char *file,
                          struct arc_service_reading *out, struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_TRY(arc_yaml_read_in(root, file, 0, &yaml, err));
    const struct arc_place_base base = {directory, directory};
    ARC_TRY(arc_service_read_map(root, yaml.root, true, &base, out, err));
    if (!out->service.name)
        return arc_yaml_error(yaml.root, err, "a service.yaml needs 'name'");
    if (!out->service.codename)
        return arc_yaml_error(yaml.root, err, "a service.yaml needs 'codename'");
    out->build = out->directory = out->variants_node = out->tags_node =
        NULL; /* gone with the file */
    out->service.file = strdup(file);

    return out->service.file ? ARC_OK : arc_error_nomem(err);
}

int arc_service_overlay(struct arc_service_reading *out, struct arc_service_reading *entry,
                        struct arc_error *err)
{
    arc_fields_overlay(&service_table, out, entry);
    ARC_TRY(arc_recipe_inherit(&entry->service.build, &out->service.build, err));
    arc_recipe_free(&out->service.build);
    out->service.build = entry->service.build;
    entry->service.build = (struct arc_recipe){0};
    if (entry->service.suffix)
        out->service.suffix = arc_steal(&entry->service.suffix);

    if (entry->service.image_tags) {
        arc_image_tags_free(out->service.image_tags);
        out->service.image_tags = arc_steal(&entry->service.image_tags);
    }

    if (entry->service.version) {
        free(out->service.version);
        free(out->service.version_file);
        arc_texts_free(out->service.version_at);
        out->service.version = arc_steal(&entry->service.version);
        out->service.version_file = arc_steal(&entry->service.version_file);
        out->service.version_at = arc_steal(&entry->service.version_at);
    }

    out->named = entry->named;
    out->titled = entry->titled;
    if (!entry->variant_count)
        return ARC_OK;
    struct arc_service_reading *kept = out->variants;
    size_t count = out->variant_count;
    out->variants = entry->variants;
    out->variant_count = entry->variant_count;
    entry->variants = kept; /* each side frees what it ends up with */
    entry->variant_count = count;

    return ARC_OK;
}

/* ---- what was not said ---------------------------------------------------------------------- */

/* The last part of a path that names something. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *arc_codename_of(const char *name)
{
    char *text = strdup(name);
    for (char *c = text; c && *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
        else if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9'))
            *c = '-';
    }
    return text;
}

static int complete_names(struct arc_service *service, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 2048};
    const char *from = service->name ? service->name : last_part(service->directory);

    if (!service->codename)
        service->codename = arc_codename_of(from);
    ARC_TRY_ALLOC(service->codename, err);
    if (!service->name)
        ARC_TRY(arc_text_copy(service->codename, &service->name, err));
    if (!arc_check_codename(service->codename, &why))
        return arc_error_set(err, ARC_EINPUT, "'%s' gives no codename: write codename: …", from);
    return ARC_OK;
}

static int complete_lists(struct arc_service *service, struct arc_error *err)
{
    char ***lists[] = {&service->depends_on, &service->external, &service->paths};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        ARC_TRY(arc_texts_inherit(lists[i], NULL, err));
    if (!service->ports)
        service->ports = calloc(1, sizeof *service->ports);
    ARC_TRY_ALLOC(service->ports, err);
    return ARC_OK;
}

/* Where a service lies that does not say it: where its Dockerfile is, else where its context is. */
static int complete_directory(struct arc_service *service, struct arc_error *err)
{
    const struct arc_recipe *build = &service->build;
    const char *context = build->context ? build->context : ".";
    bool remote = arc_context_is_remote(context);

    if (service->directory)
        return ARC_OK;
    ARC_TRY(arc_text_copy(remote ? "." : context, &service->directory, err));
    if (remote || !build->dockerfile)
        return ARC_OK;
    ARC_AUTO(arc_recipe) struct arc_recipe trial = {0};
    ARC_TRY(arc_text_copy(context, &trial.context, err));
    ARC_TRY(arc_text_copy(build->dockerfile, &trial.dockerfile, err));
    ARC_TRY(arc_recipe_complete(&trial, context, err));
    char *slash = strrchr(trial.dockerfile, '/');
    if (slash)
        *slash = '\0';
    free(service->directory);

    return arc_text_copy(slash ? trial.dockerfile : ".", &service->directory, err);
}

/* Whether the image's own name, or its tags, tell the variants of a service apart, so that they share
 * a name. */
static bool holds_suffix(const struct arc_service_reading *reading, const struct arc_group *group)
{
    const struct arc_image_tag *tag = reading->service.image_tags;
    const char *image = reading->image;

    if (!image && group)
        image = group->image;
    if (image && strstr(image, "{suffix}"))
        return true;
    if (!tag && group)
        tag = group->image_tags;
    for (; tag && tag->name; tag++)
        if (strstr(tag->name, "{suffix}"))
            return true;

    return false;
}

/* Files that values stand in count as the service's own. They are names, not patterns. */
static int add_path(struct arc_service *service, const char *file, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf pattern = {.max = 16384};
    for (const char *c = file; *c; c++) {
        if (strchr("\\*?[]{}()!+@|^$\"", *c))
            arc_buf_putc(&pattern, '\\');
        arc_buf_putc(&pattern, *c);
    }
    ARC_TRY(arc_buf_check(&pattern, "a path", err));
    return arc_list_add(&service->paths, arc_buf_text(&pattern), err);
}

static int add_value_files(struct arc_service *service, struct arc_error *err)
{
    for (char **file = service->build.files; file && *file; file++)
        ARC_TRY(add_path(service, *file, err));
    return service->version_file ? add_path(service, service->version_file, err) : ARC_OK;
}

/* Whether a named context is a directory of the repository. */
static bool reads_elsewhere(const struct arc_service *service)
{
    for (const struct arc_pair *pair = service->build.additional_contexts; pair->name; pair++)
        if (!arc_context_is_remote(pair->value))
            return true;
    return false;
}

int arc_service_complete(struct arc_service_reading *reading, const struct arc_group *group,
                         struct arc_error *err)
{
    static const struct arc_recipe none = {0};
    struct arc_service *service = &reading->service;

    if (service->directory) /* else its codename cannot come from there */
        ARC_TRY(complete_names(service, err));
    ARC_TRY(complete_lists(service, err));
    ARC_TRY(arc_recipe_inherit(&service->build, group ? &group->build : &none, err));
    ARC_TRY(arc_recipe_place(&service->build, service->codename, service->name, service->directory,
                             err));
    ARC_TRY(complete_directory(service, err));
    ARC_TRY(complete_names(service, err));
    ARC_TRY(arc_variant_name(reading, holds_suffix(reading, group), err));
    ARC_TRY(arc_recipe_complete(&service->build, service->directory, err));
    ARC_TRY(add_value_files(service, err));
    bool whole = strcmp(service->build.context, service->directory) == 0 &&
                 strcmp(service->directory, ".") != 0 && !reads_elsewhere(service);
    service->derive_inputs = reading->inputs ? strcmp(reading->inputs, "dockerfile") == 0
                                             : (group && group->derive_inputs) || !whole;

    return ARC_OK;
}

/* ---- images --------------------------------------------------------------------------------- */

static int make_image(const struct arc_service *service, const char *template, const char *registry,
                      const char *group, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf image = {.max = 1024};
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 2048};
    const struct arc_word words[] = {{"registry", registry},
                                     {"name", service->name},
                                     {"codename", service->codename},
                                     {"group", group},
                                     {"suffix", service->suffix ? service->suffix : ""},
                                     {NULL, NULL}};

    arc_words_fill(template, words, &image);
    ARC_TRY(arc_buf_check(&image, "an image's name", err));

    if (!arc_check_registry(arc_buf_text(&image), &why) || !strchr(arc_buf_text(&image), '/'))
        return arc_error_set(err, ARC_EINPUT, "image: '%s' gives '%s', which %s", template,
                             arc_buf_text(&image), why.len ? arc_buf_text(&why) : "has no name");
    *out = arc_buf_steal(&image);
    return *out ? ARC_OK : arc_error_nomem(err);
}

int arc_service_make_images(struct arc_service *service, const char *template, char **registries,
                            const char *group, struct arc_error *err)
{
    ARC_TRY(arc_texts_inherit(&service->images, NULL, err));

    for (char **registry = registries; *registry; registry++) {
        ARC_AUTO_FREE char *image = NULL;
        ARC_TRY(make_image(service, template, *registry, group, &image, err));
        ARC_TRY(arc_list_add(&service->images, image, err));
    }

    return ARC_OK;
}

int arc_group_take_service(struct arc_group *group, struct arc_service *service,
                           struct arc_error *err)
{
    ARC_TRY_ALLOC(arc_room(&group->services, group->service_count, sizeof *service), err);
    group->services[group->service_count++] = *service;
    *service = (struct arc_service){0};
    return ARC_OK;
}

/* ---- a service.yaml alone ------------------------------------------------------------------- */

static int missing(const char *root, const char *directory, struct arc_error *err)
{
    if (arc_file_kind_in(root, directory) == ARC_FILE_DIRECTORY)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "%s has neither a service.yaml, which names the service, nor a "
                             "Dockerfile (docs/configuration.md)",
                             directory);
    return arc_error_set(err, ARC_ENOTFOUND, "there is no directory %s", directory);
}

int arc_service_load(const char *root, const char *directory, struct arc_service *out,
                     struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf file = {0};
    ARC_AUTO(arc_service_reading) struct arc_service_reading reading = {0};
    *out = (struct arc_service){0};
    size_t len = strlen(directory);
    while (len && directory[len - 1] == '/')
        len--;
    reading.service.directory = strndup(directory, len);
    ARC_TRY_ALLOC(reading.service.directory, err);
    if (strcmp(reading.service.directory, ".") != 0)
        arc_buf_printf(&file, "%s/", reading.service.directory);
    arc_buf_puts(&file, "service.yaml");
    ARC_TRY(arc_buf_check(&file, "a path", err));
    int rc =
        arc_service_read_file(root, reading.service.directory, arc_buf_text(&file), &reading, err);
    if (rc == ARC_ENOTFOUND)
        return missing(root, reading.service.directory, err);
    ARC_TRY(rc);
    ARC_TRY(arc_service_complete(&reading, NULL, err));
    *out = reading.service;
    reading.service = (struct arc_service){0};

    return ARC_OK;
}
