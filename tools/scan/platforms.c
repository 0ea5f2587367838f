/* Which platforms an image has, so that none of them goes unscanned. */
#include "base/auto.h"
#include "base/json.h"
#include "base/platform.h"
#include "registry/registry.h"
#include "scan/run.h"
#include <string.h>

/* "HOST/NAME:TAG@DIGEST" as its name and what the registry is asked for: the digest, the tag, or
 * "latest". A colon before the last slash is a port. */
static int split_target(const char *target, char **name, const char **reference,
                        struct arc_error *err)
{
    const char *digest = strchr(target, '@');
    size_t len = digest ? (size_t)(digest - target) : strlen(target);
    *name = strndup(target, len);
    ARC_TRY_ALLOC(*name, err);
    char *slash = strrchr(*name, '/');
    char *colon = strchr(slash ? slash : *name, ':');
    *reference = colon ? target + (colon - *name) + 1 : "latest";
    if (digest)
        *reference = digest + 1;
    if (colon)
        *colon = '\0';

    return ARC_OK;
}

/* Attestations are entries for unknown/unknown (BuildKit docs, "Image attestation storage"). */
static int add_platform(const json_t *entry, json_t *platforms, struct arc_error *err)
{
    const json_t *platform = json_object_get(entry, "platform");
    char text[ARC_PLATFORM_SIZE];

    if (!platform || strcmp(arc_json_text_of(platform, "os"), "unknown") == 0)
        return ARC_OK;
    arc_platform_join(arc_json_text_of(platform, "os"), arc_json_text_of(platform, "architecture"),
                      arc_json_text_of(platform, "variant"), text);
    return arc_json_append(platforms, json_string(text), err);
}

static int read_index(const struct arc_env *env, const char *name, const char *reference,
                      json_t *platforms, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {.document = NULL};

    ARC_TRY(arc_registry_new(env, NULL, &registry, err));
    ARC_TRY(arc_registry_manifest(registry, name, reference, &manifest, err));
    arc_json_each (entry, json_object_get(manifest.document, "manifests"))
        ARC_TRY(add_platform(entry, platforms, err));

    return ARC_OK;
}

int scan_platforms(struct scan_judged *judged, const struct arc_env *env, const char *target,
                   json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO_JSON json_t *platforms = json_array();
    ARC_AUTO_FREE char *name = NULL;
    const char *reference = NULL;

    ARC_TRY_ALLOC(platforms, err);
    ARC_TRY(split_target(target, &name, &reference, err));
    int rc = read_index(env, name, reference, platforms, &problem);
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);

    if (rc)
        return scan_warn(judged, err,
                         "%s: the registry does not say its platforms, so only the one that the "
                         "scanner chooses is scanned; --platform names others: %s",
                         target, arc_error_text(&problem));
    *out = arc_steal(&platforms);

    return ARC_OK;
}
