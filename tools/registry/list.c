/* Lists an image's tags and referrers, and tests what removing a tag does. */
#include "base/json.h"
#include "base/text.h"
#include "registry/call.h"
#include <inttypes.h>

/* At most this many pages of a listing, and bytes of names, are kept. */
#define PAGES_MAX 10000
#define NAMES_MAX ((size_t)64 << 20)

/* The tags, or digests of manifests, of all pages so far. */
struct listing {
    const char *array;  /* the member of a page that holds the list */
    const char *member; /* the member of each item; NULL: items are strings */
    struct arc_arena *memory;
    char **texts;
    size_t count, bytes;
};

static int add_text(struct listing *listing, const char *text, struct arc_error *err)
{
    size_t room = sizeof *listing->texts + (text ? strlen(text) + 1 : 0);
    if (listing->bytes + room > NAMES_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %zu MiB of names", NAMES_MAX >> 20);
    ARC_APPEND(listing->memory, listing->texts, listing->count, err,
               text ? arc_arena_text(listing->memory, text) : NULL);
    listing->bytes += room;

    return arc_arena_check(listing->memory, err);
}

static int add_page(struct listing *listing, const json_t *page, struct arc_error *err)
{
    arc_json_each (item, json_object_get(page, listing->array)) {
        const char *text =
            listing->member ? arc_json_text_of(item, listing->member) : json_string_value(item);
        if (text && *text)
            ARC_TRY(add_text(listing, text, err));
    }

    return ARC_OK;
}

/* Reads all pages of a listing (distribution spec 1.1, "Listing Tags": Link); *out ends with NULL.
 */
static int read_pages(struct arc_registry *registry, struct registry_call call,
                      struct listing *listing, char ***out, struct arc_error *err)
{
    ARC_AUTO_FREE char *url = NULL;

    call.max = NAMES_MAX; /* docker-registry gives all tags on one page */
    for (unsigned page = 0; page < PAGES_MAX; page++) {
        ARC_AUTO(arc_http_response) struct arc_http_response answer = {0};
        ARC_AUTO_FREE char *next = NULL;
        call.url = url;
        ARC_TRY(registry_send(registry, &call, &answer, err));
        if (answer.status != 200)
            return registry_refused(registry, &call, &answer, err);
        ARC_AUTO_JSON json_t *document =
            arc_json_load(arc_buf_text(&answer.body), answer.body.len, 0, NULL);
        if (!json_is_object(document))
            return arc_error_set(err, ARC_EWORLD, "%s: its %s are not a JSON document", call.image,
                                 call.kind);
        ARC_TRY_PREFIX(add_page(listing, document, err), err, "%s: its %s", call.image, call.kind);
        ARC_TRY(arc_http_link(&answer, &next, err));
        ARC_AUTO_FREE char *asked = arc_steal(&url);
        url = next ? registry_follow(registry, &call, &answer, next) : NULL;
        if (!next) {
            ARC_TRY(add_text(listing, NULL, err));
            *out = listing->texts;
            return ARC_OK;
        }
        if (!url)
            return arc_error_set(err, ARC_EWORLD,
                                 "%s: the list of its %s continues at another "
                                 "address, %.200s",
                                 call.image, call.kind, next);
        if (asked && strcmp(url, asked) == 0) /* the registry ignores `last` */
            return arc_error_set(err, ARC_EWORLD,
                                 "%s: the list of its %s repeats the same page, "
                                 "%.200s",
                                 call.image, call.kind, next);
    }

    return arc_error_set(err, ARC_ELIMIT, "%s: the list of its %s does not end", call.image,
                         call.kind);
}

int arc_registry_tags(struct arc_registry *registry, const char *image, struct arc_arena *memory,
                      char ***out, struct arc_error *err)
{
    const struct registry_call call = {
        .method = "GET", .image = image, .kind = "tags", .reference = "list"};
    struct listing listing = {.array = "tags", .memory = memory};
    return read_pages(registry, call, &listing, out, err);
}

int arc_registry_referrers(struct arc_registry *registry, const char *image, const char *digest,
                           struct arc_arena *memory, char ***out, struct arc_error *err)
{
    const struct registry_call call = {
        .method = "GET", .image = image, .kind = "referrers", .reference = digest};
    struct listing listing = {.array = "manifests", .member = "digest", .memory = memory};
    int rc = read_pages(registry, call, &listing, out, err);
    bool unknown = rc == ARC_EWORLD && (registry->status == 405 || registry->status == 501);
    return unknown ? ARC_ENOTFOUND : rc; /* the specification requires 404 if it is not supported */
}

int arc_registry_probe_untag(struct arc_registry *registry, const char *image, bool *alone,
                             struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest probe = {0};
    ARC_AUTO(arc_error) struct arc_error refused = {0};
    ARC_AUTO(arc_buf) struct arc_buf bytes = {.max = 1024};
    const struct arc_clock *clock = registry->clock;
    char tag[64], digest[ARC_DIGEST_LEN + 1], created[32];

    /* Puts a unique index under a tag of its own. */
    arc_time_print(clock->now(clock->context), created);
    snprintf(tag, sizeof tag, "staging-probe-%08" PRIx32 "%08" PRIx32,
             clock->random(clock->context), clock->random(clock->context));
    arc_buf_printf(
        &bytes,
        "{\"schemaVersion\":2,\"mediaType\":\"" ARC_MEDIA_INDEX
        "\",\"manifests\":[],\"annotations\":{\"org.opencontainers.image.created\":\"%s\","
        "\"arc-ci.probe\":\"%s\"}}",
        created, tag);
    ARC_TRY(arc_manifest_make(&bytes, &probe, err));

    /* One that removes no tags would keep the index. */
    *alone = false;
    int rc = arc_registry_remove(registry, image, tag, &refused);
    if (rc && rc != ARC_ENOTFOUND)
        return arc_error_memory(rc, err);
    ARC_TRY(arc_registry_put(registry, image, tag, &probe, err));

    rc = arc_registry_remove(registry, image, tag, &refused);
    bool untagged = !rc;
    if (untagged)
        rc = arc_registry_resolve(registry, image, tag, digest, NULL);
    if (untagged && rc == ARC_ENOTFOUND) {
        rc = arc_registry_resolve(registry, image, probe.digest, digest, NULL);
        *alone = !rc;
    }

    int cleared = arc_registry_remove(registry, image, probe.digest, &refused);
    ARC_TRY(arc_error_memory(rc, err));
    return arc_error_memory(cleared, err);
}
