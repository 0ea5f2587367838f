#include "arcci/config.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/path.h"
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

static int set(struct reading *r, const char *name, json_t *value)
{
    return json_object_set_new(r->target, name, value) ? arc_error_nomem(r->err) : ARC_OK;
}

static int append(struct reading *r, const char *name, json_t *text)
{
    json_t *list = json_object_get(r->target, name);
    if (!list)
        ARC_TRY(set(r, name, list = json_array()));
    return json_array_append_new(list, text) ? arc_error_nomem(r->err) : ARC_OK;
}

static int take_contexts(struct reading *r, const json_t *contexts)
{
    ARC_AUTO_JSON json_t *out = json_object();
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)contexts, name, value) {
        ARC_AUTO_FREE char *familiar = strdup(name);
        const char *text = json_string_value(value);
        bool service = text && strncmp(text, "service:", 8) == 0;
        if (!familiar || !text)
            continue;
        arc_image_familiarize(familiar);
        if (json_object_set_new(out, familiar,
                                service ? json_sprintf("target:%s", text + 8)
                                        : json_string(from_root(r, text))))
            return arc_error_nomem(r->err);
    }
    return set(r, "contexts", json_incref(out));
}

/* {source, target} of a service, and what the file says about that source. */
static int take_secret(struct reading *r, const json_t *said)
{
    const char *source = arc_json_text_of(said, "source"), *id = arc_json_text_of(said, "target");
    const json_t *secret = json_object_get(r->secrets, source);
    const char *variable = arc_json_text_of(secret, "environment");
    const char *file = arc_json_text_of(secret, "file");
    id = *id ? id : source;
    if (*variable)
        return append(r, "secret", json_sprintf("id=%s,env=%s", id, variable));
    if (*file)
        return append(r, "secret", json_sprintf("id=%s,src=%s", id, from_root(r, file)));
    return arc_error_set(r->err, ARC_EINPUT,
                         "service '%.100s': the secret '%.100s' comes from neither a variable nor "
                         "a file",
                         r->service, source);
}

/* "default", or "ID: PATH" as some versions print it. */
static int take_ssh(struct reading *r, const json_t *said)
{
    const char *text = json_string_value(said), *colon = text ? strstr(text, ": ") : NULL;
    if (!colon)
        return append(r, "ssh", json_incref((json_t *)said));
    return append(r, "ssh",
                  json_sprintf("%.*s=%s", (int)(colon - text), text, from_root(r, colon + 2)));
}

static int take_ulimits(struct reading *r, const json_t *limits)
{
    const char *name;
    json_t *limit;
    json_object_foreach ((json_t *)limits, name, limit) {
        json_t *text = json_is_string(limit)
                           ? json_sprintf("%s=%s", name, json_string_value(limit))
                           : json_sprintf("%s=%s:%s", name, arc_json_text_of(limit, "soft"),
                                          arc_json_text_of(limit, "hard"));
        ARC_TRY(append(r, "ulimits", text));
    }
    return ARC_OK;
}

/* A list of NAME=ADDRESS, or a mapping of addresses. */
static int take_hosts(struct reading *r, const json_t *hosts)
{
    ARC_AUTO_JSON json_t *out = json_object();
    size_t i;
    json_t *host;
    json_array_foreach (hosts, i, host) {
        const char *text = json_string_value(host);
        size_t len = text ? strcspn(text, "=:") : 0;
        ARC_AUTO_FREE char *name = text ? strndup(text, len) : NULL;
        if (!name || !text[len])
            continue;
        if (json_object_set_new(out, name, json_string(text + len + 1)))
            return arc_error_nomem(r->err);
    }
    return set(r, "extra-hosts",
               json_is_object(hosts) ? json_incref((json_t *)hosts) : json_incref(out));
}

static int take_attestation(struct reading *r, const char *type, const json_t *said)
{
    const char *text = json_string_value(said);
    if (json_is_false(said) || (text && strcmp(text, "false") == 0))
        return append(r, "attest", json_sprintf("type=%s,disabled=true", type));
    bool plain = !text || strcmp(text, "true") == 0;
    return append(r, "attest",
                  json_sprintf("type=%s%s%s", type, plain ? "" : ",", plain ? "" : text));
}

/* A build that asks for nothing: "privileged: false", an empty list. */
static bool is_nothing(const json_t *value)
{
    return json_is_null(value) || json_is_false(value) ||
           ((json_is_array(value) || json_is_object(value)) && !json_array_size(value) &&
            !json_object_size(value));
}

static int take_member(struct reading *r, const char *key, json_t *value)
{
    static const char *const same[][2] = {
        {"dockerfile", "dockerfile"},
        {"dockerfile_inline", "dockerfile-inline"},
        {"args", "args"},
        {"labels", "labels"},
        {"target", "target"},
        {"network", "network"},
        {"no_cache", "no-cache"},
        {"pull", "pull"},
        {"shm_size", "shm-size"},
        {"platforms", "platforms"},
        {"cache_from", "cache-from"},
        {"cache_to", "cache-to"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(key, same[i][0]) == 0)
            return set(r, same[i][1], json_incref(value));
    if (strcmp(key, "context") == 0)
        return set(r, key, json_string(from_root(r, json_string_value(value))));
    if (strcmp(key, "additional_contexts") == 0)
        return take_contexts(r, value);
    if (strcmp(key, "ulimits") == 0)
        return take_ulimits(r, value);
    if (strcmp(key, "extra_hosts") == 0)
        return take_hosts(r, value);
    if (strcmp(key, "provenance") == 0 || strcmp(key, "sbom") == 0)
        return take_attestation(r, key, value);

    size_t i;
    json_t *item;
    bool secrets = strcmp(key, "secrets") == 0, ssh = strcmp(key, "ssh") == 0;
    if (!secrets && !ssh && strcmp(key, "tags") != 0) {
        if (is_nothing(value) || strncmp(key, "x-", 2) == 0)
            return ARC_OK;
        return arc_error_set(r->err, ARC_EINPUT,
                             "service '%.100s': 'build.%.100s' of a compose file is not "
                             "supported; take it out",
                             r->service, key);
    }
    json_array_foreach (value, i, item) {
        int rc = secrets ? take_secret(r, item) : ARC_OK;
        if (ssh)
            rc = take_ssh(r, item);
        else if (!secrets)
            rc = append(r, "tags", json_incref(item));
        ARC_TRY(rc);
    }
    return ARC_OK;
}

static int take_service(struct reading *r, const json_t *service)
{
    const json_t *image = json_object_get(service, "image");
    const json_t *platform = json_object_get(service, "platform");
    const char *key;
    json_t *value;
    if (json_is_string(image))
        ARC_TRY(append(r, "tags", json_incref((json_t *)image)));
    json_object_foreach (json_object_get(service, "build"), key, value)
        ARC_TRY(take_member(r, key, value));
    if (json_is_string(platform) && !json_object_get(r->target, "platforms"))
        ARC_TRY(append(r, "platforms", json_incref((json_t *)platform)));
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
    if (!config || !targets || !real)
        return arc_error_nomem(err);

    const char *name;
    json_t *service;
    json_object_foreach (json_object_get(config, "services"), name, service) {
        ARC_AUTO_JSON json_t *target = json_object();
        struct reading reading = {real, json_object_get(config, "secrets"), name, target, err};
        if (!json_is_object(json_object_get(service, "build")))
            continue;
        ARC_TRY(take_service(&reading, service));
        if (json_object_set(targets, name, target))
            return arc_error_nomem(err);
    }
    *out = arc_steal(&targets);
    return ARC_OK;
}

/* ---- other files ---------------------------------------------------------------------------- */

/* Adds a file that another one names, relative to itself. What is made of variables, or fetched, is
 * no file that could be told. */
static int add_file(const char *base, const struct arc_yaml_node *node, char ***files,
                    struct arc_error *err)
{
    ARC_AUTO_FREE char *path = NULL;
    if (!node || node->type != ARC_YAML_STRING || strpbrk(node->text, "$:"))
        return ARC_OK;
    ARC_TRY(arc_path_resolve(base, node->text, &path, err));
    return path ? arc_list_add(files, path, err) : ARC_OK;
}

/* "FILE", a list of them, or {path: …}. */
static int add_included(const char *base, const struct arc_yaml_node *node, char ***files,
                        struct arc_error *err)
{
    const struct arc_yaml_node *path = arc_yaml_get(node, "path");
    if (path)
        return add_included(base, path, files, err);
    for (size_t i = 0; node && node->type == ARC_YAML_LIST && i < node->count; i++)
        ARC_TRY(add_included(base, node->items[i], files, err));
    return add_file(base, node, files, err);
}

static char *directory_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? strndup(file, (size_t)(slash - file)) : strdup("");
}

static int add_named(const char *root, const char *file, char ***files, struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_AUTO_FREE char *base = directory_of(file);
    if (!base)
        return arc_error_nomem(err);
    if (arc_yaml_read_in(root, file, ARC_YAML_ANY_TAG, &yaml, NULL))
        return ARC_OK; /* Compose has read it, or has said what is wrong with it */

    ARC_TRY(add_included(base, arc_yaml_get(yaml.root, "include"), files, err));
    const struct arc_yaml_node *services = arc_yaml_get(yaml.root, "services");
    for (size_t i = 0; services && services->type == ARC_YAML_MAP && i < services->count; i++)
        ARC_TRY(add_file(base,
                         arc_yaml_at(services->pairs[i].value, "extends", "file", (char *)NULL),
                         files, err));
    return ARC_OK;
}

int arc_compose_files(const char *root, char ***files, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf variables = {.max = 16384};
    ARC_AUTO_FREE char *base = directory_of((*files)[0]);
    if (!base)
        return arc_error_nomem(err);
    for (size_t i = 0; (*files)[i] && i < FILES_MAX; i++)
        ARC_TRY(add_named(root, (*files)[i], files, err));

    arc_buf_printf(&variables, "%s%s.env", base, *base ? "/" : "");
    ARC_TRY(arc_buf_check(&variables, "a path", err));
    return arc_list_add(files, arc_buf_text(&variables), err);
}
