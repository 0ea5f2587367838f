/* `.github/arc-ci.yaml`: the release groups. */
#include "arcci/config.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/platform.h"
#include "base/text.h"
#include "config/bases.h"
#include "config/build.h"
#include "config/fields.h"
#include "config/graph.h"
#include "config/services.h"
#include "config/signing.h"
#include "config/train.h"
#include "os/file.h"
#include <string.h>

/* What a group's mapping is read into: the group, and the nodes that take a second look. */
struct group_reading {
    struct arc_group group;
    const struct arc_yaml_node *services;
    const struct arc_yaml_node *image_tags;
    const struct arc_yaml_node *notes_template;
    const struct arc_yaml_node *build;
    const struct arc_yaml_node *bake;
    const struct arc_yaml_node *compose;
    const struct arc_yaml_node *sign;
    const struct arc_yaml_node *includes;
    struct arc_pair *build_args; /* become part of `build` */
    char *inputs;
    char *versioning;
};

#define AT(member) offsetof(struct group_reading, group.member)

static const struct arc_field platform_fields[] = {
    {"ci", FIELD_PLATFORMS, AT(platforms_ci), false, arc_check_platform, NULL},
    {"release", FIELD_PLATFORMS, AT(platforms_release), false, arc_check_platform, NULL},
    {0},
};
static const struct arc_table platform_table = {"'platforms'", platform_fields, false};

static bool check_word(const char *text, const char *const *words, struct arc_buf *why)
{
    for (const char *const *word = words; *word; word++)
        if (strcmp(text, *word) == 0)
            return true;
    arc_buf_puts(why, "is none of");
    for (const char *const *word = words; *word; word++)
        arc_buf_printf(why, "%s %s", word == words ? "" : ",", *word);
    return false;
}

static bool check_make_latest(const char *text, struct arc_buf *why)
{
    static const char *const words[] = {"auto", "own", "never", NULL};
    return check_word(text, words, why);
}

static bool check_commits(const char *text, struct arc_buf *why)
{
    static const char *const words[] = {"pulls", "all", NULL};
    return check_word(text, words, why);
}

/* One text for all versions would be the template's. */
static bool check_notes_file(const char *text, struct arc_buf *why)
{
    if (!arc_check_path(text, why))
        return false;
    if (strstr(text, "{version}") || strstr(text, "{tag}"))
        return true;
    arc_buf_puts(why, "names no version: {version} or {tag} must be in it");
    return false;
}

static bool check_attest(const char *text, struct arc_buf *why)
{
    static const char *const words[] = {"github", NULL};
    return check_word(text, words, why);
}

static const struct arc_field group_fields[] = {
    {"title", FIELD_TEXT, AT(title), false, arc_check_line, NULL},
    {"description", FIELD_TEXT, AT(description), false, arc_check_text, NULL},
    {"tag", FIELD_LIST, AT(tags), false, arc_check_tag, NULL},
    {"versioning", FIELD_TEXT, offsetof(struct group_reading, versioning), false,
     arc_check_versioning, NULL},
    {"registry", FIELD_LIST, AT(registries), false, arc_check_registry, NULL},
    {"image", FIELD_TEXT, AT(image), false, arc_check_image, NULL},
    {"platforms", FIELD_TABLE, 0, false, NULL, &platform_table},
    {"includes", FIELD_NODE, offsetof(struct group_reading, includes), false, NULL, NULL},
    {"services", FIELD_NODE, offsetof(struct group_reading, services), false, NULL, NULL},
    {"bake", FIELD_NODE, offsetof(struct group_reading, bake), false, NULL, NULL},
    {"compose", FIELD_NODE, offsetof(struct group_reading, compose), false, NULL, NULL},
    {"image-tags", FIELD_NODE, offsetof(struct group_reading, image_tags), false, NULL, NULL},
    {"paths", FIELD_TEXTS, AT(paths), false, arc_check_glob, NULL},
    {"notes-template", FIELD_NODE, offsetof(struct group_reading, notes_template), false, NULL,
     NULL},
    {"notes-file", FIELD_TEXT, AT(notes_file), false, check_notes_file, NULL},
    {"runners", FIELD_PAIRS, AT(runners), false, arc_check_platform, NULL},
    {"build", FIELD_NODE, offsetof(struct group_reading, build), false, NULL, NULL},
    {"build-args", FIELD_PAIRS, offsetof(struct group_reading, build_args), false,
     arc_check_build_arg, NULL},
    {"inputs", FIELD_TEXT, offsetof(struct group_reading, inputs), false, arc_check_inputs, NULL},
    {"predecessor", FIELD_TEXT, AT(predecessor), false, arc_check_line, NULL},
    {"make-latest", FIELD_TEXT, AT(make_latest), false, check_make_latest, NULL},
    {"commits", FIELD_TEXT, AT(commits), false, check_commits, NULL},
    {"sign", FIELD_NODE, offsetof(struct group_reading, sign), false, NULL, NULL},
    {"attest", FIELD_TEXT, AT(sign.attest), false, check_attest, NULL},
    {"generated", FIELD_TEXTS, AT(generated), false, arc_check_glob, NULL},
    {"zero-prerelease", FIELD_FLAG, AT(zero_prerelease), false, NULL, NULL},
    {"rebuild-dependents", FIELD_FLAG, AT(rebuild_dependents), false, NULL, NULL},
    {0},
};
static const struct arc_table group_table = {"a group", group_fields, false};

static const struct arc_field file_fields[] = {
    {"groups", FIELD_NODE, 0, true, NULL, NULL},
    {"scan", FIELD_NODE, sizeof(const struct arc_yaml_node *), false, NULL, NULL},
    {0},
};
static const struct arc_table file_table = {"this file", file_fields, false};

#define DESCRIBED(member) offsetof(struct arc_described, member)

static const struct arc_field bake_fields[] = {
    {"files", FIELD_LIST, DESCRIBED(files), true, arc_check_path, NULL},
    {"targets", FIELD_LIST, DESCRIBED(targets), false, arc_check_target, NULL},
    {"variables", FIELD_KEYED, DESCRIBED(variables), false, arc_check_build_arg, NULL},
    {0},
};
static const struct arc_table bake_table = {"'bake'", bake_fields, false};

static const struct arc_field compose_fields[] = {
    {"files", FIELD_LIST, DESCRIBED(files), true, arc_check_path, NULL},
    {"services", FIELD_LIST, DESCRIBED(targets), false, arc_check_target, NULL},
    {"profiles", FIELD_LIST, DESCRIBED(profiles), false, arc_check_target, NULL},
    {"variables", FIELD_KEYED, DESCRIBED(variables), false, arc_check_build_arg, NULL},
    {0},
};
static const struct arc_table compose_table = {"'compose'", compose_fields, false};

static void group_free(struct arc_group *group)
{
    struct group_reading reading = {.group = *group};
    arc_fields_free(&group_table, &reading);
    arc_recipe_free(&group->build);
    arc_fields_free(&compose_table, &group->described);
    group->sign.attest = NULL; /* was the table's of the group */
    arc_signing_free(&group->sign);

    for (size_t i = 0; i < group->service_count; i++)
        if (group->includes)
            arc_released_from_free(group->services[i].released);
        else
            arc_service_free(&group->services[i]);
    free(group->services);
    arc_includes_free(group->includes);
    arc_texts_free(group->unreleased);
    arc_image_tags_free(group->image_tags);
    free(group->notes_template);
    free(group->name);
    *group = (struct arc_group){0};
}

void arc_config_free(struct arc_config *config)
{
    for (size_t i = 0; i < config->group_count; i++)
        group_free(&config->groups[i]);
    free(config->groups);
    free(config->path);
    *config = (struct arc_config){0};
}

/* What a load needs at hand. */
struct loader {
    const char *root;
    struct arc_config *config;
    struct arc_error *err;
};

/* What a file of docker's says nothing about is built as docker would: for one platform. */
static int fill_defaults(struct arc_group *group, bool described, struct arc_error *err)
{
    static char *const ci[] = {"linux/amd64", NULL};
    static char *const release[] = {"linux/amd64", "linux/arm64", NULL};

    ARC_TRY(arc_texts_inherit(&group->platforms_ci, ci, err));
    ARC_TRY(arc_texts_inherit(&group->platforms_release, described ? ci : release, err));
    ARC_TRY(arc_texts_inherit(&group->paths, NULL, err));
    if (!group->image)
        ARC_TRY(arc_text_copy("{registry}/{name}", &group->image, err));
    if (!group->title)
        ARC_TRY(arc_text_copy(group->name, &group->title, err));

    if (!group->tags) {
        ARC_AUTO(arc_buf) struct arc_buf tag = {0};
        arc_buf_printf(&tag, "%s/v*", group->name);
        ARC_TRY(arc_buf_check(&tag, "a tag", err));
        ARC_TRY(arc_list_add(&group->tags, arc_buf_text(&tag), err));
    }

    ARC_TRY(arc_pairs_inherit(&group->runners, NULL, err));

    for (struct arc_pair *runner = group->runners; runner->name; runner++) {
        char plain[ARC_PLATFORM_SIZE];
        arc_platform_normalize(runner->name, plain);
        free(runner->name);
        ARC_TRY(arc_text_copy(plain, &runner->name, err));
    }

    return ARC_OK;
}

/* The lists that may be left out, but mean nothing when they are empty. */
static int refuse_empty(const struct loader *l, const struct arc_group *group,
                        const struct arc_yaml_node *map)
{
    const struct arc_yaml_node *platforms = arc_yaml_get(map, "platforms");

    if (!*group->registries && arc_yaml_get(map, "registry"))
        return arc_yaml_error(arc_yaml_get(map, "registry"), l->err, "'registry' is empty");

    if (!*group->platforms_ci)
        return arc_yaml_error(arc_yaml_get(platforms, "ci"), l->err, "'ci' is empty");

    if (!*group->platforms_release)
        return arc_yaml_error(arc_yaml_get(platforms, "release"), l->err, "'release' is empty");

    return ARC_OK;
}

static int read_notes_template(const struct loader *l, const struct arc_yaml_node *node,
                               struct arc_group *group)
{
    if (!node)
        return ARC_OK;

    if (node->type != ARC_YAML_STRING)
        return arc_yaml_error(node, l->err, "'notes-template' must be a file, this is %s",
                              arc_yaml_type_name(node));

    ARC_TRY(arc_field_check(node, "notes-template", arc_check_path, l->err));
    ARC_TRY(arc_text_copy(node->text, &group->notes_template, l->err));

    if (arc_file_kind_in(l->root, node->text) != ARC_FILE_REGULAR)
        return arc_yaml_error(node, l->err, "notes-template: there is no file %s", node->text);

    return ARC_OK;
}

/* `build`, which the services take over, with the older `build-args` as a part of it. */
static int read_build(const struct loader *l, struct group_reading *reading,
                      struct arc_group *group)
{
    static const struct arc_place_base base = {"", NULL};
    ARC_TRY(arc_recipe_read(l->root, reading->build, &base, &group->build, l->err));
    group->derive_inputs = reading->inputs && strcmp(reading->inputs, "dockerfile") == 0;
    return arc_pairs_inherit(&group->build.args, reading->build_args, l->err);
}

/* What a group needs that says its services itself, and what one that leaves them to a file of
 * docker's must not say. */
static int check_sources(const struct loader *l, const struct group_reading *reading,
                         const struct arc_yaml_node *map, struct arc_group *group)
{
    if (reading->includes)
        return arc_train_read(map, reading->includes, group, l->err);
    const struct arc_yaml_node *file = reading->bake ? reading->bake : reading->compose;
    if (!file && !group->registries)
        return arc_yaml_error(map, l->err, "a group needs 'registry'");
    if (!file && !reading->services)
        return arc_yaml_error(map, l->err, "a group needs 'services'");
    if (reading->bake && reading->compose)
        return arc_yaml_error(file, l->err, "'bake' and 'compose' exclude one another");

    if (file && reading->services)
        return arc_yaml_error(file, l->err, "'%s' says what the services are: leave 'services' out",
                              reading->bake ? "bake" : "compose");

    return arc_texts_inherit(&group->registries, NULL, l->err);
}

/* `bake` or `compose`: a file, or files and what to choose of them. The services are resolved
 * later. */
static int read_described(const struct loader *l, const struct group_reading *reading,
                          struct arc_described *out)
{
    const struct arc_yaml_node *node = reading->compose ? reading->compose : reading->bake;
    out->compose = reading->compose != NULL;
    if (node->type != ARC_YAML_STRING)
        return arc_fields_read(node, out->compose ? &compose_table : &bake_table, out, l->err);
    ARC_TRY(arc_field_check(node, out->compose ? "compose" : "bake", arc_check_path, l->err));
    return arc_list_add(&out->files, node->text, l->err);
}

static int complete_group(const struct loader *l, const struct arc_yaml_pair *pair,
                          struct group_reading *reading, struct arc_group *group)
{
    group->line = pair->key->line;
    ARC_TRY(arc_text_copy(pair->key->text, &group->name, l->err));
    ARC_TRY(check_sources(l, reading, pair->value, group));
    ARC_TRY(fill_defaults(group, reading->bake || reading->compose, l->err));
    ARC_TRY(refuse_empty(l, group, pair->value));
    if (reading->versioning)
        arc_versioning_parse(reading->versioning, &group->versioning);
    group->tags_given = reading->image_tags != NULL;

    if (reading->includes && !reading->image_tags)
        ARC_TRY(arc_train_image_tags(&group->image_tags, l->err));
    else
        ARC_TRY(arc_image_tags_read(reading->image_tags, &group->image_tags, l->err));

    ARC_TRY(read_notes_template(l, reading->notes_template, group));
    ARC_TRY(read_build(l, reading, group));
    ARC_TRY(arc_signing_read(l->root, reading->sign, &group->sign, l->err));

    if (group->sign.attest && (!group->sign.with || group->sign.key))
        return arc_yaml_error(pair->value, l->err,
                              "'attest: github' needs 'sign: cosign' without a key: GitHub takes "
                              "what is signed with the job's OIDC token");

    if (reading->bake || reading->compose)
        return read_described(l, reading, &group->described);
    if (reading->includes)
        return ARC_OK;
    struct arc_services_reading services = {l->root, l->config, l->err};
    ARC_TRY(arc_services_read(&services, reading->services, group));

    return arc_bases_link(l->root, group, l->err);
}

static int read_group(const struct loader *l, const struct arc_yaml_pair *pair)
{
    struct group_reading reading = {0};
    ARC_TRY(arc_field_check(pair->key, "groups", arc_check_group, l->err));
    struct arc_group *group = &l->config->groups[l->config->group_count];
    int rc = arc_fields_read(pair->value, &group_table, &reading, l->err);
    *group = reading.group;
    l->config->group_count++; /* from here on the configuration owns it, whole or not */
    if (!rc)
        rc = complete_group(l, pair, &reading, group);
    struct group_reading rest = {.build_args = reading.build_args,
                                 .inputs = reading.inputs,
                                 .versioning = reading.versioning};
    arc_fields_free(&group_table, &rest);

    return rc;
}

static int read_groups(const struct loader *l, const struct arc_yaml_node *file)
{
    const struct arc_yaml_node *nodes[2] = {NULL, NULL};
    ARC_AUTO(arc_scan_settings) struct arc_scan_settings scan = {0};

    ARC_TRY(arc_fields_read(file, &file_table, nodes, l->err));
    ARC_TRY(arc_config_scan(nodes[1], &scan, l->err)); /* for `scan`: checked here */

    const struct arc_yaml_node *groups = nodes[0];
    if (groups->type != ARC_YAML_MAP || !groups->count)
        return arc_yaml_error(groups, l->err,
                              "'groups' must be a mapping of release groups, this is %s",
                              groups->type == ARC_YAML_MAP ? "empty" : arc_yaml_type_name(groups));

    l->config->groups = calloc(groups->count, sizeof *l->config->groups);
    ARC_TRY_ALLOC(l->config->groups, l->err);
    for (size_t i = 0; i < groups->count; i++)
        ARC_TRY(read_group(l, &groups->pairs[i]));
    ARC_TRY(arc_trains_check(groups, l->config, l->err));

    return arc_config_acyclic(l->root, l->config, l->err);
}

/* The path as git has it, where the file lies below the root: "./ci.yaml" is "ci.yaml". */
static int place_config(const char *root, const char *path, char **out, struct arc_error *err)
{
    size_t len = strlen(root);
    bool is_below = strncmp(path, root, len) == 0 && path[len] == '/';
    ARC_TRY(arc_path_resolve("", is_below ? path + len + 1 : path, out, err));
    return *out ? ARC_OK : arc_text_copy(path, out, err);
}

/* Reads the groups; on success what `config` holds is *out's. */
static int read_config(const char *root, const struct arc_yaml_node *file,
                       struct arc_config *config, struct arc_config *out, struct arc_error *err)
{
    struct loader loader = {root, config, err};
    ARC_TRY(read_groups(&loader, file));
    *out = *config;
    *config = (struct arc_config){0};
    return ARC_OK;
}

int arc_config_load(const char *root, const char *path, struct arc_config *out,
                    struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_AUTO(arc_config) struct arc_config config = {0};
    *out = (struct arc_config){0};
    ARC_TRY(place_config(root, path ? path : ARC_CONFIG_PATH, &config.path, err));
    int rc = arc_yaml_read_in(root, config.path, 0, &yaml, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, rc,
                             "there is no %s; it names the release groups (docs/configuration.md)",
                             config.path);
    ARC_TRY(rc);

    return read_config(root, yaml.root, &config, out, err);
}

int arc_config_parse(const char *root, const char *text, size_t len, struct arc_config *out,
                     struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_AUTO(arc_config) struct arc_config config = {0};
    *out = (struct arc_config){0};
    ARC_TRY(place_config(root, ARC_CONFIG_PATH, &config.path, err));
    ARC_TRY(arc_yaml_parse(text, len, config.path, 0, &yaml, err));
    return read_config(root, yaml.root, &config, out, err);
}

/* Whether one of its patterns is "NAME/v*". */
static bool has_pattern(const struct arc_group *group, const char *name)
{
    size_t len = strlen(name);
    for (char **tag = group->tags; *tag; tag++)
        if (strncmp(*tag, name, len) == 0 && strcmp(*tag + len, "/v*") == 0)
            return true;
    return false;
}

const struct arc_group *arc_config_group(const struct arc_config *config, const char *name)
{
    for (size_t i = 0; i < config->group_count; i++)
        if (has_pattern(&config->groups[i], name))
            return &config->groups[i];
    for (size_t i = 0; i < config->group_count; i++)
        if (strcmp(config->groups[i].name, name) == 0)
            return &config->groups[i];
    return NULL;
}

int arc_config_refuse_group(const struct arc_config *config, const char *what,
                            struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf names = {.max = 1024};
    for (size_t i = 0; i < config->group_count; i++)
        arc_buf_printf(&names, "%s%s (%s)", i ? ", " : "", config->groups[i].name,
                       config->groups[i].tags[0]);
    return arc_error_set(err, ARC_EINPUT, "%s; %s has: %s", what, config->path,
                         names.failed ? "many groups" : arc_buf_text(&names));
}
