/* `.github/arc-ci.yaml`: the release groups. */
#include "base/path.h"
#include "base/platform.h"
#include "config/bases.h"
#include "config/graph.h"
#include "config/reading.h"
#include "os/file.h"

#define GITHUB_ISSUER "https://token.actions.githubusercontent.com"

/* A group's mapping: the group, and what only its completion needs. */
struct group_reading {
    struct arc_group group;
    struct arc_pair *build_args; /* merged into `build` */
    char *versioning;
};

#define READ(member) offsetof(struct group_reading, member)
#define AT(member)   READ(group.member)

static const struct arc_field platform_fields[] = {
    {"ci", FIELD_PLATFORMS, AT(platforms_ci), .filled = true, .check = arc_check_platform},
    {"release", FIELD_PLATFORMS, AT(platforms_release), .filled = true,
     .check = arc_check_platform},
    {0},
};
static const struct arc_table platform_table = {"'platforms'", .fields = platform_fields};

/* A fixed text for all versions belongs in the template. */
static bool check_notes_file(const char *text, struct arc_buf *why)
{
    if (!arc_check_path(text, why))
        return false;
    return ARC_HOLDS(text, "{version}", "{tag}") ||
           arc_check_fails(why, "names no version: {version} or {tag} must be in it");
}

static arc_read read_notes_template;

static const struct arc_field group_fields[] = {
    {"title", FIELD_TEXT, AT(title), .check = arc_check_line},
    {"description", FIELD_TEXT, AT(description), .check = arc_check_text},
    {"tag", FIELD_LIST, AT(tags), .filled = true, .check = arc_check_tag},
    {"versioning", FIELD_TEXT, READ(versioning), .check = arc_check_versioning},
    {"registry", FIELD_LIST, AT(registries), .filled = true, .check = arc_check_registry},
    {"image", FIELD_LIST, AT(image), .filled = true, .check = arc_check_image},
    {"platforms", FIELD_TABLE, 0, .fields = &platform_table},
    {"includes", .kind = FIELD_LATER},
    {"services", .kind = FIELD_LATER},
    {"bake", .kind = FIELD_LATER},
    {"compose", .kind = FIELD_LATER},
    {"image-tags", FIELD_OWN, AT(image_tags), .read = arc_image_tags_read},
    {"paths", FIELD_TEXTS, AT(paths), .check = arc_check_glob},
    {"notes-template", FIELD_OWN, AT(notes_template), .read = read_notes_template},
    {"notes-file", FIELD_TEXT, AT(notes_file), .check = check_notes_file},
    {"runners", FIELD_PAIRS, AT(runners), .check = arc_check_platform},
    {"build", .kind = FIELD_LATER},
    {"build-args", FIELD_KEYED, READ(build_args), .check = arc_check_build_arg},
    {"inputs", FIELD_TEXT, AT(inputs), .words = ARC_WORDS("directory", "dockerfile")},
    {"predecessor", FIELD_TEXT, AT(predecessor), .check = arc_check_line},
    {"make-latest", FIELD_TEXT, AT(make_latest), .words = ARC_WORDS("auto", "own", "never")},
    {"commits", FIELD_TEXT, AT(commits), .words = ARC_WORDS("pulls", "all")},
    {"sign", .kind = FIELD_LATER},
    {"attest", FIELD_TEXT, AT(sign.attest), .words = ARC_WORDS("github")},
    {"generated", FIELD_TEXTS, AT(generated), .check = arc_check_glob},
    {"zero-prerelease", FIELD_FLAG, .offset = AT(zero_prerelease)},
    {"rebuild-dependents", FIELD_FLAG, .offset = AT(rebuild_dependents)},
    {0},
};
static const struct arc_table group_table = {"a group", .fields = group_fields};

static const struct arc_field file_fields[] = {
    {"groups", .kind = FIELD_LATER, .required = true},
    {"scan", .kind = FIELD_LATER},
    {0},
};
static const struct arc_table file_table = {"this file", .fields = file_fields};

#define DESCRIBED(member) offsetof(struct arc_described, member)

static const struct arc_field bake_fields[] = {
    {"files", FIELD_LIST, DESCRIBED(files), .required = true, .filled = true,
     .check = arc_check_path},
    {"targets", FIELD_LIST, DESCRIBED(targets), .check = arc_check_target},
    {"variables", FIELD_KEYED, DESCRIBED(variables), .check = arc_check_build_arg},
    {0},
};
static const struct arc_table bake_table = {"'bake'", bake_fields, .brief = "bake"};

static const struct arc_field compose_fields[] = {
    {"files", FIELD_LIST, DESCRIBED(files), .required = true, .filled = true,
     .check = arc_check_path},
    {"services", FIELD_LIST, DESCRIBED(targets), .check = arc_check_target},
    {"profiles", FIELD_LIST, DESCRIBED(profiles), .check = arc_check_target},
    {"variables", FIELD_KEYED, DESCRIBED(variables), .check = arc_check_build_arg},
    {0},
};
static const struct arc_table compose_table = {"'compose'", compose_fields, .brief = "compose"};

/* ---- `sign` --------------------------------------------------------------------------------- */

static bool check_with(const char *text, struct arc_buf *why)
{
    return strcmp(text, "cosign") == 0 ||
           arc_check_fails(why, "is not a way to sign; there is 'cosign'");
}

/* For any other scheme cosign would run a program of that name (sigstore-kms-NAME). */
static bool check_key(const char *text, struct arc_buf *why)
{
    static const char *const schemes[] = {"awskms", "gcpkms", "azurekms", "hashivault", "k8s"};
    const char *rest = strstr(text, "://");
    size_t len = rest ? (size_t)(rest - text) : 0;

    if (arc_text_is(text, len, "env")) { /* cosign gets variables with this name */
        ARC_AUTO(arc_buf) struct arc_buf unused = {0};
        return arc_check_build_arg(rest + 3, &unused) ||
               arc_check_fails(why, "is not a name of a variable: letters, digits and '_'");
    }

    if (!rest && !ARC_STARTS(text, "pkcs11:"))
        return arc_check_path(text, why);

    for (size_t i = 0; rest && i < ARC_COUNT(schemes); i++)
        if (arc_text_is(text, len, schemes[i]) && rest[3])
            return arc_check_line(text, why);

    return arc_check_fails(why, "is not a key: a file, env://NAME, awskms://…, gcpkms://…, "
                                "azurekms://…, hashivault://… or k8s://…");
}

static bool check_issuer(const char *text, struct arc_buf *why)
{
    static const char local[] = "http://127.0.0.1"; /* for tests; a port or path ends the host */
    bool is_local = strncmp(text, local, strlen(local)) == 0 && strchr(":/", text[strlen(local)]);
    if (!ARC_STARTS(text, "https://") && !is_local)
        return arc_check_fails(why, "is not an issuer: an https:// address");
    return arc_check_line(text, why);
}

#define SIGN(member) offsetof(struct arc_signing, member)

static const struct arc_field signing_fields[] = {
    {"with", FIELD_TEXT, SIGN(with), .required = true, .check = check_with},
    {"key", FIELD_TEXT, SIGN(key), .check = check_key},
    {"public-key", FIELD_TEXT, SIGN(public_key), .check = arc_check_path},
    {"identity", FIELD_TEXT, SIGN(identity), .check = arc_check_line},
    {"issuer", FIELD_TEXT, SIGN(issuer), .check = check_issuer},
    {"trusted-root", FIELD_TEXT, SIGN(trusted_root), .check = arc_check_path},
    {"signing-config", FIELD_TEXT, SIGN(signing_config), .check = arc_check_path},
    {"unlogged", FIELD_FLAG, .offset = SIGN(unlogged)},
    {0},
};
static const struct arc_table signing_table = {"'sign'", signing_fields, .brief = "sign"};

static const char *find_conflict(const struct arc_signing *signing)
{
    if (signing->key && (signing->identity || signing->issuer))
        return "'identity' and 'issuer' are for signing without a key";
    if (signing->key && !signing->public_key && !arc_signing_in_kms(signing->key))
        return "a key needs its 'public-key', by which everybody checks";
    if (!signing->key && signing->public_key)
        return "'public-key' goes with a key";
    if (!signing->key && signing->unlogged)
        return "without a key, what was signed cannot be checked later unless it is logged";

    if (!signing->signing_config != !signing->trusted_root && !signing->key)
        return "'signing-config' and 'trusted-root' belong together: where one signs is where it "
               "is checked";

    if (signing->signing_config && signing->unlogged)
        return "'signing-config' says itself whether there is a log: leave 'unlogged' out";

    return NULL;
}

/* Reads "cosign" or a mapping (docs/configuration.md); without a node nothing is signed. */
static int read_signing(const struct arc_loading *l, const struct arc_yaml_node *node,
                        struct arc_signing *out)
{
    static const char *const files[] = {"public-key", "trusted-root", "signing-config"};

    if (!node)
        return ARC_OK;
    ARC_TRY(arc_fields_read(l, node, &signing_table, out));
    const char *conflict = find_conflict(out);
    if (conflict)
        return arc_yaml_error(node, l->err, "%s", conflict);

    arc_each_in (name, files) {
        const struct arc_yaml_node *file = arc_yaml_get(node, *name);
        if (file && arc_file_kind_in(l->root, file->text) != ARC_FILE_REGULAR)
            return arc_yaml_error(file, l->err, "%s: there is no file %s", *name, file->text);
    }

    if (out->issuer || !out->identity)
        return ARC_OK;
    if (!ARC_STARTS(out->identity, "https://github.com/"))
        return arc_yaml_error(node, l->err, "'sign' needs the 'issuer' that vouches for '%.200s'",
                              out->identity);
    out->issuer = arc_arena_text(l->memory, GITHUB_ISSUER); /* the form of GitHub's identities */

    return arc_arena_check(l->memory, l->err);
}

/* ---- `includes`: a train, a group that is made of others ------------------------------------- */

static const struct arc_field include_fields[] = {
    {"group", FIELD_TEXT, offsetof(struct arc_include, group), .required = true,
     .check = arc_check_group},
    {"version", FIELD_TEXT, offsetof(struct arc_include, version), .check = arc_check_line},
    {0},
};
static const struct arc_table include_table = {"an entry of 'includes'", include_fields,
                                               .brief = "includes"};

/* Reads a list of groups, each a name or {group, version}, and refuses keys of groups that build,
 * since a train does not. */
static int read_includes(const struct arc_loading *l, const struct arc_yaml_node *map,
                         struct arc_group *out)
{
    const struct arc_yaml_node *node = arc_yaml_get(map, "includes");
    static const char *const builds[] = {"registry",   "image",
                                         "services",   "bake",
                                         "compose",    "build",
                                         "inputs",     "paths",
                                         "build-args", "platforms",
                                         "runners",    "generated",
                                         "commits",    "rebuild-dependents"};
    arc_each_in (key, builds)
        if (arc_yaml_get(map, *key))
            return arc_yaml_error(arc_yaml_get(map, *key), l->err,
                                  "a group with 'includes' builds nothing: leave '%s' out", *key);

    if (node->type != ARC_YAML_LIST || !node->count)
        return arc_yaml_error(node, l->err, "'includes' must be a list of release groups");

    arc_texts_inherit(&out->registries, NULL);
    out->includes = arc_arena_array(l->memory, node->count + 1, sizeof *out->includes);
    ARC_TRY_ALLOC(out->includes, l->err);

    arc_yaml_each (item, node) {
        struct arc_include *include = &out->includes[item_at];

        ARC_TRY(arc_fields_read(l, item, &include_table, include));
        if (arc_find(out->includes, item_at, group, include->group))
            return arc_yaml_error(item, l->err, "includes: '%s' is here twice", include->group);
    }

    return arc_arena_check(l->memory, l->err);
}

static int check_include(const struct arc_yaml_node *node, const struct arc_config *config,
                         struct arc_include *include, struct arc_error *err)
{
    const struct arc_group *group =
        arc_find(config->groups, config->group_count, name, include->group);
    if (!group)
        return arc_yaml_error(node, err, "includes: there is no release group '%s'",
                              include->group);
    include->of = group;

    if (group->includes)
        return arc_yaml_error(node, err, "includes: '%s' is made of groups itself: name those",
                              group->name);

    arc_each (service, group->services, group->service_count)
        if (service->version)
            return arc_yaml_error(node, err,
                                  "includes: '%s' is released by versions in files, not by tags",
                                  group->name);

    return ARC_OK;
}

/* Finds the groups in trains, and checks that they build images. */
static int check_trains(const struct arc_yaml_node *groups, const struct arc_config *config,
                        struct arc_error *err)
{
    for (size_t i = 0; i < config->group_count; i++) {
        const struct arc_group *train = &config->groups[i];
        const struct arc_yaml_node *list = arc_yaml_get(groups->pairs[i].value, "includes");
        for (size_t k = 0; train->includes && train->includes[k].group; k++)
            ARC_TRY(check_include(list->items[k], config, &train->includes[k], err));
    }
    return ARC_OK;
}

/* ---- groups --------------------------------------------------------------------------------- */

void arc_config_free(struct arc_config *config)
{
    arc_arena_free(&config->memory);
    *config = (struct arc_config){0};
}

/* Without platforms in a bake or compose file, docker builds for one platform. */
static int fill_defaults(const struct arc_loading *l, struct arc_group *group, bool described)
{
    static char *ci[] = {"linux/amd64", NULL}, *image[] = {"{registry}/{name}", NULL};
    static char *release[] = {"linux/amd64", "linux/arm64", NULL};
    static struct arc_pair none[1];

    group->ci_given = group->platforms_ci != NULL;
    arc_texts_inherit(&group->platforms_ci, ci);
    arc_texts_inherit(&group->platforms_release, described ? ci : release);
    arc_texts_inherit(&group->paths, NULL);
    arc_texts_inherit(&group->image, image);
    if (!group->title)
        group->title = group->name;
    if (!group->tags)
        ARC_TRY(arc_texts_add(l->memory, &group->tags,
                              arc_arena_printf(l->memory, "%s/v*", group->name), l->err));
    if (!group->runners)
        group->runners = none;

    for (struct arc_pair *runner = group->runners; runner->name; runner++) {
        char plain[ARC_PLATFORM_SIZE];
        arc_platform_normalize(runner->name, plain);
        if (arc_find(group->runners, runner - group->runners, name, plain))
            return arc_error_set(l->err, ARC_EINPUT, "'%s' is %s, which is there already",
                                 runner->name, plain);
        runner->name = arc_arena_text(l->memory, plain);
    }

    return arc_arena_check(l->memory, l->err);
}

static int read_notes_template(const struct arc_loading *l, const struct arc_yaml_node *node,
                               void *slot)
{
    if (node->type != ARC_YAML_STRING)
        return arc_yaml_error(node, l->err, "'notes-template' must be a file, this is %s",
                              arc_yaml_type_name(node));

    ARC_TRY(arc_field_check(node, "notes-template", arc_check_path, l->err));
    *(char **)slot = arc_arena_text(l->memory, node->text);
    ARC_TRY(arc_arena_check(l->memory, l->err));

    if (arc_file_kind_in(l->root, node->text) != ARC_FILE_REGULAR)
        return arc_yaml_error(node, l->err, "notes-template: there is no file %s", node->text);

    return ARC_OK;
}

/* Checks for keys that a group with `services` needs, and that one with a bake or compose file must
 * not have. */
static int check_sources(const struct arc_loading *l, const struct arc_yaml_node *map,
                         const struct arc_yaml_node *file, struct arc_group *group)
{
    bool bakes = arc_yaml_get(map, "bake"), lists = arc_yaml_get(map, "services");

    if (arc_yaml_get(map, "includes"))
        return read_includes(l, map, group);
    if (!file && !group->registries)
        return arc_yaml_error(map, l->err,
                              "a group needs 'registry', as in registry: ghcr.io/owner");
    if (!file && !lists)
        return arc_yaml_error(map, l->err,
                              "a group needs 'services', as in services: [services/cart]");
    if (bakes && arc_yaml_get(map, "compose"))
        return arc_yaml_error(file, l->err, "'bake' and 'compose' exclude one another");

    if (file && lists)
        return arc_yaml_error(file, l->err, "'%s' says what the services are: leave 'services' out",
                              bakes ? "bake" : "compose");
    arc_texts_inherit(&group->registries, NULL);

    return ARC_OK;
}

static int complete_group(const struct arc_loading *l, const struct arc_config *config,
                          const struct arc_yaml_pair *pair, const struct group_reading *reading,
                          struct arc_group *group)
{
    const struct arc_yaml_node *map = pair->value, *services = arc_yaml_get(map, "services");
    const struct arc_yaml_node *bake = arc_yaml_get(map, "bake");
    const struct arc_yaml_node *file = arc_or(bake, arc_yaml_get(map, "compose"));

    group->line = pair->key->line;
    group->name = arc_arena_text(l->memory, pair->key->text);
    ARC_TRY(check_sources(l, map, file, group));
    int rc = fill_defaults(l, group, file != NULL);
    ARC_TRY(arc_yaml_place(arc_yaml_get(map, "runners"), "runners", rc, l->err));
    if (reading->versioning)
        arc_versioning_parse(reading->versioning, &group->versioning);
    group->tags_given = group->image_tags != NULL;
    if (!group->tags_given)
        group->image_tags = group->includes ? arc_image_tags_train : arc_image_tags_default;

    ARC_TRY(arc_recipe_read(l, arc_yaml_get(map, "build"), &group->build));
    for (const struct arc_pair *arg = reading->build_args; arg && arg->name; arg++)
        if (arc_find(group->build.args, arc_pairs_count(group->build.args), name, arg->name))
            return arc_yaml_error(arc_yaml_get(map, "build-args"), l->err,
                                  "build-args: '%s' is under build: args, too", arg->name);
    ARC_TRY(arc_pairs_inherit(l, &group->build.args, reading->build_args)); /* deprecated form */
    ARC_TRY(read_signing(l, arc_yaml_get(map, "sign"), &group->sign));

    const struct arc_signing *sign = &group->sign;
    if (sign->attest && (!sign->with || sign->key || strchr(arc_or(sign->identity, ""), '*')))
        return arc_yaml_error(arc_yaml_get(map, "attest"), l->err,
                              "'attest: github' needs 'sign: cosign' without a key, and no '*' in "
                              "its identity: GitHub takes what is signed with the job's OIDC "
                              "token, and the provenance names the workflow");

    if (group->includes)
        return ARC_OK;

    if (!file) {
        ARC_TRY(arc_services_read(l, config, services, group));
        return arc_yaml_place(services, "services", arc_bases_link(l, group), l->err);
    }

    /* A file, or files with a selection; the services are resolved later. */
    group->described.compose = !bake;
    return arc_fields_read(l, file, bake ? &bake_table : &compose_table, &group->described);
}

static int read_groups(const struct arc_loading *l, const struct arc_yaml_node *file,
                       struct arc_config *config)
{
    ARC_AUTO(arc_scan_settings) struct arc_scan_settings scan = {0};
    const struct arc_yaml_node *groups = arc_yaml_get(file, "groups");

    ARC_TRY(arc_fields_read(l, file, &file_table, config));
    /* Only checked here; used by `scan`. */
    ARC_TRY(arc_config_scan(arc_yaml_get(file, "scan"), &scan, l->err));

    if (groups->type != ARC_YAML_MAP || !groups->count)
        return arc_yaml_error(groups, l->err,
                              "'groups' must be a mapping of release groups, this is %s",
                              groups->type == ARC_YAML_MAP ? "empty" : arc_yaml_type_name(groups));

    config->groups = arc_arena_array(l->memory, groups->count, sizeof *config->groups);
    ARC_TRY_ALLOC(config->groups, l->err);

    arc_yaml_each_pair (pair, groups) {
        struct group_reading reading = {0};
        ARC_TRY(arc_field_check(pair->key, "groups", arc_check_group, l->err));
        ARC_TRY(arc_fields_read(l, pair->value, &group_table, &reading));
        struct arc_group *group = &config->groups[config->group_count++];
        *group = reading.group;
        ARC_TRY(complete_group(l, config, pair, &reading, group));
    }

    ARC_TRY(check_trains(groups, config, l->err));
    ARC_TRY(arc_config_distinct(config, l->err));

    return arc_config_acyclic(l->root, config, l->err);
}

/* Reads `text` as the file's content or, if NULL, the file. */
static int read_config(const char *root, const char *path, const char *text, size_t len,
                       struct arc_config *out, struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_AUTO(arc_config) struct arc_config config = {0};
    const struct arc_loading l = {.root = root, .memory = &config.memory, .err = err};
    *out = (struct arc_config){0};

    /* The path as in git if it is below the root: "./ci.yaml" becomes "ci.yaml". */
    const char *from =
        path && *path != '/' ? " (a path is looked up from the repository's root)" : "";
    path = arc_or(path, ARC_CONFIG_PATH);
    const char *below = arc_path_below(root, path);
    ARC_TRY(arc_path_from_root(&l, "", arc_text_or(below, path), &config.path));
    if (!config.path)
        config.path = arc_arena_text(&config.memory, path);
    ARC_TRY(arc_arena_check(&config.memory, err));

    int rc = text ? arc_yaml_parse(text, len, config.path, 0, &yaml, err)
                  : arc_yaml_read_in(root, config.path, 0, &yaml, err);
    bool slip = strcmp(config.path, ARC_CONFIG_PATH) == 0 &&
                arc_file_kind_in(root, ".github/arc-ci.yml") == ARC_FILE_REGULAR;
    if (rc == ARC_ENOTFOUND && slip)
        return arc_error_set(err, ARC_EINPUT, "there is a .github/arc-ci.yml: call it %s",
                             config.path);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(
            err, rc, "there is no %s%s, which names the release groups; 'arc-ci init' proposes one",
            config.path, from);
    ARC_TRY(rc);
    ARC_TRY(read_groups(&l, yaml.root, &config));
    *out = arc_steal(&config);

    return ARC_OK;
}

int arc_config_load(const char *root, const char *path, struct arc_config *out,
                    struct arc_error *err)
{
    return read_config(root, path, NULL, 0, out, err);
}

int arc_config_parse(const char *root, const char *text, size_t len, struct arc_config *out,
                     struct arc_error *err)
{
    return read_config(root, NULL, text, len, out, err);
}

const struct arc_group *arc_config_group(const struct arc_config *config, const char *name)
{
    size_t len = strlen(name);

    const struct arc_group *called = arc_find(config->groups, config->group_count, name, name);

    arc_each (group, config->groups, called ? 0 : config->group_count)
        for (char **tag = group->tags; *tag; tag++)
            if (strncmp(*tag, name, len) == 0 && strcmp(*tag + len, "/v*") == 0)
                return group;

    return called;
}

int arc_config_refuse_group(const struct arc_config *config, const char *what,
                            struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf names = {.max = 1024};
    arc_each (group, config->groups, config->group_count)
        arc_text_item(&names, ", ", "%s (%s)", group->name, group->tags[0]);
    return arc_error_set(err, ARC_EINPUT, "%s; %s has: %s", what, config->path,
                         names.failed ? "many groups" : arc_buf_text(&names));
}
