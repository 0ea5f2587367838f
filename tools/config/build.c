/* The `build` section of a service: Compose's names and meaning (Compose specification,
 * "Build"). */
#include "config/build.h"
#include "arcci/glob.h"
#include "base/path.h"
#include "dockerfile/stages.h"
#include "os/file.h"

#define AT(member) offsetof(struct arc_recipe, member)

static arc_read read_secrets;
static arc_read read_ulimits;

/* ---- values that docker would refuse when all is planned -------------------------------------- */

static const char *const networks[] = {"default", "host", "none", NULL};

static bool check_annotation(const char *text, struct arc_buf *why)
{
    return arc_check_line(text, why) &&
           (strchr(text, '=') || arc_check_fails(why, "is not NAME=VALUE"));
}

static bool check_attestation(const char *text, struct arc_buf *why)
{
    return ARC_AMONG(text, "true", "false") || (strchr(text, '=') && !strchr(text, '\n')) ||
           arc_check_fails(why, "is neither true, false nor options, as in 'mode=max'");
}

/* The options of a cache, or an image. */
static bool check_cached(const char *text, struct arc_buf *why)
{
    bool known = !strchr(text, '=') || ARC_STARTS(text, "type=") || strstr(text, ",type=");
    return arc_check_line(text, why) &&
           (known || arc_check_fails(why, "has no type, as in 'type=gha'"));
}

/* go-units, RAMInBytes(). */
static bool check_size(const char *text, struct arc_buf *why)
{
    static char *const forms[] = {"+([0-9.])?( )?([kKmMgGtTpP])?([iI])?([bB])", NULL};
    return arc_glob_any(forms, text) || arc_check_fails(why, "is not a size, as in '64m'");
}

static const struct arc_field recipe_fields[] = {
    {"context", FIELD_TEXT, AT(context), .check = arc_check_line},
    {"dockerfile", FIELD_TEXT, AT(dockerfile), .check = arc_check_line},
    {"dockerfile_inline", FIELD_TEXT, .offset = AT(dockerfile_inline)},
    {"target", FIELD_TEXT, AT(target), .check = arc_check_line},
    {"args", FIELD_ARGS, AT(args), .check = arc_check_build_arg},
    {"additional_contexts", FIELD_KEYED, AT(additional_contexts), .check = arc_check_line},
    {"labels", FIELD_KEYED, AT(labels), .check = arc_check_line},
    {"extra_hosts", FIELD_HOSTS, AT(extra_hosts), .check = arc_check_line},
    {"secrets", FIELD_OWN, AT(secrets), .read = read_secrets},
    {"ssh", FIELD_LIST, AT(ssh), .check = arc_check_line},
    {"platforms", FIELD_PLATFORMS, AT(platforms), .check = arc_check_platform},
    {"cache_from", FIELD_LIST, AT(cache_from), .check = check_cached},
    {"cache_to", FIELD_LIST, AT(cache_to), .check = check_cached},
    {"annotations", FIELD_LIST, AT(annotations), .check = check_annotation},
    {"ulimits", FIELD_OWN, AT(ulimits), .read = read_ulimits},
    {"network", FIELD_TEXT, AT(network), .words = networks},
    {"shm_size", FIELD_SCALAR, AT(shm_size), .check = check_size},
    {"provenance", FIELD_SCALAR, AT(provenance), .check = check_attestation},
    {"sbom", FIELD_SCALAR, AT(sbom), .check = check_attestation},
    {"output", FIELD_TEXT, AT(output), .check = arc_check_output},
    {"no_cache", FIELD_FLAG, .offset = AT(no_cache), .count = AT(no_cache_given)},
    {"pull", FIELD_FLAG, .offset = AT(pull), .count = AT(pull_given)},
    {0},
};
/* Compose's short form is just the context. */
static const struct arc_table recipe_table = {"'build'", recipe_fields, .brief = "build"};

/* ---- secrets and ulimits -------------------------------------------------------------------- */

/* The keys of a secret's mapping. */
struct secret {
    char *id;
    char *environment;
    char *file;
};

static const struct arc_field secret_fields[] = {
    {"id", FIELD_TEXT, offsetof(struct secret, id), .required = true, .check = arc_check_secret},
    {"environment", FIELD_TEXT, offsetof(struct secret, environment), .check = arc_check_build_arg},
    {"file", FIELD_TEXT, offsetof(struct secret, file), .check = arc_check_path},
    {0},
};
static const struct arc_table secret_table = {"a secret", secret_fields, .brief = "secrets"};

/* In buildx's form, which never contains the value. */
static int read_secrets(const struct arc_loading *l, const struct arc_yaml_node *node, void *slot)
{
    if (node->type != ARC_YAML_LIST)
        return arc_yaml_error(node, l->err,
                              "'secrets' must be a list of variables' names or of mappings with "
                              "id and environment or file, this is %s",
                              arc_yaml_type_name(node));
    char **list = *(char ***)slot = arc_arena_array(l->memory, node->count + 1, sizeof *list);
    ARC_TRY_ALLOC(list, l->err);

    arc_yaml_each (item, node) {
        struct secret secret = {0};

        if (item->type == ARC_YAML_STRING) /* a variable of that name */
            ARC_TRY(arc_field_check(item, "secrets", arc_check_build_arg, l->err));
        ARC_TRY(arc_fields_read(l, item, &secret_table, &secret));
        if (secret.environment && secret.file)
            return arc_yaml_error(
                item, l->err, "a secret comes from 'environment' or from 'file', not from both");
        if (secret.file && strpbrk(secret.file, ",\""))
            return arc_yaml_error(item, l->err,
                                  "a secret's file cannot have ',' or '\"' in its name, which "
                                  "separate fields for buildx, this is '%s'",
                                  secret.file);
        if (secret.file)
            *list++ = arc_arena_printf(l->memory, "id=%s,src=%s", secret.id, secret.file);
        else
            *list++ = arc_arena_printf(l->memory, "id=%s,env=%s", secret.id,
                                       arc_or(secret.environment, secret.id));
    }

    return arc_arena_check(l->memory, l->err);
}

static int read_ulimits(const struct arc_loading *l, const struct arc_yaml_node *node, void *slot)
{
    if (node->type != ARC_YAML_MAP)
        return arc_yaml_error(node, l->err, "'ulimits' must be a mapping, this is %s",
                              arc_yaml_type_name(node));
    char **list = *(char ***)slot = arc_arena_array(l->memory, node->count + 1, sizeof *list);
    ARC_TRY_ALLOC(list, l->err);

    arc_yaml_each_pair (pair, node) {
        const char *name = pair->key->text;
        const struct arc_yaml_node *value = pair->value;
        const struct arc_yaml_node *soft = arc_yaml_get(value, "soft");
        const struct arc_yaml_node *hard = arc_yaml_get(value, "hard");

        if (value->type == ARC_YAML_INT)
            *list++ = arc_arena_printf(l->memory, "%s=%s", name, value->text);
        else if (soft && hard && value->count == 2 && soft->type == ARC_YAML_INT &&
                 hard->type == ARC_YAML_INT)
            *list++ = arc_arena_printf(l->memory, "%s=%s:%s", name, soft->text, hard->text);
        else
            return arc_yaml_error(value, l->err,
                                  "ulimits: %s must be a number, or {soft: NUMBER, hard: NUMBER}",
                                  name);
    }

    return arc_arena_check(l->memory, l->err);
}

/* ---- paths ---------------------------------------------------------------------------------- */

bool arc_context_is_remote(const char *context)
{
    return ARC_STARTS(context, "github.com/", "target:", "service:") || strstr(context, "://") ||
           arc_path_is_ssh(context);
}

#define LAYOUT "oci-layout://"

char *arc_context_layout(const char *context, struct arc_arena *memory)
{
    const char *path = arc_text_after(context, LAYOUT), *end = path ? strchr(path, '@') : NULL;
    if (path && !end)
        end = strchr(arc_path_name(path), ':');
    size_t len = end ? (size_t)(end - path) : strlen(arc_or(path, ""));

    return path ? arc_arena_printf(memory, "%.*s", (int)len, path) : NULL;
}

int arc_path_from_root(const struct arc_loading *l, const char *base, const char *path, char **out)
{
    ARC_AUTO_FREE char *resolved = NULL;
    ARC_TRY(arc_path_resolve(base, path, &resolved, l->err));
    *out = arc_arena_text(l->memory, resolved);
    return arc_arena_check(l->memory, l->err);
}

int arc_context_from_root(const struct arc_loading *l, const char *base, const char *context,
                          char **out)
{
    const char *folder = arc_context_layout(context, l->memory);
    const char *path = arc_or(folder, arc_text_after(context, "cwd://"));

    if (!path && arc_context_is_remote(context)) {
        *out = arc_arena_text(l->memory, context);
        return arc_arena_check(l->memory, l->err);
    }

    ARC_TRY(arc_path_from_root(l, path ? "" : base, arc_or(path, context), out));
    if (folder && *out)
        *out = arc_arena_printf(l->memory, LAYOUT "%s%s", *out,
                                context + strlen(LAYOUT) + strlen(folder));

    return arc_arena_check(l->memory, l->err);
}

static int root_path(const struct arc_loading *l, const struct arc_yaml_node *node, char **path)
{
    char *resolved;
    if (!*path)
        return ARC_OK;
    ARC_TRY(arc_context_from_root(l, arc_or(l->folder, ""), *path, &resolved));
    if (!resolved)
        return arc_yaml_error(node, l->err, "'%s' is absolute or leads out of the repository",
                              *path);
    *path = resolved;
    return ARC_OK;
}

void arc_image_familiarize(char *name)
{
    const char *familiar = name;
    size_t len = arc_image_familiar(&familiar);
    memmove(name, familiar, len);
    name[len] = '\0';
}

/* ---- values from files ---------------------------------------------------------------------- */

static const struct arc_field place_fields[] = {
    {"file", FIELD_TEXT, offsetof(struct arc_file_place, file), .required = true,
     .check = arc_check_line},
    {"at", FIELD_LIST, offsetof(struct arc_file_place, at), .check = arc_check_line},
    {0},
};
static const struct arc_table place_table = {"a value from a file", .fields = place_fields};

/* Replaces the known placeholders in a text, which may be NULL. */
static int place_words(const struct arc_loading *l, char **text, const struct arc_word *words)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 65536};
    if (!*text || !strchr(*text, '{'))
        return ARC_OK;
    arc_words_fill(*text, words, &out);
    return arc_buf_keep(l, &out, "a value of the build section", text);
}

int arc_place_read(const struct arc_loading *l, const struct arc_yaml_node *node, const char *what,
                   struct arc_file_place *out, char **value)
{
    const struct arc_word words[] = {{"directory", l->directory}, {NULL, NULL}};
    ARC_AUTO_FREE char *found = NULL;

    ARC_TRY(arc_fields_read(l, node, &place_table, out));
    ARC_TRY(place_words(l, &out->file, words));
    ARC_TRY(root_path(l, node, &out->file));
    ARC_TRY(arc_yaml_place(node, what, arc_file_value_in(l->root, out, &found, l->err), l->err));
    *value = arc_arena_text(l->memory, found);

    return arc_arena_check(l->memory, l->err);
}

/* ---- places -------------------------------------------------------------------------------- */

int arc_place_add(const char *root, const char *path, struct arc_arena *memory, char ***out,
                  struct arc_error *err)
{
    ARC_AUTO_FREE char *real = arc_file_follow(root, path);
    const char *const paths[] = {path, real};

    for (size_t i = 0; i < ARC_COUNT(paths) && paths[i]; i++) {
        char **place = *out;
        while (place && *place && !arc_path_below(*place, paths[i]))
            place++;
        if (!place || !*place)
            ARC_TRY(arc_texts_add(memory, out, paths[i], err));
    }

    return ARC_OK;
}

int arc_recipe_places(const char *root, const char *context, const char *dockerfile,
                      const struct arc_pair *other, struct arc_arena *memory, char ***out,
                      struct arc_error *err)
{
    if (!arc_context_is_remote(context)) {
        const char *paths[] = {context, arc_arena_printf(memory, "%s/.dockerignore", context),
                               dockerfile, arc_arena_printf(memory, "%s.dockerignore", dockerfile)};
        ARC_TRY(arc_arena_check(memory, err));
        for (size_t i = 0; i < (dockerfile ? 4 : 2); i++)
            ARC_TRY(arc_place_add(root, paths[i], memory, out, err));
    }

    for (; other && other->name; other++) {
        char *folder = arc_context_layout(other->value, memory);
        ARC_TRY(arc_arena_check(memory, err));
        if (folder || !arc_context_is_remote(other->value))
            ARC_TRY(arc_place_add(root, arc_or(folder, other->value), memory, out, err));
    }

    return ARC_OK;
}

/* ---- the section ---------------------------------------------------------------------------- */

const struct arc_field *arc_recipe_field(const char *name)
{
    return arc_find(recipe_fields, ARC_COUNT(recipe_fields) - 1, key, name);
}

int arc_args_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                  struct arc_recipe *recipe)
{
    for (struct arc_pair *pair = recipe->args; pair && pair->name; pair++) {
        struct arc_file_place place = {0};
        if (pair->value)
            continue;
        ARC_TRY(arc_place_read(l, arc_yaml_get(node, pair->name), "args", &place, &pair->value));
        ARC_TRY(arc_texts_add_once(l, &recipe->files, place.file));
        ARC_APPEND(l->memory, recipe->places, recipe->place_count, l->err, place);
    }

    return ARC_OK;
}

int arc_recipe_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                    struct arc_recipe *out)
{
    const struct arc_yaml_node *context = arc_yaml_get(node, "context");

    if (!node)
        return ARC_OK;

    ARC_TRY(arc_fields_read(l, node, &recipe_table, out));
    ARC_TRY(root_path(l, arc_or(context, node), &out->context));

    for (struct arc_pair *pair = out->additional_contexts; pair && pair->name; pair++) {
        arc_image_familiarize(pair->name);
        ARC_TRY(root_path(l, arc_yaml_get(node, "additional_contexts"), &pair->value));
        if (ARC_STARTS(pair->value, "service:")) /* Compose's form; bake's is "target:" */
            pair->value = arc_arena_printf(l->memory, "target:%s", pair->value + 8);
    }

    ARC_TRY(arc_args_read(l, arc_yaml_get(node, "args"), out));

    if (out->dockerfile && out->dockerfile_inline)
        return arc_yaml_error(node, l->err,
                              "'build' has both dockerfile and dockerfile_inline: give one");

    return arc_arena_check(l->memory, l->err);
}

int arc_recipe_inherit(const struct arc_loading *l, struct arc_recipe *own,
                       const struct arc_recipe *given)
{
    struct arc_recipe theirs = *given;
    if (own->dockerfile || own->dockerfile_inline)
        theirs.dockerfile = theirs.dockerfile_inline = NULL;
    ARC_TRY(arc_fields_inherit(l, &recipe_table, own, &theirs));

    for (char **limit = given->ulimits; limit && *limit; limit++) { /* by name, as in Compose */
        char **same = own->ulimits;
        while (*same && strncmp(*same, *limit, strcspn(*limit, "=") + 1) != 0)
            same++;
        if (!*same)
            ARC_TRY(arc_texts_add(l->memory, &own->ulimits, *limit, l->err));
    }

    for (char **file = given->files; file && *file; file++)
        ARC_TRY(arc_texts_add_once(l, &own->files, *file));
    arc_each (place, given->places, given->place_count)
        ARC_APPEND(l->memory, own->places, own->place_count, l->err, *place);
    return ARC_OK;
}

/* The same in a list, which is replaced by a copy, since it may belong to the group. */
static int place_list(const struct arc_loading *l, char ***list, const struct arc_word *words)
{
    size_t count = arc_texts_count(*list);
    char **out = arc_arena_array(l->memory, count + 1, sizeof *out);

    ARC_TRY_ALLOC(out, l->err);
    for (size_t i = 0; i < count; i++) {
        out[i] = (*list)[i];
        ARC_TRY(place_words(l, &out[i], words));
    }
    if (count)
        *list = out;

    return ARC_OK;
}

/* Pairs are the recipe's own since arc_recipe_inherit(). */
static int place_pairs(const struct arc_loading *l, struct arc_pair *pair,
                       const struct arc_word *words)
{
    for (; pair->name; pair++)
        ARC_TRY(place_words(l, &pair->value, words));
    return ARC_OK;
}

int arc_recipe_place(const struct arc_loading *l, struct arc_recipe *recipe,
                     const struct arc_word *words)
{
    ARC_TRY(place_words(l, &recipe->context, words));
    ARC_TRY(place_words(l, &recipe->dockerfile, words));
    return place_words(l, &recipe->target, words);
}

int arc_recipe_fill(const struct arc_loading *l, struct arc_recipe *recipe,
                    const struct arc_word *words, bool pairs)
{
    ARC_TRY(place_list(l, &recipe->cache_from, words));
    ARC_TRY(place_list(l, &recipe->cache_to, words));
    if (!pairs)
        return ARC_OK;

    ARC_TRY(place_pairs(l, recipe->args, words)); /* they may say what is copied */
    ARC_TRY(place_pairs(l, recipe->labels, words));
    return place_pairs(l, recipe->additional_contexts, words);
}

/* Like buildx, falls back to "dockerfile" if there is no "Dockerfile". */
static void take_lower_case(const struct arc_loading *l, char *path)
{
    char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (strcmp(name, "Dockerfile") != 0 || arc_file_kind_in(l->root, path) != ARC_FILE_NONE)
        return;
    *name = 'd';
    if (arc_file_kind_in(l->root, path) == ARC_FILE_NONE)
        *name = 'D';
}

int arc_recipe_complete(const struct arc_loading *l, struct arc_recipe *recipe,
                        const char *directory)
{
    bool own = !recipe->dockerfile; /* without a name: the service's own Dockerfile */
    const char *here = own ? NULL : arc_text_after(recipe->dockerfile, "cwd://");
    char *resolved;

    if (!recipe->context)
        recipe->context = (char *)directory;
    if (recipe->dockerfile_inline)
        return ARC_OK;
    if (own)
        recipe->dockerfile = arc_arena_text(l->memory, "Dockerfile");
    if (arc_context_is_remote(recipe->context))
        return arc_arena_check(l->memory, l->err);
    const char *base = own ? directory : recipe->context;
    ARC_TRY(arc_path_from_root(l, here ? "" : base, arc_or(here, recipe->dockerfile), &resolved));
    if (!resolved)
        return arc_error_set(l->err, ARC_EINPUT,
                             "dockerfile: '%s' is absolute or leads out of the repository",
                             recipe->dockerfile);
    take_lower_case(l, resolved);
    recipe->dockerfile = resolved;

    return ARC_OK;
}

/* ---- files that a build is given ------------------------------------------------------------- */

/* Whether a field "NAME=VALUE" of buildx's options has that name, in any case. */
static bool names_field(struct arc_piece field, const char *name)
{
    return arc_text_is_caseless(field.text, ARC_MIN(strcspn(field.text, "="), field.len), name);
}

/* Its value, empty if it has none. */
static struct arc_piece value_of(struct arc_piece field)
{
    size_t before = ARC_MIN(strcspn(field.text, "=") + 1, field.len);
    return (struct arc_piece){.text = field.text + before, .len = field.len - before};
}

/* Whether the path, links resolved, stays in the repository: a pull request must not name a file of
 * the machine. */
static int is_inside(const char *root, const char *path, bool *inside, struct arc_error *err)
{
    ARC_AUTO_FREE char *resolved = NULL;
    ARC_TRY(arc_path_resolve("", path, &resolved, err));
    *inside = resolved && *path != '~' && arc_file_kind_in(root, resolved) != ARC_FILE_OTHER;
    return ARC_OK;
}

static int check_file(const char *root, const char *what, const char *said, const char *path,
                      struct arc_error *err)
{
    bool inside = false;
    ARC_TRY(is_inside(root, path, &inside, err));
    if (inside)
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT,
                         "%s '%.200s' is a file outside of the repository; pass it by a variable "
                         "(env=NAME), a key by the agent of SSH_AUTH_SOCK",
                         what, said);
}

/* "id=x,src=FILE": buildx reads names in any case and, without a file or a variable, uses the file
 * that the id names (buildx, "--secret"). */
static int check_secret(const char *root, const char *secret, struct arc_error *err)
{
    ARC_AUTO_FREE char *id = NULL;
    bool placed = false;

    if (strchr(secret, '"'))
        return arc_error_set(err, ARC_EINPUT, "the secret '%.200s' has a ',' or '\"' in a value",
                             secret);

    arc_each_piece (field, secret, ",") {
        bool file = names_field(field, "src") || names_field(field, "source");
        ARC_AUTO_FREE char *value = arc_piece_copy(value_of(field));
        ARC_TRY_ALLOC(value, err);
        if (file)
            ARC_TRY(check_file(root, "the secret", secret, value, err));
        placed = placed || (*value && (file || names_field(field, "env")));
        if (names_field(field, "id")) {
            free(id);
            id = arc_steal(&value);
        }
    }

    return placed || !id ? ARC_OK : check_file(root, "the secret", secret, id, err);
}

void arc_secret_variable(const char *secret, char out[ARC_VARIABLE_MAX + 1])
{
    *out = '\0';

    arc_each_piece (field, secret, ",") {
        struct arc_piece value = value_of(field);
        if (names_field(field, "src") || names_field(field, "source")) {
            *out = '\0';
            return;
        }
        if (names_field(field, "env") || (!*out && names_field(field, "id")))
            snprintf(out, ARC_VARIABLE_MAX + 1, "%.*s", (int)value.len, value.text);
    }
}

void arc_recipe_lacks(const struct arc_recipe *recipe, const struct arc_env *env,
                      struct arc_buf *out)
{
    const char *before = "its secrets are empty, since these variables are not set here: ";

    for (char **secret = recipe ? recipe->secrets : NULL; secret && *secret; secret++) {
        char name[ARC_VARIABLE_MAX + 1];
        arc_secret_variable(*secret, name);
        if (!*name || arc_env_nonempty(env, name))
            continue;
        if (!strstr(*secret, "env=")) /* then the id names a file */
            continue;
        arc_buf_printf(out, "%s%s", before, name);
        before = ", ";
    }
}

const char *arc_recipe_ignored(const struct arc_recipe *recipe, const char *version)
{
    if (!recipe || !arc_text_at_least(version, 0, 1))
        return NULL;
    if (recipe->extra_hosts && recipe->extra_hosts->name && !arc_text_at_least(version, 0, 25))
        return "its extra_hosts need buildx 0.25 or later: this one silently ignores them";
    if (recipe->network && !arc_text_at_least(version, 0, 17))
        return "its network needs buildx 0.17 or later: this one silently ignores it";
    return NULL;
}

/* "type=local,dest=FOLDER" can write anywhere, "src=FOLDER" read anywhere; since 0.18 buildx allows
 * neither outside of the repository. */
static int check_cache(const char *root, const char *cache, struct arc_error *err)
{
    if (strchr(cache, '"')) /* buildx would parse it as another field */
        return arc_error_set(err, ARC_EINPUT, "the cache '%.200s' has a '\"'", cache);

    arc_each_piece (field, cache, ",") {
        ARC_AUTO_FREE char *folder = arc_piece_copy(value_of(field));
        bool inside = true;
        ARC_TRY_ALLOC(folder, err);
        if (names_field(field, "dest") || names_field(field, "src"))
            ARC_TRY(is_inside(root, folder, &inside, err));
        if (!inside)
            return arc_error_set(err, ARC_EINPUT,
                                 "the cache '%.200s' is a folder outside of the repository; "
                                 "--cache local,dir=FOLDER names one of the machine's",
                                 cache);
    }

    return ARC_OK;
}

int arc_recipe_check_files(const char *root, const struct arc_recipe *recipe, struct arc_error *err)
{
    for (char **secret = recipe->secrets; secret && *secret; secret++)
        ARC_TRY(check_secret(root, *secret, err));
    for (char **key = recipe->ssh; key && *key; key++) {
        const char *files = strchr(*key, '=');
        arc_each_piece (file, files ? files + 1 : "", ",") {
            ARC_AUTO_FREE char *path = arc_piece_copy(file);
            ARC_TRY_ALLOC(path, err);
            ARC_TRY(check_file(root, "the ssh key", *key, path, err));
        }
    }

    char *const *const caches[] = {recipe->cache_from, recipe->cache_to};
    arc_each_in (list, caches)
        for (char *const *cache = *list; cache && *cache; cache++)
            ARC_TRY(check_cache(root, *cache, err));

    return ARC_OK;
}
