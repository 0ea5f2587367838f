/* Prefetches answers, and keeps each until it is taken. */
#include "base/json.h"
#include "base/room.h"
#include "registry/call.h"

/* At most this many bytes are kept; other answers are requested again. */
#define KEPT_MAX ((size_t)64 << 20)

/* Calls in parallel; each answer may have ARC_MANIFEST_MAX. */
#define BATCH 32

/* A prefetched answer. All owned. */
struct registry_kept {
    char *image;
    char *reference;
    bool manifest;
    struct arc_http_response answer;
    json_t *document; /* set when it is first used */
};

static void kept_free(struct registry_kept *kept)
{
    free(kept->image);
    free(kept->reference);
    arc_http_response_free(&kept->answer);
    json_decref(kept->document);
    *kept = (struct registry_kept){0};
}

void arc_registry_forget(struct arc_registry *registry)
{
    for (size_t i = 0; i < registry->kept_count; i++)
        kept_free(&registry->kept[i]);
    free(registry->kept);
    registry->kept = NULL;
    registry->kept_count = registry->kept_bytes = 0;
}

static struct registry_kept *find_kept(const struct arc_registry *registry, const char *image,
                                       const char *reference, bool manifest)
{
    arc_each (kept, registry->kept, registry->kept_count)
        if (kept->manifest == manifest && strcmp(kept->reference, reference) == 0 &&
            strcmp(kept->image, image) == 0)
            return kept;
    return NULL;
}

static bool is_manifest(const struct registry_call *call)
{
    return strcmp(call->kind, "manifests") == 0;
}

bool registry_take(struct arc_registry *registry, const struct registry_call *call,
                   struct arc_http_response *response)
{
    struct registry_kept *kept =
        find_kept(registry, call->image, call->reference, is_manifest(call));
    if (!kept)
        return false;
    arc_http_response_free(response);
    *response = arc_steal(&kept->answer);
    registry->kept_bytes -= response->body.len;
    kept_free(kept);
    *kept = registry->kept[--registry->kept_count];

    return true;
}

const json_t *arc_registry_kept(struct arc_registry *registry, const char *image,
                                const char *reference)
{
    struct registry_kept *kept = find_kept(registry, image, reference, true);
    if (kept && !kept->document && kept->answer.status == 200)
        kept->document =
            arc_json_load(arc_buf_text(&kept->answer.body), kept->answer.body.len, 0, NULL);
    return kept ? kept->document : NULL;
}

static int keep_answer(struct arc_registry *registry, const struct registry_call *call,
                       struct arc_http_response *answer, struct arc_error *err)
{
    /* A missing tag is an answer. A missing digest may not have arrived yet, since something lists
     * it or it was just pushed. Anything else may be temporary, or needs a login. */
    bool tag = !arc_digest_known(call->reference);
    bool final = answer->status == 200 || (answer->status == 404 && tag && !registry->awaits);

    if (!final || registry->kept_bytes + answer->body.len > KEPT_MAX)
        return ARC_OK;
    ARC_TRY_ALLOC(arc_room(&registry->kept, registry->kept_count, sizeof *registry->kept), err);
    struct registry_kept kept = {.image = strdup(call->image),
                                 .reference = strdup(call->reference),
                                 .manifest = is_manifest(call)};
    kept.answer = arc_steal(answer);

    if (!kept.image || !kept.reference) {
        kept_free(&kept);
        return arc_error_nomem(err);
    }

    registry->kept_bytes += kept.answer.body.len;
    registry->kept[registry->kept_count++] = kept;

    return ARC_OK;
}

/* ---- tails --------------------------------------------------------------------------------- */

/* The last four bytes (RFC 9110 section 14.1.2). */
static const char *const last_four[] = {"Range: bytes=-4", NULL};

static int note_tail(struct arc_registry *registry, const struct registry_call *call,
                     const struct arc_http_response *answer, struct arc_error *err)
{
    const unsigned char *byte = (const unsigned char *)answer->body.data;
    if (answer->status == 404)
        return arc_json_set(registry->tails, call->reference, json_false(), err);
    if (answer->status == 200) /* it sends no ranges */
        return arc_json_set(registry->tails, call->reference, json_true(), err);
    if (answer->status != 206 || answer->body.len != 4)
        return ARC_OK;
    uint32_t tail = (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
                    (uint32_t)byte[3] << 24;
    return arc_json_set(registry->tails, call->reference, json_integer(tail), err);
}

bool arc_registry_tail(const struct arc_registry *registry, const char *digest, uint32_t *out)
{
    const json_t *tail = json_object_get(registry->tails, digest);
    *out = (uint32_t)json_integer_value(tail);
    return json_is_integer(tail);
}

int arc_registry_lacks(struct arc_registry *registry, const char *image, const char *digest,
                       bool *lacks, struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response answer = {0};
    const struct registry_call call = {
        .method = "HEAD", .image = image, .kind = "blobs", .reference = digest};
    const json_t *tail = json_object_get(registry->tails, digest);

    *lacks = false;
    if (json_is_integer(tail) || json_is_true(tail))
        return ARC_OK;
    ARC_TRY(registry_send(registry, &call, &answer, err));
    *lacks = answer.status == 404;
    if (answer.status != 200 && !*lacks)
        return registry_refused(registry, &call, &answer, err);

    return *lacks ? ARC_OK : arc_json_set(registry->tails, digest, json_true(), err);
}

/* ---- asking -------------------------------------------------------------------------------- */

/* Makes the call for an item; false if it was prefetched already. */
static bool make_call(struct arc_registry *registry, const struct arc_registry_item *item,
                      struct registry_call *out)
{
    bool tail = item->kind == ARC_REGISTRY_TAIL;
    bool manifest = item->kind == ARC_REGISTRY_MANIFEST;

    *out = (struct registry_call){
        .method = "GET", .image = item->image, .kind = "blobs", .reference = item->reference};
    if (manifest)
        *out = registry_manifest_call(item->image, item->reference);
    if (!tail)
        return !find_kept(registry, item->image, item->reference, manifest);
    out->headers = last_four;
    out->raw = true;
    out->max = 4096; /* in bytes; for a refusal's message */
    bool known = json_object_get(registry->tails, item->reference);
    return !known && json_object_set_new(registry->tails, item->reference, json_null()) == 0;
}

int arc_registry_read_ahead(struct arc_registry *registry, const struct arc_registry_item *items,
                            size_t count, struct arc_error *err)
{
    struct registry_call calls[BATCH];
    size_t ready = 0;

    for (size_t i = 0; i < count; i++) {
        ready += make_call(registry, &items[i], &calls[ready]);
        if (!ready || (ready < BATCH && i + 1 < count))
            continue;

        struct arc_http_response answers[BATCH] = {0};
        int rc = registry_send_all(registry, calls, answers, ready, err);
        for (size_t k = 0; k < ready; k++) {
            if (!rc && calls[k].headers == last_four)
                rc = note_tail(registry, &calls[k], &answers[k], err);
            else if (!rc)
                rc = keep_answer(registry, &calls[k], &answers[k], err);
            arc_http_response_free(&answers[k]);
        }
        ARC_TRY(rc);
        ready = 0;
    }

    return ARC_OK;
}
