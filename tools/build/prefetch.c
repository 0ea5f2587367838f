/* Prefetches what verification will read: three rounds of parallel requests instead of one request
 * after another. It decides nothing; what is missing is requested again. */
#include "base/json.h"
#include "build/verify.h"

/* At most this many manifests of an index are prefetched: ten platforms with their attestations. No
 * plan makes a longer list. */
#define MANIFESTS_MAX 20

struct wishes {
    struct arc_arena memory;
    struct arc_registry_item *items;
    size_t count;
};

static void wish(struct wishes *wishes, enum arc_registry_kind kind, const char *image,
                 const char *reference)
{
    struct arc_registry_item *item =
        arc_arena_append(&wishes->memory, &wishes->items, &wishes->count, sizeof *item);
    if (item)
        *item = (struct arc_registry_item){kind, image, reference};
}

static const json_t *listed(const struct arc_verify *verify)
{
    const json_t *index =
        arc_registry_kept(verify->registry, verify->service->image, verify->reference);
    const json_t *manifests = json_object_get(index, "manifests");
    return json_array_size(manifests) <= MANIFESTS_MAX ? manifests : NULL;
}

static void wish_blobs(const struct arc_verify *verify, struct wishes *wishes)
{
    arc_json_each (item, listed(verify)) {
        const json_t *manifest = arc_registry_kept(verify->registry, verify->service->image,
                                                   arc_json_text_of(item, "digest"));
        if (manifest && !arc_is_attestation(item))
            wish(wishes, ARC_REGISTRY_BLOB, verify->service->image,
                 arc_json_text_of(json_object_get(manifest, "config"), "digest"));

        arc_json_each (layer, verify->details ? json_object_get(manifest, "layers") : NULL) {
            const char *digest = arc_json_text_of(layer, "digest");
            if (arc_is_provenance(layer))
                wish(wishes, ARC_REGISTRY_BLOB, verify->service->image, digest);
            else if (!arc_is_attestation(item))
                wish(wishes, ARC_REGISTRY_TAIL, verify->service->image, digest);
        }
    }
}

int arc_verify_ahead(const struct arc_verify *verifies, size_t count, struct arc_error *err)
{
    struct wishes wishes = {0};
    int rc = ARC_OK;

    for (int round = 0; !rc && count && round < 3; round++) {
        arc_each (verify, verifies, count) {
            if (round == 0)
                wish(&wishes, ARC_REGISTRY_MANIFEST, verify->service->image, verify->reference);
            else if (round == 1) {
                arc_json_each (item, listed(verify))
                    wish(&wishes, ARC_REGISTRY_MANIFEST, verify->service->image,
                         arc_json_text_of(item, "digest"));
            } else
                wish_blobs(verify, &wishes);
        }
        rc = arc_arena_check(&wishes.memory, err);
        if (!rc)
            rc = arc_registry_read_ahead(verifies[0].registry, wishes.items, wishes.count, err);
        wishes.count = 0;
    }

    arc_arena_free(&wishes.memory);

    return rc;
}
