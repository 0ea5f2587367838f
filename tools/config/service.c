/* One service: its service.yaml, and its entry in arc-ci.yaml, which overrides it. */
#include "base/path.h"
#include "config/reading.h"
#include "os/file.h"

#define AT(member)   offsetof(struct arc_service_reading, service.member)
#define READ(member) offsetof(struct arc_service_reading, member)

static const struct arc_field service_fields[] = {
    {"name", FIELD_TEXT, AT(name), .check = arc_check_name},
    {"codename", FIELD_TEXT, AT(codename), .check = arc_check_codename},
    {"role", FIELD_TEXT, AT(role), .check = arc_check_line},
    {"tech", FIELD_TEXT, AT(tech), .check = arc_check_line},
    {"description", FIELD_TEXT, AT(description), .check = arc_check_text},
    {"health", FIELD_TEXT, AT(health), .check = arc_check_line},
    {"port", FIELD_PORT, .offset = AT(port)},
    {"ports", FIELD_PORTS, .offset = AT(ports)},
    {"depends_on", FIELD_TEXTS, AT(depends_on), .check = arc_check_codename},
    {"external", FIELD_TEXTS, AT(external), .check = arc_check_codename},
    {"paths", FIELD_TEXTS, AT(paths), .check = arc_check_glob},
    {"directory", .kind = FIELD_LATER},
    {"build", .kind = FIELD_LATER},
    {"image", FIELD_LIST, READ(image), .filled = true, .check = arc_check_image},
    {"image-tags", FIELD_OWN, AT(image_tags), .read = arc_image_tags_read},
    {"version", .kind = FIELD_LATER},
    {"variants", .kind = FIELD_LATER},
    {"inputs", FIELD_TEXT, READ(inputs), .words = ARC_WORDS("directory", "dockerfile")},
    {0},
};

/* Other tools read the file too, so it may contain their keys. */
static const struct arc_table service_table = {"a service.yaml", service_fields, .open = true};
static const struct arc_table entry_table = {"a service", .fields = service_fields};

/* ---- reading -------------------------------------------------------------------------------- */

/* Keys that belong under `build` and would otherwise silently pass as another tool's. */
static int refuse_build_keys(const struct arc_yaml_node *map, struct arc_error *err)
{
    static const char *const keys[] = {
        "context",    "dockerfile", "dockerfile_inline",   "target",    "args",       "build-args",
        "build_args", "contexts",   "additional_contexts", "platforms", "cache_from", "cache_to"};

    arc_each_in (name, keys) {
        const struct arc_yaml_node *key = arc_yaml_key(map, *name);
        const char *own = ARC_STARTS(*name, "build") ? "args" : *name;
        const char *before = strcmp(*name, "contexts") == 0 ? "additional_" : "";
        if (key)
            return arc_yaml_error(
                key, err, "'%s' belongs under 'build': build: {%s%s: …} (docs/configuration.md)",
                *name, before, own);
    }

    return ARC_OK;
}

int arc_service_read_map(const struct arc_loading *l, const struct arc_yaml_node *map, bool open,
                         struct arc_service_reading *out)
{
    struct arc_service *service = &out->service;
    struct arc_file_place place = {0};

    ARC_TRY(refuse_build_keys(map, l->err));
    ARC_TRY(arc_fields_read(l, map, open ? &service_table : &entry_table, out));
    ARC_TRY(arc_recipe_read(l, arc_yaml_get(map, "build"), &service->build));

    const struct arc_yaml_node *version = arc_yaml_get(map, "version");
    if (version && version->type == ARC_YAML_MAP) {
        ARC_TRY(arc_place_read(l, version, "version", &place, &service->version));
        service->version_file = place.file;
        service->version_at = place.at;
        service->version_line = place.line;
    } else if (version && !open)
        return arc_yaml_error(version, l->err, "'version' must say where it is: {file: …, at: …}");

    return arc_variants_read(l, arc_yaml_get(map, "variants"), out);
}

int arc_service_read_file(const struct arc_loading *l, const char *directory, const char *file,
                          struct arc_service_reading *out)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_TRY(arc_yaml_read_in(l->root, file, 0, &yaml, l->err));
    struct arc_loading own = *l;
    own.folder = own.directory = directory;
    ARC_TRY(arc_service_read_map(&own, yaml.root, true, out));
    if (!out->service.name)
        return arc_yaml_error(yaml.root, l->err,
                              "a service.yaml needs 'name'; where it is another tool's, give the "
                              "service a codename: {directory: %s, codename: …}",
                              directory);
    if (!out->service.codename)
        return arc_yaml_error(yaml.root, l->err, "a service.yaml needs 'codename'");
    out->service.file = arc_arena_text(l->memory, file);

    return arc_arena_check(l->memory, l->err);
}

int arc_service_overlay(const struct arc_loading *l, struct arc_service_reading *out,
                        const struct arc_service_reading *entry)
{
    const struct arc_recipe below = out->service.build;
    out->service.build = entry->service.build;
    ARC_TRY(arc_recipe_inherit(l, &out->service.build, &below));
    arc_fields_overlay(&service_table, out, entry);
    if (entry->service.suffix)
        out->service.suffix = entry->service.suffix;

    if (entry->service.version) {
        out->service.version = entry->service.version;
        out->service.version_file = entry->service.version_file;
        out->service.version_at = entry->service.version_at;
        out->service.version_line = entry->service.version_line;
    }

    out->named = entry->service.codename;
    out->titled = entry->service.name;

    if (entry->variant_count) {
        out->variants = entry->variants;
        out->variant_count = entry->variant_count;
    }

    return ARC_OK;
}

/* ---- what was not said ---------------------------------------------------------------------- */

/* In lower case, with '-' for other characters than letters and digits. */
static char *make_codename(struct arc_arena *memory, const char *name)
{
    char *text = arc_text_lower(arc_arena_text(memory, name));
    for (char *c = text; *c; c++)
        if (!arc_is_alnum(*c))
            *c = '-';
    return text;
}

char *arc_codename_of_target(struct arc_arena *memory, const char *name)
{
    if (!arc_is_alnum(*name) || arc_is_digit(*name))
        name = arc_arena_printf(memory, "t-%s", name + strspn(name, "_.-"));
    return make_codename(memory, name);
}

static int complete_names(const struct arc_loading *l, struct arc_service *service)
{
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 2048};
    const char *from = arc_or(service->name, arc_path_name(service->directory));

    if (!service->codename)
        service->codename = make_codename(l->memory, from);
    if (!service->name)
        service->name = service->codename;
    ARC_TRY(arc_arena_check(l->memory, l->err));
    if (!arc_check_codename(service->codename, &why))
        return arc_error_set(l->err, ARC_EINPUT,
                             "'%s' gives no codename, for '%s' %s; give it one (codename: …) in a "
                             "service.yaml there, or in an entry of its own",
                             from, service->codename, arc_buf_text(&why));
    return ARC_OK;
}

/* The default directory of a service: its Dockerfile's, else its context. */
static int complete_directory(const struct arc_loading *l, struct arc_service *service)
{
    const struct arc_recipe *build = &service->build;
    const char *context = arc_or(build->context, ".");
    bool remote = arc_context_is_remote(context);

    if (service->directory)
        return ARC_OK;
    service->directory = (char *)(remote ? "." : context);
    if (remote || !build->dockerfile)
        return ARC_OK;

    struct arc_recipe trial = {.context = (char *)context, .dockerfile = build->dockerfile};
    ARC_TRY(arc_recipe_complete(l, &trial, context));
    service->directory = arc_path_parent(l->memory, trial.dockerfile);

    return arc_arena_check(l->memory, l->err);
}

/* Names a service with a suffix, unless its variant does: adds the suffix to the codename, and to
 * the name unless the variants differ by image or tags and share the name. */
static int name_variant(const struct arc_loading *l, struct arc_service_reading *reading,
                        const struct arc_group *group)
{
    struct arc_service *service = &reading->service;
    const struct arc_image_tag *tag = service->image_tags;
    const char *suffix = service->suffix;
    char **image = reading->image;

    if (!suffix || !*suffix)
        return ARC_OK;
    if (!image && group)
        image = group->image;
    if (!tag && group)
        tag = group->image_tags;
    bool shared = false;
    for (; image && *image; image++)
        shared = shared || strstr(*image, "{suffix}");
    for (; tag && tag->name; tag++)
        shared = shared || strstr(tag->name, "{suffix}");

    if (!reading->named)
        service->codename = arc_arena_printf(l->memory, "%s-%s", service->codename,
                                             make_codename(l->memory, suffix));
    if (!reading->titled && !shared)
        service->name = arc_arena_printf(l->memory, "%s-%s", service->name, suffix);

    return arc_arena_check(l->memory, l->err);
}

/* Fills in what is known before a plan is made: where the recipe lies, or (`own`) what differs for
 * each variant, too. What docker's files say has no placeholders. */
static int place_recipe(const struct arc_loading *l, struct arc_service *service,
                        const struct arc_group *group, bool own)
{
    const struct arc_word words[] = {
        {"codename", service->codename},       {"name", service->name},
        {"directory", service->directory},     {"suffix", service->suffix},
        {"group", group ? group->name : NULL}, {NULL, NULL}};

    if (!own)
        return arc_recipe_place(l, &service->build, words);
    return arc_recipe_fill(l, &service->build, words, !service->definition);
}

int arc_service_complete(const struct arc_loading *l, struct arc_service_reading *reading,
                         const struct arc_group *group)
{
    static const struct arc_recipe none = {0};
    static unsigned no_ports[1];
    struct arc_service *service = &reading->service;
    struct arc_recipe *build = &service->build;

    if (service->directory) /* otherwise the codename cannot come from it */
        ARC_TRY(complete_names(l, service));
    arc_texts_inherit(&service->depends_on, NULL);
    arc_texts_inherit(&service->external, NULL);
    arc_texts_inherit(&service->paths, NULL);
    if (!service->ports)
        service->ports = no_ports;

    ARC_TRY(arc_recipe_inherit(l, build, group ? &group->build : &none));
    ARC_TRY(place_recipe(l, service, group, false));
    ARC_TRY(complete_directory(l, service));
    ARC_TRY(complete_names(l, service));
    ARC_TRY(place_recipe(l, service, group, false));
    ARC_TRY(name_variant(l, reading, group));
    ARC_TRY(place_recipe(l, service, group, true));
    ARC_TRY(arc_recipe_complete(l, build, service->directory));

    if (service->version_file) {
        const struct arc_file_place place = {service->version_file, service->version_at, 0};
        ARC_APPEND(l->memory, build->places, build->place_count, l->err, place);
    }

    bool whole =
        strcmp(build->context, service->directory) == 0 && strcmp(service->directory, ".") != 0;
    for (const struct arc_pair *pair = build->additional_contexts; pair->name; pair++)
        whole = whole && arc_context_is_remote(pair->value); /* otherwise it also reads elsewhere */
    const char *inputs = arc_or(reading->inputs, group ? group->inputs : NULL);
    service->derive_inputs = inputs ? strcmp(inputs, "dockerfile") == 0 : !whole;

    return ARC_OK;
}

/* ---- images --------------------------------------------------------------------------------- */

static int add_image(const struct arc_loading *l, struct arc_service *service, const char *template,
                     const char *registry, const struct arc_group *group)
{
    ARC_AUTO(arc_buf) struct arc_buf image = {.max = 1024}, why = {.max = 2048};

    arc_service_fill(template, group, service, (struct arc_word){"registry", registry}, &image);
    ARC_TRY(arc_buf_check(&image, "an image's name", l->err));
    const char *name = arc_buf_text(&image);
    if (!arc_check_registry(name, &why) || !strchr(name, '/'))
        return arc_error_set(l->err, ARC_EINPUT, "image: '%s' gives '%s', which %s", template, name,
                             why.len ? arc_buf_text(&why) : "has no name");

    return arc_texts_add_once(l, &service->images, name);
}

int arc_service_make_images(const struct arc_loading *l, struct arc_service *service,
                            char *const *templates, const struct arc_group *group)
{
    arc_texts_inherit(&service->images, NULL);

    for (; *templates; templates++)
        for (char **registry = group->registries; *registry; registry++)
            ARC_TRY(add_image(l, service, *templates, *registry, group));

    return ARC_OK;
}

/* ---- a service.yaml alone ------------------------------------------------------------------- */

int arc_service_described(const char *root, const char *directory, bool *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_YAML_BYTES + 1};
    ARC_AUTO_FREE char *file = arc_file_join(directory, "service.yaml");

    ARC_TRY_ALLOC(file, err);
    *out = arc_file_kind_in(root, file) != ARC_FILE_NONE;
    if (!*out)
        return ARC_OK;

    arc_buf_putc(&text, '\n'); /* a line's start; several documents, or templates, are no YAML */
    int rc = arc_file_read_in(root, file, ARC_YAML_BYTES, &text, NULL);
    const char *all = arc_buf_text(&text);
    *out = rc || !strstr(all, "\napiVersion:") || !strstr(all, "\nkind:");

    return arc_error_memory(rc, err); /* its reader says what else is wrong */
}

int arc_service_load(const char *root, const char *directory, struct arc_arena *memory,
                     struct arc_service *out, struct arc_error *err)
{
    const struct arc_loading l = {.root = root, .memory = memory, .err = err};
    struct arc_service_reading reading = {0};
    *out = (struct arc_service){0};

    size_t len = arc_text_strip(directory, strlen(directory), "/");
    char *own = arc_arena_cut(memory, directory, len);
    char *file = arc_path_join(memory, own, "service.yaml");
    ARC_TRY(arc_arena_check(memory, err));
    reading.service.directory = own;

    int rc = arc_service_read_file(&l, own, file, &reading);
    if (rc == ARC_ENOTFOUND && arc_file_kind_in(root, own) == ARC_FILE_DIRECTORY)
        return arc_error_set(err, rc,
                             "%s has neither a service.yaml, which names the service, nor a "
                             "Dockerfile (docs/configuration.md)",
                             own);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, rc, "there is no directory %s", own);
    ARC_TRY(rc);
    ARC_TRY(arc_service_complete(&l, &reading, NULL));
    *out = reading.service;

    return ARC_OK;
}
