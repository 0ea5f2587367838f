#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "config/build.h"
#include "config/described.h"
#include "os/file.h"
#include "yaml/yaml.h"
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 100

/* ---- YAML as JSON --------------------------------------------------------------------------- */

/* A scalar; Compose prints "$" doubled, for one who would read it as a compose file again. */
static json_t *scalar_of(const struct arc_yaml_node *node)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_YAML_BYTES};
    for (const char *c = node->text ? node->text : ""; *c; c++) {
        arc_buf_putc(&text, *c);
        c += *c == '$' && c[1] == '$';
    }
    return text.failed ? NULL : json_string(arc_buf_text(&text));
}

/* Numbers are texts, as written. */
static json_t *json_of(const struct arc_yaml_node *node)
{
    if (node->type == ARC_YAML_NULL)
        return json_null();
    if (node->type == ARC_YAML_BOOL)
        return json_boolean(arc_yaml_bool(node));
    if (node->type != ARC_YAML_LIST && node->type != ARC_YAML_MAP)
        return scalar_of(node);

    ARC_AUTO_JSON json_t *out = node->type == ARC_YAML_LIST ? json_array() : json_object();
    for (size_t i = 0; i < node->count; i++) {
        bool list = node->type == ARC_YAML_LIST;
        json_t *value = json_of(list ? node->items[i] : node->pairs[i].value);
        if (list ? json_array_append_new(out, value)
                 : json_object_set_new(out, node->pairs[i].key->text, value))
            return NULL;
    }

    return arc_steal(&out);
}

/* ---- a build section as a target ------------------------------------------------------------- */

/* A service of Compose on its way to a target. */
struct reading {
    const char *root; /* as the kernel names it */
    const json_t *secrets;
    const char *service;
    json_t *target;
    struct arc_error *err;
};

/* A path of the work tree from its root; others stay as they are, and are refused later. */
static const char *from_root(const struct reading *r, const char *path)
{
    size_t len = strlen(r->root);
    if (strncmp(path, r->root, len) != 0 || (path[len] && path[len] != '/'))
        return path;
    return path[len] && path[len + 1] ? path + len + 1 : ".";
}

/* Adds an item to a list of the target. */
static void add_item(struct reading *r, const char *name, json_t *text)
{
    json_t *list = json_incref(json_object_get(r->target, name));
    if (!list)
        list = json_array();
    arc_json_push(&list, text);
    arc_json_put(&r->target, name, list);
}

static int take_contexts(struct reading *r, const char *name, const json_t *contexts)
{
    json_t *out = json_object(), *value;
    const char *context;

    json_object_foreach ((json_t *)contexts, context, value) {
        ARC_AUTO_FREE char *familiar = strdup(context);
        const char *text = json_string_value(value);
        bool service = text && strncmp(text, "service:", 8) == 0;
        if (!familiar || !text)
            continue;
        arc_image_familiarize(familiar);
        arc_json_put(&out, familiar,
                     service ? json_sprintf("target:%s", text + 8)
                             : json_string(from_root(r, text)));
    }
    arc_json_put(&r->target, name, out);

    return ARC_OK;
}

/* {source, target} of services, and what the file says about those sources. */
static int take_secrets(struct reading *r, const char *name, const json_t *secrets)
{
    arc_json_each (said, secrets) {
        const char *source = arc_json_text_of(said, "source");
        const char *id = arc_json_text_of(said, "target");
        const json_t *secret = json_object_get(r->secrets, source);
        const char *variable = arc_json_text_of(secret, "environment");
        const char *file = arc_json_text_of(secret, "file");

        id = *id ? id : source;
        if (!*variable && !*file)
            return arc_error_set(r->err, ARC_EINPUT,
                                 "service '%.100s': the secret '%.100s' comes from neither a "
                                 "variable nor a file",
                                 r->service, source);
        add_item(r, name,
                 *variable ? json_sprintf("id=%s,env=%s", id, variable)
                           : json_sprintf("id=%s,src=%s", id, from_root(r, file)));
    }

    return ARC_OK;
}

/* "default", or "ID: PATH" as some versions print it. */
static int take_ssh(struct reading *r, const char *name, const json_t *keys)
{
    arc_json_each (key, keys) {
        const char *text = json_string_value(key), *colon = text ? strstr(text, ": ") : NULL;
        add_item(r, name,
                 colon ? json_sprintf("%.*s=%s", (int)(colon - text), text, from_root(r, colon + 2))
                       : json_incref(key));
    }

    return ARC_OK;
}

static int take_ulimits(struct reading *r, const char *name, const json_t *limits)
{
    const char *limit;
    json_t *said;

    json_object_foreach ((json_t *)limits, limit, said)
        add_item(r, name,
                 json_is_string(said)
                     ? json_sprintf("%s=%s", limit, json_string_value(said))
                     : json_sprintf("%s=%s:%s", limit, arc_json_text_of(said, "soft"),
                                    arc_json_text_of(said, "hard")));

    return ARC_OK;
}

/* A list of NAME=ADDRESS, or a mapping of addresses. */
static int take_hosts(struct reading *r, const char *name, const json_t *hosts)
{
    json_t *out = json_is_object(hosts) ? json_incref((json_t *)hosts) : json_object();

    arc_json_each (host, hosts) {
        const char *text = json_string_value(host);
        size_t len = text ? strcspn(text, "=:") : 0;
        ARC_AUTO_FREE char *address = text ? strndup(text, len) : NULL;
        if (address && text[len])
            arc_json_put(&out, address, json_string(text + len + 1));
    }
    arc_json_put(&r->target, name, out);

    return ARC_OK;
}

/* `provenance` and `sbom`. */
static int take_attestation(struct reading *r, const char *type, const json_t *said)
{
    const char *text = json_string_value(said);
    bool plain = !text || strcmp(text, "true") == 0;

    if (json_is_false(said) || (text && strcmp(text, "false") == 0))
        add_item(r, "attest", json_sprintf("type=%s,disabled=true", type));
    else
        add_item(r, "attest",
                 plain ? json_sprintf("type=%s", type) : json_sprintf("type=%s,%s", type, text));
    return ARC_OK;
}

static int take_context(struct reading *r, const char *name, const json_t *context)
{
    arc_json_put(&r->target, name, json_string(from_root(r, json_string_value(context))));
    return ARC_OK;
}

/* Behind the image's own name. */
static int take_tags(struct reading *r, const char *name, const json_t *tags)
{
    arc_json_each (tag, tags)
        add_item(r, name, json_incref(tag));
    return ARC_OK;
}

/* What a `build` section may say, bake's name for it, and who writes it; NULL: it is the same
 * there. */
static const struct member {
    const char *key;
    const char *name;
    int (*take)(struct reading *r, const char *name, const json_t *value);
} members[] = {
    {"additional_contexts", "contexts", take_contexts},
    {"args", "args", NULL},
    {"cache_from", "cache-from", NULL},
    {"cache_to", "cache-to", NULL},
    {"context", "context", take_context},
    {"dockerfile", "dockerfile", NULL},
    {"dockerfile_inline", "dockerfile-inline", NULL},
    {"extra_hosts", "extra-hosts", take_hosts},
    {"labels", "labels", NULL},
    {"network", "network", NULL},
    {"no_cache", "no-cache", NULL},
    {"platforms", "platforms", NULL},
    {"provenance", "provenance", take_attestation},
    {"pull", "pull", NULL},
    {"sbom", "sbom", take_attestation},
    {"secrets", "secret", take_secrets},
    {"shm_size", "shm-size", NULL},
    {"ssh", "ssh", take_ssh},
    {"tags", "tags", take_tags},
    {"target", "target", NULL},
    {"ulimits", "ulimits", take_ulimits},
};

/* A build that asks for nothing: "privileged: false", an empty list. */
static bool is_nothing(const json_t *value)
{
    return json_is_null(value) || json_is_false(value) ||
           ((json_is_array(value) || json_is_object(value)) && !json_array_size(value) &&
            !json_object_size(value));
}

static int take_member(struct reading *r, const char *key, json_t *value)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const struct member *member = &members[i];
        if (strcmp(member->key, key) != 0)
            continue;
        if (member->take)
            return member->take(r, member->name, value);
        arc_json_put(&r->target, member->name, json_incref(value));
        return ARC_OK;
    }

    if (is_nothing(value) || strncmp(key, "x-", 2) == 0)
        return ARC_OK;

    return arc_error_set(r->err, ARC_EINPUT,
                         "service '%.100s': 'build.%.100s' of a compose file is not supported; "
                         "take it out",
                         r->service, key);
}

static int take_service(struct reading *r, const json_t *service)
{
    json_t *image = json_object_get(service, "image");
    json_t *platform = json_object_get(service, "platform");
    const char *key;
    json_t *value;

    if (json_is_string(image))
        add_item(r, "tags", json_incref(image));
    json_object_foreach (json_object_get(service, "build"), key, value)
        ARC_TRY(take_member(r, key, value));
    if (json_is_string(platform) && !json_object_get(r->target, "platforms"))
        add_item(r, "platforms", json_incref(platform));

    return ARC_OK;
}

int arc_compose_targets(const char *root, const struct arc_buf *text, json_t **out,
                        struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    ARC_TRY(arc_yaml_parse(arc_buf_text(text), text->len, "docker compose config", ARC_YAML_ANY_TAG,
                           &yaml, err));
    ARC_AUTO_JSON json_t *config = json_of(yaml.root);
    ARC_AUTO_JSON json_t *targets = json_object();
    ARC_AUTO_FREE char *real = realpath(root ? root : ".", NULL);
    ARC_TRY_ALLOC(config && targets && real, err);

    const char *name;
    json_t *service;
    json_object_foreach (json_object_get(config, "services"), name, service) {
        struct reading reading = {real, json_object_get(config, "secrets"), name, NULL, err};
        if (!json_is_object(json_object_get(service, "build")))
            continue;
        reading.target = json_object();
        int rc = take_service(&reading, service);
        arc_json_put(&targets, name, reading.target);
        ARC_TRY(rc);
    }
    ARC_TRY_ALLOC(targets, err);
    *out = arc_steal(&targets);

    return ARC_OK;
}

/* ---- other files ---------------------------------------------------------------------------- */

/* A compose file whose other files are looked for. */
struct naming {
    const struct arc_loading *l;
    const char *base; /* its folder, which paths are relative to */
    char ***files;    /* those that count for a build; NULL: they are looked at only */
    char ***settings; /* those of variables, which are no YAML */
    bool variables;   /* they may be named by a variable */
};

/* The folder of a file, "" for the root. */
static char *directory_of(const struct arc_loading *l, const char *file)
{
    const char *slash = strrchr(file, '/');
    return arc_arena_printf(l->memory, "%.*s", slash ? (int)(slash - file) : 0, file);
}

/* Compose reads the file, and may show a line of it: so it lies in the repository. */
static int add_path(const struct naming *naming, const struct arc_yaml_node *node, const char *base,
                    const char *text)
{
    char *path;
    ARC_TRY(arc_path_from_root(naming->l, base, text, &path));
    bool outside = !path || arc_file_kind_in(naming->l->root, path) == ARC_FILE_OTHER;
    if (outside && !node)
        return arc_error_set(naming->l->err, ARC_EINPUT, "'%s' leads out of the repository", text);

    if (outside)
        return arc_yaml_error(node, naming->l->err, "'%s' leads out of the repository", text);

    return naming->files ? arc_texts_add_once(naming->l, naming->files, path) : ARC_OK;
}

/* As naming, of files of variables. */
static struct naming of_variables(const struct naming *naming)
{
    struct naming variables = *naming;
    variables.files = naming->settings;
    return variables;
}

/* The variables of a folder's .env count for what lies in it. */
static int add_variables(const struct naming *naming, const struct arc_yaml_node *node,
                         const char *folder)
{
    const struct naming variables = of_variables(naming);
    return add_path(&variables, node, folder, ".env");
}

/* "FILE", a list of them, or {path: FILE}. To Compose "a://../b" is a path as well. A service's
 * variables, which no build gets, may be a file that a variable names. */
static int add_named(const struct naming *naming, const struct arc_yaml_node *node)
{
    const struct arc_yaml_node *path = arc_yaml_get(node, "path");
    if (path)
        return add_named(naming, path);
    arc_yaml_each (item, node)
        ARC_TRY(add_named(naming, item));
    if (!node || node->type != ARC_YAML_STRING)
        return ARC_OK;
    if (!strchr(node->text, '$'))
        return add_path(naming, node, naming->base, node->text);

    return naming->variables
               ? ARC_OK
               : arc_yaml_error(node, naming->l->err,
                                "which file '%s' means is not known; name it without a variable",
                                node->text);
}

/* An entry of `include`: files, and the variables that hold for them. */
static int add_include(const struct naming *naming, const struct arc_yaml_node *node)
{
    const struct arc_yaml_node *path = arc_yaml_get(node, "path");
    const struct arc_yaml_node *variables = arc_yaml_get(node, "env_file");
    const struct naming settings = of_variables(naming);
    struct naming looking = *naming;

    looking.files = NULL;
    ARC_TRY(add_named(naming, node));
    ARC_TRY(add_named(&settings, variables));
    ARC_TRY(add_named(&looking, arc_yaml_get(node, "project_directory")));
    path = path ? path : node;
    path = path->type == ARC_YAML_LIST && path->count ? path->items[0] : path;
    if (variables || path->type != ARC_YAML_STRING || strchr(path->text, '$'))
        return ARC_OK;

    char *file;
    ARC_TRY(arc_path_from_root(naming->l, naming->base, path->text, &file));

    return file ? add_variables(naming, path, directory_of(naming->l, file))
                : arc_error_nomem(naming->l->err);
}

bool arc_bake_is_hcl(const char *file)
{
    const char *dot = strrchr(file, '.');
    return dot && (strcmp(dot, ".hcl") == 0 || strcmp(dot, ".json") == 0);
}

static int add_of_file(const struct arc_loading *l, const char *file, char ***files,
                       char ***settings)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    if (arc_file_kind_in(l->root, file) == ARC_FILE_OTHER)
        return arc_error_set(l->err, ARC_EINPUT, "%s leads out of the repository", file);
    int rc = arc_yaml_read_in(l->root, file, ARC_YAML_ANY_TAG, &yaml, l->err);
    if (rc && arc_bake_is_hcl(file)) {
        arc_error_clear(l->err);
        return ARC_OK; /* buildx says what is wrong */
    }

    if (rc == ARC_ENOTFOUND) /* a newer Compose fetches "https://…" and "oci://…" unasked */
        return arc_error_set(l->err, ARC_EINPUT, "%s is not a file of the repository", file);

    /* What we cannot read, as several documents, Compose might. */
    ARC_TRY(rc);

    const char *base = directory_of(l, file);
    const struct naming naming = {l, base, files, settings, false};
    const struct naming looking = {l, base, NULL, NULL, true};
    const struct arc_yaml_node *include = arc_yaml_get(yaml.root, "include");
    arc_yaml_each (entry, include)
        ARC_TRY(add_include(&naming, entry));
    const struct arc_yaml_node *services = arc_yaml_get(yaml.root, "services");
    arc_yaml_each_pair (service, services) {
        const struct arc_yaml_node *said = service->value;
        ARC_TRY(add_named(&naming, arc_yaml_at(said, "extends", "file", (char *)NULL)));
        ARC_TRY(add_named(&looking, arc_yaml_get(said, "env_file")));
        ARC_TRY(add_named(&looking, arc_yaml_get(said, "label_file")));
    }

    return arc_arena_check(l->memory, l->err);
}

int arc_compose_files(const struct arc_loading *l, char ***files)
{
    const char *base = directory_of(l, (*files)[0]);
    char **settings = NULL;
    const struct naming naming = {l, base, files, &settings, false};

    for (size_t i = 0; (*files)[i]; i++) {
        if (i == FILES_MAX)
            return arc_error_set(l->err, ARC_ELIMIT, "more than %d compose files", FILES_MAX);
        ARC_TRY(add_of_file(l, (*files)[i], files, &settings));
    }

    ARC_TRY(add_variables(&naming, NULL, base));
    for (char **file = settings; file && *file; file++)
        ARC_TRY(arc_texts_add_once(l, files, *file));

    return ARC_OK;
}
