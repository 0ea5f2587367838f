/* A registry's answers: challenges, manifests, indexes, configurations, provenance and blobs. Whatever it says, what
 * is verified has the planned platforms, each with a digest. */
#include "build/verify.h"
#include "world.h"

static const char *const vars[] = {"HOME=/nonexistent", "PATH=/nonexistent", NULL};
static const struct arc_env env = {.vars = vars};
static char image[] = "ghcr.io/o/arc-a", amd64[] = "linux/amd64", arm64[] = "linux/arm64";

static void verify(struct arc_registry *registry, bool two)
{
    char label[] = "org.opencontainers.image.revision", revision[] = "0123";
    struct arc_pair labels[] = {{label, revision}, {NULL, NULL}};
    char *platforms[] = {amd64, two ? arm64 : NULL, NULL};
    char *mirrors[] = {NULL};
    struct arc_planned_service service = {.service = arm64,
                                          .name = arm64,
                                          .image = image,
                                          .labels = labels,
                                          .mirrors = mirrors,
                                          .platforms = platforms};
    struct arc_verify verify = {.registry = registry,
                                .service = &service,
                                .platforms = platforms,
                                .reference = "staging",
                                .details = true};
    struct arc_arena memory = {0};
    struct arc_built_service built = {0};
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    if (arc_verify_ahead(&verify, 1, &err))
        abort();
    int rc = arc_verify_index(&verify, &memory, &built, &index, &err);
    world_check(rc, &err);
    if (!rc && (built.cell_count != (two ? 2 : 1) || !built.digest || !index.bytes.len))
        abort();
    arc_arena_free(&memory);
}

static void use(unsigned choice)
{
    struct arc_registry *registry = NULL;
    char digest[ARC_DIGEST_LEN + 1];
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
    ARC_AUTO_JSON json_t *blob = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    int rc = arc_registry_new(&env, &world_clock, &registry, NULL);
    if (rc)
        return;
    if (choice % 5 == 0)
        rc = arc_registry_resolve(registry, image, "v1", digest, &err);
    else if (choice % 5 == 1)
        rc = arc_registry_manifest(registry, image, "v1", &manifest, &err);
    else if (choice % 5 == 2)
        rc = arc_registry_blob(
            registry, image,
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", &blob, &err);
    else
        verify(registry, choice % 5 == 4);
    world_check(rc, &err);
    if (!rc && manifest.media_type &&
        arc_registry_put(registry, image, "v2", &manifest, NULL) == ARC_OK)
        arc_registry_remove(registry, image, "v2", NULL);
    arc_registry_free(registry);
}

FUZZ_WORLD(use)
