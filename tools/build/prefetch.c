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

static void wish(struct wishes *wishes, const struct arc_verify *verify,
                 enum arc_registry_kind kind, const char *reference)
{
    struct arc_registry_item *item =
        arc_arena_append(&wishes->memory, &wishes->items, &wishes->count, sizeof *item);
    if (item)
        *item = (struct arc_registry_item){kind, verify->service->image, reference};
}

static const json_t *kept(const struct arc_verify *verify, const char *reference)
{
    return arc_registry_kept(verify->registry, verify->service->image, reference);
}

/* Of a manifest in an index, once it was read: its configuration and what its layers tell. */
static void wish_blobs(struct wishes *wishes, const struct arc_verify *verify, const json_t *item)
{
    const json_t *manifest = kept(verify, arc_json_text_of(item, "digest"));
    bool image = !arc_is_attestation(item);

    if (manifest && image)
        wish(wishes, verify, ARC_REGISTRY_BLOB,
             arc_json_text_of(json_object_get(manifest, "config"), "digest"));

    arc_json_each (layer, verify->details ? json_object_get(manifest, "layers") : NULL) {
        bool provenance = arc_is_provenance(layer);
        if (provenance || image)
            wish(wishes, verify, provenance ? ARC_REGISTRY_BLOB : ARC_REGISTRY_TAIL,
                 arc_json_text_of(layer, "digest"));
    }
}

int arc_verify_ahead(const struct arc_verify *verifies, size_t count, struct arc_error *err)
{
    struct wishes wishes = {0};
    int rc = ARC_OK;

    for (int round = 0; !rc && count && round < 3; round++) {
        arc_each (verify, verifies, count) {
            const json_t *index = round ? kept(verify, verify->reference) : NULL;
            const json_t *listed = json_object_get(index, "manifests");
            if (!round)
                wish(&wishes, verify, ARC_REGISTRY_MANIFEST, verify->reference);
            arc_json_each (item, json_array_size(listed) <= MANIFESTS_MAX ? listed : NULL)
                if (round == 1)
                    wish(&wishes, verify, ARC_REGISTRY_MANIFEST, arc_json_text_of(item, "digest"));
                else
                    wish_blobs(&wishes, verify, item);
        }
        rc = arc_arena_check(&wishes.memory, err);
        if (!rc)
            rc = arc_registry_read_ahead(verifies[0].registry, wishes.items, wishes.count, err);
        wishes.count = 0;
    }

    arc_arena_free(&wishes.memory);

    return rc;
}
