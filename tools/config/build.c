/* The `build` section of a service: Compose's names and meaning (Compose specification, "Build"). */
#include "config/build.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/text.h"
#include "os/file.h"
#include <string.h>
#include <strings.h>

/* What the section is read into: the recipe, and the nodes that take a second look. */
struct recipe_reading {
    struct arc_recipe recipe;
    const struct arc_yaml_node *secrets;
    const struct arc_yaml_node *ulimits;
};

#define AT(member) offsetof(struct recipe_reading, recipe.member)

static const struct arc_field recipe_fields[] = {
    {"context", FIELD_TEXT, AT(context), false, arc_check_line, NULL},
    {"dockerfile", FIELD_TEXT, AT(dockerfile), false, arc_check_line, NULL},
    {"dockerfile_inline", FIELD_TEXT, AT(dockerfile_inline), false, NULL, NULL},
    {"target", FIELD_TEXT, AT(target), false, arc_check_line, NULL},
    {"args", FIELD_ARGS, AT(args), false, arc_check_build_arg, NULL},
    {"additional_contexts", FIELD_KEYED, AT(additional_contexts), false, arc_check_line, NULL},
    {"labels", FIELD_KEYED, AT(labels), false, arc_check_line, NULL},
    {"extra_hosts", FIELD_KEYED, AT(extra_hosts), false, arc_check_line, NULL},
    {"secrets", FIELD_NODE, offsetof(struct recipe_reading, secrets), false, NULL, NULL},
    {"ssh", FIELD_LIST, AT(ssh), false, arc_check_line, NULL},
    {"platforms", FIELD_PLATFORMS, AT(platforms), false, arc_check_platform, NULL},
    {"cache_from", FIELD_LIST, AT(cache_from), false, arc_check_line, NULL},
    {"cache_to", FIELD_LIST, AT(cache_to), false, arc_check_line, NULL},
    {"annotations", FIELD_LIST, AT(annotations), false, arc_check_line, NULL},
    {"ulimits", FIELD_NODE, offsetof(struct recipe_reading, ulimits), false, NULL, NULL},
    {"network", FIELD_TEXT, AT(network), false, arc_check_line, NULL},
    {"shm_size", FIELD_SCALAR, AT(shm_size), false, arc_check_line, NULL},
    {"provenance", FIELD_SCALAR, AT(provenance), false, arc_check_line, NULL},
    {"sbom", FIELD_SCALAR, AT(sbom), false, arc_check_line, NULL},
    {"no_cache", FIELD_FLAG, AT(no_cache), false, NULL, NULL},
    {"pull", FIELD_FLAG, AT(pull), false, NULL, NULL},
    {0},
};
static const struct arc_table recipe_table = {"'build'", recipe_fields, false};

void arc_recipe_free(struct arc_recipe *recipe)
{
    struct recipe_reading reading = {.recipe = *recipe};
    arc_fields_free(&recipe_table, &reading);
    arc_texts_free(recipe->secrets);
    arc_texts_free(recipe->ulimits);
    arc_texts_free(recipe->files);
    *recipe = (struct arc_recipe){0};
}

/* ---- secrets and ulimits -------------------------------------------------------------------- */

/* What a secret's mapping may say. */
struct secret {
    char *id;
    char *environment;
    char *file;
};

static const struct arc_field secret_fields[] = {
    {"id", FIELD_TEXT, offsetof(struct secret, id), true, arc_check_secret, NULL},
    {"environment", FIELD_TEXT, offsetof(struct secret, environment), false, arc_check_build_arg,
     NULL},
    {"file", FIELD_TEXT, offsetof(struct secret, file), false, arc_check_path, NULL},
    {0},
};
static const struct arc_table secret_table = {"a secret", secret_fields, false};

static void secret_free(struct secret *secret)
{
    arc_fields_free(&secret_table, secret);
}

/* As buildx takes it: the value is never part of it. */
static int read_secret(const struct arc_yaml_node *node, char **out, struct arc_error *err)
{
    ARC_AUTO(secret) struct secret secret = {0};

    if (node->type == ARC_YAML_STRING) { /* a variable of that name */
        ARC_TRY(arc_field_check(node, "secrets", arc_check_build_arg, err));
        ARC_TRY(arc_text_copy(node->text, &secret.id, err));
    } else
        ARC_TRY(arc_fields_read(node, &secret_table, &secret, err));

    if (secret.environment && secret.file)
        return arc_yaml_error(node, err,
                              "a secret comes from 'environment' or from 'file', not from both");
    if (secret.file)
        return arc_text_print(out, err, "id=%s,src=%s", secret.id, secret.file);

    return arc_text_print(out, err, "id=%s,env=%s", secret.id,
                          secret.environment ? secret.environment : secret.id);
}

static int read_secrets(const struct arc_yaml_node *node, char ***out, struct arc_error *err)
{
    if (!node)
        return ARC_OK;

    if (node->type != ARC_YAML_LIST)
        return arc_yaml_error(node, err,
                              "'secrets' must be a list of variables' names or of mappings with "
                              "id and environment or file, this is %s",
                              arc_yaml_type_name(node));
    *out = calloc(node->count + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, err);
    for (size_t i = 0; i < node->count; i++)
        ARC_TRY(read_secret(node->items[i], &(*out)[i], err));

    return ARC_OK;
}

static int read_ulimit(const struct arc_yaml_pair *pair, char **out, struct arc_error *err)
{
    const struct arc_yaml_node *soft = arc_yaml_get(pair->value, "soft");
    const struct arc_yaml_node *hard = arc_yaml_get(pair->value, "hard");
    bool both = soft && hard && pair->value->count == 2 && soft->type == ARC_YAML_INT &&
                hard->type == ARC_YAML_INT;

    if (both)
        return arc_text_print(out, err, "%s=%s:%s", pair->key->text, soft->text, hard->text);
    if (pair->value->type == ARC_YAML_INT)
        return arc_text_print(out, err, "%s=%s", pair->key->text, pair->value->text);

    return arc_yaml_error(pair->value, err,
                          "ulimits: %s must be a number, or {soft: NUMBER, hard: NUMBER}",
                          pair->key->text);
}

static int read_ulimits(const struct arc_yaml_node *node, char ***out, struct arc_error *err)
{
    if (!node)
        return ARC_OK;

    if (node->type != ARC_YAML_MAP)
        return arc_yaml_error(node, err, "'ulimits' must be a mapping, this is %s",
                              arc_yaml_type_name(node));
    *out = calloc(node->count + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, err);
    for (size_t i = 0; i < node->count; i++)
        ARC_TRY(read_ulimit(&node->pairs[i], &(*out)[i], err));

    return ARC_OK;
}

/* ---- paths ---------------------------------------------------------------------------------- */

bool arc_context_is_remote(const char *context)
{
    static const char *const signs[] = {"git@", "github.com/", "target:", "service:"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(context, signs[i], strlen(signs[i])) == 0)
            return true;
    return strstr(context, "://") != NULL;
}

/* Makes a local path relative to the root. */
static int root_path(const struct arc_yaml_node *node, const char *base, char **path,
                     struct arc_error *err)
{
    if (!*path || arc_context_is_remote(*path))
        return ARC_OK;
    char *resolved = NULL;
    ARC_TRY(arc_path_resolve(base, *path, &resolved, err));

    if (!resolved)
        return arc_yaml_error(node, err, "'%s' is absolute or leads out of the repository", *path);

    free(*path);
    *path = resolved;

    return ARC_OK;
}

/* Compose says "service:", bake "target:". */
static void name_target(char *value)
{
    if (strncmp(value, "service:", 8) != 0)
        return;
    memmove(value + 7, value + 8, strlen(value + 8) + 1);
    memcpy(value, "target:", 7);
}

static int root_paths(const struct arc_yaml_node *node, const char *base, struct arc_recipe *recipe,
                      struct arc_error *err)
{
    const struct arc_yaml_node *context = arc_yaml_get(node, "context");
    ARC_TRY(root_path(context ? context : node, base, &recipe->context, err));

    for (struct arc_pair *pair = recipe->additional_contexts; pair && pair->name; pair++) {
        arc_image_familiarize(pair->name);
        ARC_TRY(root_path(arc_yaml_get(node, "additional_contexts"), base, &pair->value, err));
        name_target(pair->value);
    }

    return ARC_OK;
}

void arc_image_familiarize(char *name)
{
    static const char *const prefixes[] = {"index.docker.io/", "docker.io/", "library/"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t len = strlen(prefixes[i]);
        bool bare = i < 2 || !strchr(name + (strncmp(name, prefixes[i], len) == 0 ? len : 0), '/');
        if (strncmp(name, prefixes[i], len) == 0 && bare)
            memmove(name, name + len, strlen(name + len) + 1);
    }

    size_t len = strlen(name);
    if (len > 7 && strcmp(name + len - 7, ":latest") == 0)
        name[len - 7] = '\0';
}

/* ---- values from files ---------------------------------------------------------------------- */

static const struct arc_field place_fields[] = {
    {"file", FIELD_TEXT, offsetof(struct arc_file_place, file), true, arc_check_line, NULL},
    {"at", FIELD_LIST, offsetof(struct arc_file_place, at), false, arc_check_line, NULL},
    {0},
};
static const struct arc_table place_table = {"a value from a file", place_fields, false};

/* Puts the words that are known into a text that may be NULL. */
static int place_words(char **text, const struct arc_word *words, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 65536};
    if (!*text || !strchr(*text, '{'))
        return ARC_OK;
    arc_words_fill(*text, words, &out);
    ARC_TRY(arc_buf_check(&out, "a path", err));
    free(*text);
    *text = arc_buf_steal(&out);
    return *text ? ARC_OK : arc_error_nomem(err);
}

int arc_place_read(const struct arc_yaml_node *node, const struct arc_place_base *base,
                   struct arc_file_place *out, struct arc_error *err)
{
    const struct arc_word words[] = {{"directory", base->directory}, {NULL, NULL}};
    ARC_TRY(arc_fields_read(node, &place_table, out, err));
    ARC_TRY(place_words(&out->file, words, err));
    return root_path(node, base->folder, &out->file, err);
}

/* Fills in the arguments whose values stand in files. */
static int read_values(const char *root, const struct arc_yaml_node *args,
                       const struct arc_place_base *base, struct arc_recipe *recipe,
                       struct arc_error *err)
{
    for (struct arc_pair *pair = recipe->args; pair && pair->name; pair++) {
        ARC_AUTO(arc_file_place) struct arc_file_place place = {0};
        const struct arc_yaml_node *node = arc_yaml_get(args, pair->name);
        if (pair->value)
            continue;
        ARC_TRY(arc_place_read(node, base, &place, err));
        int rc = arc_file_value_in(root, &place, &pair->value, err);
        ARC_TRY(arc_yaml_place(node, "args", rc, err));
        ARC_TRY(arc_list_add(&recipe->files, place.file, err));
    }

    return ARC_OK;
}

/* ---- the section ---------------------------------------------------------------------------- */

/* Compose's short form is the context alone. */
static int read_section(const struct arc_yaml_node *node, struct recipe_reading *out,
                        struct arc_error *err)
{
    if (node->type != ARC_YAML_STRING)
        return arc_fields_read(node, &recipe_table, out, err);
    ARC_TRY(arc_field_check(node, "build", arc_check_line, err));
    return arc_text_copy(node->text, &out->recipe.context, err);
}

int arc_recipe_read(const char *root, const struct arc_yaml_node *node,
                    const struct arc_place_base *base, struct arc_recipe *out,
                    struct arc_error *err)
{
    struct recipe_reading reading = {.recipe = *out};

    if (!node)
        return ARC_OK;
    int rc = read_section(node, &reading, err);
    *out = reading.recipe;
    ARC_TRY(rc);
    ARC_TRY(read_secrets(reading.secrets, &out->secrets, err));
    ARC_TRY(read_ulimits(reading.ulimits, &out->ulimits, err));
    ARC_TRY(root_paths(node, base->folder, out, err));
    ARC_TRY(read_values(root, arc_yaml_get(node, "args"), base, out, err));
    if (out->dockerfile && out->dockerfile_inline)
        return arc_yaml_error(node, err,
                              "'build' has both dockerfile and dockerfile_inline: give one");

    return ARC_OK;
}

int arc_recipe_inherit(struct arc_recipe *own, const struct arc_recipe *given,
                       struct arc_error *err)
{
    struct recipe_reading mine = {.recipe = *own}, theirs = {.recipe = *given};

    if (own->dockerfile || own->dockerfile_inline)
        theirs.recipe.dockerfile = theirs.recipe.dockerfile_inline = NULL;
    int rc = arc_fields_inherit(&recipe_table, &mine, &theirs, err);
    *own = mine.recipe;
    ARC_TRY(rc);
    ARC_TRY(arc_texts_inherit(&own->secrets, given->secrets, err));
    ARC_TRY(arc_texts_inherit(&own->ulimits, given->ulimits, err));
    for (char **file = given->files; file && *file; file++)
        ARC_TRY(arc_list_add(&own->files, *file, err));

    return ARC_OK;
}

int arc_recipe_place(struct arc_recipe *recipe, const char *codename, const char *name,
                     const char *directory, struct arc_error *err)
{
    const struct arc_word words[] = {
        {"codename", codename}, {"name", name}, {"directory", directory}, {NULL, NULL}};
    ARC_TRY(place_words(&recipe->context, words, err));
    ARC_TRY(place_words(&recipe->dockerfile, words, err));
    return place_words(&recipe->target, words, err);
}

int arc_recipe_complete(struct arc_recipe *recipe, const char *directory, struct arc_error *err)
{
    bool own = !recipe->dockerfile; /* no name given: the service's own Dockerfile */

    if (!recipe->context)
        ARC_TRY(arc_text_copy(directory, &recipe->context, err));
    if (recipe->dockerfile_inline)
        return ARC_OK;
    if (own)
        ARC_TRY(arc_text_copy("Dockerfile", &recipe->dockerfile, err));
    bool remote = arc_context_is_remote(recipe->context);
    if (remote)
        return ARC_OK;
    char *resolved = NULL;
    ARC_TRY(
        arc_path_resolve(own ? directory : recipe->context, recipe->dockerfile, &resolved, err));

    if (!resolved)
        return arc_error_set(err, ARC_EINPUT,
                             "dockerfile: '%s' is absolute or leads out of the repository",
                             recipe->dockerfile);

    free(recipe->dockerfile);
    recipe->dockerfile = resolved;

    return ARC_OK;
}

/* ---- files that a build is given ------------------------------------------------------------- */

/* Neither the path nor a link in it leads out of the repository: a pull request must not name a file
 * of the machine. */
static int check_file(const char *root, const char *what, const char *said, const char *path,
                      struct arc_error *err)
{
    ARC_AUTO_FREE char *inside = NULL;
    ARC_TRY(arc_path_resolve("", path, &inside, err));
    if (inside && *path != '~' && arc_file_kind_in(root, inside) != ARC_FILE_OTHER)
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT,
                         "%s '%.200s' is a file outside of the repository; pass it by a variable "
                         "(env=NAME), a key by the agent of SSH_AUTH_SOCK",
                         what, said);
}

/* "id=x,src=FILE": buildx reads the names in any case, and takes the file that the id names where
 * neither a file nor a variable is given (buildx, "--secret"). */
static int check_secret(const char *root, const char *secret, struct arc_error *err)
{
    ARC_AUTO_FREE char *id = NULL;
    bool placed = false;

    if (strchr(secret, '"'))
        return arc_error_set(err, ARC_EINPUT, "the secret '%.200s' has a ',' or '\"' in a value",
                             secret);

    for (const char *at = secret; *at; at += *at == ',') {
        size_t len = strcspn(at, ","), name = strcspn(at, "=,");
        bool given = len > name + 1;
        ARC_AUTO_FREE char *value = strndup(at + name + (name < len), len - name - (name < len));
        bool file = (name == 3 && strncasecmp(at, "src", name) == 0) ||
                    (name == 6 && strncasecmp(at, "source", name) == 0);
        ARC_TRY_ALLOC(value, err);
        if (file)
            ARC_TRY(check_file(root, "the secret", secret, value, err));
        placed = placed || (given && (file || (name == 3 && strncasecmp(at, "env", name) == 0)));
        if (name == 2 && strncasecmp(at, "id", name) == 0) {
            free(id);
            id = arc_steal(&value);
        }
        at += len;
    }

    return placed || !id ? ARC_OK : check_file(root, "the secret", secret, id, err);
}

int arc_recipe_check_files(const char *root, const struct arc_recipe *recipe, struct arc_error *err)
{
    for (char **secret = recipe->secrets; secret && *secret; secret++)
        ARC_TRY(check_secret(root, *secret, err));
    for (char **key = recipe->ssh; key && *key; key++) {
        const char *equals = strchr(*key, '=');
        if (equals)
            ARC_TRY(check_file(root, "the ssh key", *key, equals + 1, err));
    }
    return ARC_OK;
}
