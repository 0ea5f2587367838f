#include "base/json.h"
#include "base/path.h"
#include "config/build.h"
#include "config/described.h"
#include "os/file.h"

#define FILES_MAX 100

/* ---- YAML as JSON --------------------------------------------------------------------------- */

/* A scalar as text; numbers as written. */
static json_t *json_of(const struct arc_yaml_node *node)
{
    bool list = node->type == ARC_YAML_LIST;

    if (node->type == ARC_YAML_NULL)
        return json_null();
    if (node->type == ARC_YAML_BOOL)
        return json_boolean(arc_yaml_bool(node));

    if (!list && node->type != ARC_YAML_MAP) {
        ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_YAML_BYTES};
        for (const char *c = arc_or(node->text, ""); *c; c++) {
            arc_buf_putc(&text, *c);
            c += *c == '$' &&
                 c[1] == '$'; /* "$" is doubled, since it is read as a compose file again */
        }
        return arc_json_buf(&text);
    }

    json_t *out = list ? json_array() : json_object();
    arc_yaml_each (item, node)
        arc_json_push(&out, json_of(item));
    arc_yaml_each_pair (pair, node)
        arc_json_put(&out, pair->key->text, json_of(pair->value));

    return out;
}

/* ---- a build section as a target ------------------------------------------------------------- */

/* A service of Compose being turned into a target. */
struct reading {
    const char *root; /* with links resolved */
    const json_t *secrets;
    const char *service;
    json_t *target;
    int rc;
    struct arc_error *err;
};

/* Makes a path in the work tree relative to the root; others stay unchanged and are refused
 * later. */
static const char *from_root(const struct reading *r, const char *path)
{
    const char *below = arc_path_below(r->root, path);
    return below ? arc_text_or(below, ".") : path;
}

static void add_item(struct reading *r, const char *name, json_t *text)
{
    json_t *list = json_incref(json_object_get(r->target, name));
    if (!list)
        list = json_array();
    arc_json_push(&list, text);
    arc_json_put(&r->target, name, list);
}

static void take_contexts(struct reading *r, const char *name, const json_t *contexts)
{
    json_t *out = json_object();

    arc_json_each_pair (context, value, contexts) {
        ARC_AUTO_FREE char *familiar = strdup(context);
        const char *text = json_string_value(value);
        if (familiar)
            arc_image_familiarize(familiar);
        if (!familiar)
            arc_json_put(&out, context, NULL);
        else if (ARC_STARTS(arc_or(text, ""), "service:"))
            arc_json_put(&out, familiar, json_sprintf("target:%s", text + 8));
        else if (text)
            arc_json_put(&out, familiar, json_string(from_root(r, text)));
    }
    arc_json_put(&r->target, name, out);
}

/* {source, target} of services, and the file's definitions of those sources. */
static void take_secrets(struct reading *r, const char *name, const json_t *secrets)
{
    arc_json_each (said, secrets) {
        const char *source = arc_json_text_of(said, "source");
        const char *id = arc_json_text_of(said, "target");
        const json_t *secret = json_object_get(r->secrets, source);
        const char *variable = arc_json_text_of(secret, "environment");
        const char *file = arc_json_text_of(secret, "file");

        id = arc_text_or(id, source);
        if (*variable)
            add_item(r, name, json_sprintf("id=%s,env=%s", id, variable));
        else if (*file)
            add_item(r, name, json_sprintf("id=%s,src=%s", id, from_root(r, file)));
        else if (!r->rc)
            r->rc = arc_error_set(r->err, ARC_EINPUT,
                                  "service '%.100s': the secret '%.100s' comes from neither a "
                                  "variable nor a file",
                                  r->service, source);
    }
}

/* "default", or "ID: PATH" as printed by some versions. */
static void take_ssh(struct reading *r, const char *name, const json_t *keys)
{
    arc_json_each (key, keys) {
        const char *text = json_string_value(key), *colon = text ? strstr(text, ": ") : NULL;
        if (colon)
            key = json_sprintf("%.*s=%s", (int)(colon - text), text, from_root(r, colon + 2));
        else
            json_incref(key);
        add_item(r, name, key);
    }
}

static void take_ulimits(struct reading *r, const char *name, const json_t *limits)
{
    arc_json_each_pair (limit, said, limits)
        if (json_is_string(said))
            add_item(r, name, json_sprintf("%s=%s", limit, json_string_value(said)));
        else
            add_item(r, name,
                     json_sprintf("%s=%s:%s", limit, arc_json_text_of(said, "soft"),
                                  arc_json_text_of(said, "hard")));
}

/* A list of NAME=ADDRESS, or a mapping of addresses. */
static void take_hosts(struct reading *r, const char *name, const json_t *hosts)
{
    json_t *out = json_is_object(hosts) ? json_incref((json_t *)hosts) : json_object();

    arc_json_each (host, hosts) {
        const char *text = arc_or(json_string_value(host), "");
        size_t len = strcspn(text, "=:");
        ARC_AUTO_FREE char *key = strndup(text, len);
        const char *before = arc_json_text_of(out, arc_or(key, "")); /* a host may have two */
        const char *comma = *before ? "," : "";
        if (!key)
            arc_json_put(&out, text, NULL);
        else if (text[len])
            arc_json_put(&out, key, json_sprintf("%s%s%s", before, comma, text + len + 1));
    }
    arc_json_put(&r->target, name, out);
}

/* `provenance` and `sbom`. */
static void take_attestation(struct reading *r, const char *type, const json_t *said)
{
    const char *text = json_string_value(said);

    if (json_is_false(said) || (text && strcmp(text, "false") == 0))
        add_item(r, "attest", json_sprintf("type=%s,disabled=true", type));
    else if (!text || strcmp(text, "true") == 0)
        add_item(r, "attest", json_sprintf("type=%s", type));
    else
        add_item(r, "attest", json_sprintf("type=%s,%s", type, text));
}

static void take_context(struct reading *r, const char *name, const json_t *context)
{
    arc_json_put(&r->target, name, json_string(from_root(r, json_string_value(context))));
}

/* After the image's own name. */
static void take_tags(struct reading *r, const char *name, const json_t *tags)
{
    arc_json_each (tag, tags)
        add_item(r, name, json_incref(tag));
}

/* Keys of a `build` section whose form differs in a recipe, and their converters. */
static const struct member {
    const char *key;
    void (*take)(struct reading *r, const char *name, const json_t *value);
} members[] = {
    {"additional_contexts", take_contexts},
    {"context", take_context},
    {"extra_hosts", take_hosts},
    {"provenance", take_attestation},
    {"sbom", take_attestation},
    {"secrets", take_secrets},
    {"ssh", take_ssh},
    {"tags", take_tags},
    {"ulimits", take_ulimits},
};

static void take_member(struct reading *r, const char *key, json_t *value)
{
    const struct member *member = arc_find(members, ARC_COUNT(members), key, key);
    bool empty = json_is_null(value) || json_is_false(value) ||
                 (!json_is_true(value) && !json_is_string(value) && !json_array_size(value) &&
                  !json_object_size(value));

    if (member)
        member->take(r, key, value);
    else if (arc_recipe_field(key))
        arc_json_put(&r->target, key, json_incref(value));
    else if (!empty && strcmp(key, "x-bake") == 0)
        r->rc = arc_error_set(r->err, ARC_EINPUT,
                              "service '%.100s': docker compose ignores 'build.x-bake', which is "
                              "for docker buildx bake: name the file under 'bake', or take it out",
                              r->service);
    else if (!empty && !ARC_STARTS(key, "x-")) /* "privileged: false" requests nothing */
        r->rc = arc_error_set(r->err, ARC_EINPUT,
                              "service '%.100s': 'build.%.100s' of a compose file is not "
                              "supported; take it out",
                              r->service, key);
}

static bool is_base(const json_t *services, const char *name)
{
    arc_json_each_pair (key, service, services) {
        const json_t *build = json_object_get(service, "build");
        arc_json_each_pair (context, value, json_object_get(build, "additional_contexts")) {
            const char *base = arc_text_after(json_string_value(value), "service:");
            if (base && strcmp(base, name) == 0)
                return true;
        }
    }
    return false;
}

/* Adds the image of a service, unless an earlier one that is asked for has the same image, as an
 * app and its workers do: then it gets the name of the one called like the image. */
static void add_target(json_t **targets, const json_t *services, const json_t *asked,
                       const char *name, json_t *target)
{
    const char *image = json_string_value(json_array_get(json_object_get(target, "tags"), 0));
    const char *own = image ? arc_path_name(image) : "";
    const char *twin = NULL;
    size_t len = strlen(name);

    arc_json_each_pair (key, other, *targets)
        if (image && arc_described_asks(asked, key) && json_equal(other, target))
            twin = key;

    bool is_own = strncmp(own, name, len) == 0 && (!own[len] || own[len] == ':');
    if (twin && is_own && !is_base(services, twin)) {
        json_object_del(*targets, twin);
        twin = NULL;
    }

    if (twin && !is_base(services, name))
        json_decref(target);
    else
        arc_json_put(targets, name, target);
}

int arc_compose_targets(const char *root, const struct arc_buf *text, const json_t *asked,
                        json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    ARC_TRY(arc_yaml_parse(arc_buf_text(text), text->len, "docker compose config", ARC_YAML_ANY_TAG,
                           &yaml, err));
    ARC_AUTO_JSON json_t *config = json_of(yaml.root), *targets = json_object();
    ARC_AUTO_FREE char *real = realpath(arc_or(root, "."), NULL);
    ARC_TRY_ALLOC(config && targets && real, err);

    arc_json_each_pair (name, service, json_object_get(config, "services")) {
        struct reading reading = {.root = real, .service = name, .err = err};
        json_t *image = json_object_get(service, "image");
        json_t *platform = json_object_get(service, "platform");
        const json_t *services = json_object_get(config, "services");
        bool wanted = arc_described_asks(asked, name);
        bool builds = json_is_object(json_object_get(service, "build"));
        if (!builds && json_object_get(asked, name))
            return arc_error_set(err, ARC_EINPUT,
                                 "the service '%.100s', which 'services' names, has no 'build': "
                                 "take it out of 'services'",
                                 name);
        if (!builds || (!wanted && !is_base(services, name)))
            continue;

        reading.secrets = json_object_get(config, "secrets");
        reading.target = json_object();
        if (json_is_string(image))
            add_item(&reading, "tags", json_incref(image));
        arc_json_each_pair (key, value, json_object_get(service, "build"))
            if (!reading.rc)
                take_member(&reading, key, value);
        if (json_is_string(platform) && !json_object_get(reading.target, "platforms"))
            add_item(&reading, "platforms", json_incref(platform));
        if (reading.rc)
            json_decref(reading.target);
        ARC_TRY(reading.rc);
        add_target(&targets, services, asked, name, reading.target);
    }
    ARC_TRY_ALLOC(targets, err);
    *out = arc_steal(&targets);

    return ARC_OK;
}

/* ---- other files ---------------------------------------------------------------------------- */

/* Adds a path to the files (NULL: only checks it). It must be in the repository, since Compose
 * reads it and may print a line of it. */
static int add_path(const struct arc_loading *l, const struct arc_yaml_node *node, const char *base,
                    const char *text, char ***files)
{
    char *path;
    ARC_TRY(arc_path_from_root(l, base, text, &path));
    if (path && arc_file_kind_in(l->root, path) != ARC_FILE_OTHER)
        return files ? arc_texts_add_once(l, files, path) : ARC_OK;
    if (!node)
        return arc_error_set(l->err, ARC_EINPUT, "'%s' leads out of the repository", text);

    return arc_yaml_error(node, l->err, "'%s' leads out of the repository", text);
}

/* "FILE", a list of files, or {path: FILE}. To Compose "a://../b" is a path too. A variable may
 * name the file of a service's variables, which builds do not use. */
static int add_named(const struct arc_loading *l, const struct arc_yaml_node *node,
                     const char *base, bool variables, char ***files)
{
    const struct arc_yaml_node *path = arc_yaml_get(node, "path");
    if (path)
        return add_named(l, path, base, variables, files);
    arc_yaml_each (item, node)
        ARC_TRY(add_named(l, item, base, variables, files));
    if (!node || node->type != ARC_YAML_STRING)
        return ARC_OK;
    if (!strchr(node->text, '$'))
        return add_path(l, node, base, node->text, files);
    if (variables)
        return ARC_OK;

    return arc_yaml_error(
        node, l->err, "which file '%s' means is not known; name it without a variable", node->text);
}

/* Where the paths in included files start. */
struct homes {
    struct arc_pair *items; /* file → folder */
    size_t count;
};

/* An entry of `include`: files, and the file of their variables, by default the .env in their project
 * directory, which is by default that of the first one. */
static int add_include(const struct arc_loading *l, const struct arc_yaml_node *node,
                       const char *base, char ***files, char ***settings, struct homes *homes)
{
    const struct arc_yaml_node *path = arc_or(arc_yaml_get(node, "path"), node);
    const struct arc_yaml_node *variables = arc_yaml_get(node, "env_file");
    const struct arc_yaml_node *home = arc_yaml_get(node, "project_directory"), *item;
    char *file, *folder = NULL;

    ARC_TRY(add_named(l, node, base, false, files));
    ARC_TRY(add_named(l, variables, base, false, settings));
    ARC_TRY(add_named(l, home, base, false, NULL));
    if (home && home->type == ARC_YAML_STRING)
        ARC_TRY(arc_path_from_root(l, base, home->text, &folder));

    for (size_t i = 0; (item = arc_yaml_entry(path, i)); i++) {
        if (item->type != ARC_YAML_STRING)
            return ARC_OK;
        ARC_TRY(arc_path_from_root(l, base, item->text, &file));
        ARC_TRY_ALLOC(file, l->err);
        if (!folder)
            folder = arc_path_parent(l->memory, file);
        ARC_APPEND(l->memory, homes->items, homes->count, l->err, (struct arc_pair){file, folder});
    }

    return variables || !folder ? ARC_OK : add_path(l, path, folder, ".env", settings);
}

bool arc_bake_is_hcl(const char *file)
{
    const char *dot = strrchr(file, '.');
    return dot && (strcmp(dot, ".hcl") == 0 || strcmp(dot, ".json") == 0);
}

/* Adds the files that one names, relative to `base`. */
static int add_of_file(const struct arc_loading *l, const char *file, const char *base,
                       char ***files, char ***settings, char ***given, struct homes *homes)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    if (arc_file_kind_in(l->root, file) == ARC_FILE_OTHER)
        return arc_error_set(l->err, ARC_EINPUT, "%s leads out of the repository", file);
    int rc = arc_yaml_read_in(l->root, file, ARC_YAML_ANY_TAG, &yaml, l->err);
    if (rc && rc != ARC_ENOMEM && arc_bake_is_hcl(file)) {
        arc_error_clear(l->err);
        return ARC_OK; /* buildx reports what is wrong */
    }

    if (rc == ARC_ENOTFOUND) /* newer versions of Compose fetch "https://…" and "oci://…" */
        return arc_error_set(l->err, ARC_EINPUT, "%s is not a file of the repository", file);

    /* Compose may accept what we cannot read, such as several documents. */
    ARC_TRY(rc);

    arc_yaml_each (entry, arc_yaml_get(yaml.root, "include"))
        ARC_TRY(add_include(l, entry, base, files, settings, homes));
    arc_yaml_each_pair (service, arc_yaml_get(yaml.root, "services")) {
        const struct arc_yaml_node *said = service->value;
        const struct arc_yaml_node *extends = arc_yaml_at(said, "extends", "file");
        ARC_TRY(add_named(l, extends, base, false, files));
        ARC_TRY(add_named(l, arc_yaml_get(said, "env_file"), base, true, given));
        ARC_TRY(add_named(l, arc_yaml_get(said, "label_file"), base, true, given));
    }

    return arc_arena_check(l->memory, l->err);
}

int arc_compose_files(const struct arc_loading *l, bool by_bake, char ***files, char ***given)
{
    const char *base =
        by_bake ? "" : arc_path_parent(l->memory, (*files)[0]); /* bake runs in the root */
    size_t merged = arc_texts_count(*files); /* into one, by the paths of the first */
    struct homes homes = {0};
    char **settings = NULL;

    for (size_t i = 0; (*files)[i]; i++) {
        const char *own = i < merged ? base : arc_path_parent(l->memory, (*files)[i]);
        arc_each (home, homes.items, i < merged ? 0 : homes.count)
            own = strcmp(home->name, (*files)[i]) == 0 ? home->value : own;
        if (i == FILES_MAX)
            return arc_error_set(l->err, ARC_ELIMIT, "more than %d compose files", FILES_MAX);
        ARC_TRY(add_of_file(l, (*files)[i], own, files, &settings, given, &homes));
    }

    ARC_TRY(add_path(l, NULL, base, ".env", &settings));
    for (char **file = settings; file && *file; file++)
        ARC_TRY(arc_texts_add_once(l, files, *file));

    return ARC_OK;
}
