#include "base/auto.h"
#include "base/json.h"
#include "build/run.h"
#include "build/verify.h"
#include "os/file.h"
#include "os/folder.h"
#include "os/process.h"
#include <string.h>

/* Changes when what goes into a build changes in a way that its inputs do not show. */
#define KEY_FORMAT 1

/* ---- the key ------------------------------------------------------------------------------- */

static int hash_json(const json_t *value, char **out, struct arc_error *err)
{
    ARC_AUTO_FREE char *text = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT);
    char *key = malloc(ARC_DIGEST_LEN + 1);
    if (!text || !key) {
        free(key);
        return arc_error_nomem(err);
    }
    memcpy(key, "sha256:", 7);
    int rc = arc_sha256(text, strlen(text), key + 7, err);
    if (rc)
        free(key);
    else
        *out = key;
    return rc;
}

static int make_key(const struct arc_build_options *options, const json_t *service, char **out,
                    struct arc_error *err)
{
    char context[ARC_SHA256_HEX];
    ARC_AUTO_FREE char *path =
        arc_file_join(options->env->cwd, arc_json_text_of(service, "directory"));
    if (!path)
        return arc_error_nomem(err);
    int rc = arc_folder_hash(path, context, err);
    if (rc)
        return arc_error_prefix(err, "the build context of %s",
                                arc_json_text_of(service, "service"));
    ARC_AUTO_JSON json_t *inputs = json_pack(
        "{s:i, s:s, s:O, s:O, s:O, s:O, s:b, s:O}", "format", KEY_FORMAT, "context", context,
        "dockerfile", json_object_get(service, "dockerfile"), "args",
        json_object_get(service, "build-args"), "labels", json_object_get(service, "labels"),
        "platforms", json_object_get(options->plan, "platforms"), "sbom", options->sbom, "created",
        json_object_get(options->plan, "created"));
    return inputs ? hash_json(inputs, out, err) : arc_error_nomem(err);
}

/* Whether the service is built: selected, and the one of the cell when there is one. */
static bool wanted(const struct arc_build_options *options, const json_t *service)
{
    const char *codename = arc_json_text_of(service, "service");
    size_t len = strlen(codename);
    if (!options->cell)
        return json_is_true(json_object_get(service, "selected"));
    return strncmp(options->cell, codename, len) == 0 && options->cell[len] == '/';
}

int arc_build_keys(const struct arc_build_options *options, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *keys = json_object();
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(options->plan, "services"), i, service) {
        ARC_AUTO_FREE char *key = NULL;
        if (!wanted(options, service))
            continue;
        int rc = make_key(options, service, &key, err);
        if (rc)
            return rc;
        if (json_object_set_new(keys, arc_json_text_of(service, "service"), json_string(key)))
            return arc_error_nomem(err);
    }
    *out = json_incref(keys);
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* ---- base images --------------------------------------------------------------------------- */

/* Whether the engine has an image of that name and digest: a local one comes before the registry's
 * (docker driver). */
static bool engine_has(const struct arc_build_options *options, const char *ref, const char *digest)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    const char *const argv[] = {"docker", "image", "inspect", "--format", "{{json .RepoDigests}}",
                                "--",     ref,     NULL};
    struct arc_process process = {.argv = argv, .env = options->env, .timeout = 30};
    if (arc_process_run(&process, &result, NULL) || result.status)
        return false;
    return strstr(arc_buf_text(&result.output), digest) != NULL;
}

/* "nats:2.10-alpine" → "nats", "2.10-alpine". */
static int split_ref(const char *ref, char **image, const char **tag, struct arc_error *err)
{
    const char *slash = strrchr(ref, '/');
    const char *colon = strchr(slash ? slash : ref, ':');
    *image = colon ? strndup(ref, (size_t)(colon - ref)) : strdup(ref);
    *tag = colon ? colon + 1 : "latest";
    return *image ? ARC_OK : arc_error_nomem(err);
}

static int base_moved(const struct arc_build_options *options, struct arc_registry *registry,
                      bool local, const json_t *base, bool *moved, struct arc_error *err)
{
    ARC_AUTO_FREE char *image = NULL;
    char digest[ARC_DIGEST_LEN + 1] = "";
    const char *ref = arc_json_text_of(base, "ref"), *tag;
    struct arc_error unknown = {0};
    *moved = false;
    if (strstr(ref, "sha256:") ||
        (local && engine_has(options, ref, arc_json_text_of(base, "digest"))))
        return ARC_OK;
    int rc = split_ref(ref, &image, &tag, err);
    if (rc)
        return rc;
    /* A base that nobody can tell us about is built from again: that is slower, never wrong. */
    *moved = arc_registry_resolve(registry, image, tag, digest, &unknown) ||
             strcmp(digest, arc_json_text_of(base, "digest")) != 0;
    arc_error_clear(&unknown);
    return ARC_OK;
}

static int bases_moved(const struct arc_build_options *options, struct arc_registry *registry,
                       bool local, const json_t *ledger, bool *moved, struct arc_error *err)
{
    size_t i;
    json_t *base;
    int rc = ARC_OK;
    *moved = false;
    json_array_foreach (json_object_get(ledger, "base-images"), i, base) {
        if (!rc && !*moved)
            rc = base_moved(options, registry, local, base, moved, err);
    }
    return rc;
}

/* ---- what is already built ----------------------------------------------------------------- */

int arc_build_find(const struct arc_build_options *options, const struct arc_verify *verify,
                   const char *key, bool local, json_t **ledger, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *found = NULL;
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    bool moved = false;
    *ledger = NULL;
    int rc = arc_verify_index(verify, NULL, &found, &problem);
    if (rc == ARC_ENOTFOUND || rc == ARC_EFAILED)
        return ARC_OK;
    if (rc)
        return arc_error_set(err, rc, "%s", arc_error_text(&problem));
    if (strcmp(arc_json_text_of(found, "key"), key) != 0)
        return ARC_OK;
    rc = bases_moved(options, verify->registry, local, found, &moved, err);
    if (rc || moved)
        return rc;
    json_object_set_new(found, "built", json_false());
    *ledger = json_incref(found);
    return ARC_OK;
}
