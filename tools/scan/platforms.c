/* Which platforms an image has, so that none of them goes unscanned. */
#include "base/auto.h"
#include "base/json.h"
#include "base/platform.h"
#include "registry/registry.h"
#include "scan/run.h"
#include <string.h>

static int read_index(const struct arc_env *env, const char *name, const char *reference,
                      json_t *platforms, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {.document = NULL};

    ARC_TRY(arc_registry_new(env, NULL, &registry, err));
    ARC_TRY(arc_registry_manifest(registry, name, reference, &manifest, err));

    arc_json_each (entry, json_object_get(manifest.document, "manifests")) {
        const json_t *platform = json_object_get(entry, "platform");
        const char *os = arc_json_text_of(platform, "os");
        char text[ARC_PLATFORM_SIZE];

        /* Attestations are entries for unknown/unknown (BuildKit docs, "Image attestation
         * storage"). */
        if (!platform || strcmp(os, "unknown") == 0)
            continue;
        arc_platform_join(os, arc_json_text_of(platform, "architecture"),
                          arc_json_text_of(platform, "variant"), text);

        /* Of two for one platform (versions of Windows, compressions) a scanner takes the first. */
        const char *digest = arc_json_text_of(entry, "digest");
        bool again = arc_json_lists(platforms, text);
        json_t *item = again ? json_sprintf("%s@%s@%s", text, name, digest) : json_string(text);
        ARC_TRY(arc_json_append(platforms, item, err));
    }

    return ARC_OK;
}

int scan_platforms(struct scan_judged *judged, const struct arc_env *env, const char *target,
                   json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO_JSON json_t *platforms = json_array();
    ARC_AUTO_FREE char *name = NULL;
    const char *reference = "latest", *digest = strchr(target, '@');

    /* "HOST/NAME:TAG@DIGEST": the registry is asked for the digest, else the tag. A colon before
     * the last slash is a port. */
    ARC_TRY_ALLOC(platforms, err);
    name = strndup(target, digest ? (size_t)(digest - target) : strlen(target));
    ARC_TRY_ALLOC(name, err);
    char *slash = strrchr(name, '/');
    char *colon = strchr(slash ? slash : name, ':');
    if (colon) {
        reference = target + (colon - name) + 1;
        *colon = '\0';
    }
    if (digest)
        reference = digest + 1;

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
