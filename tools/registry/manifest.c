#include "base/json.h"
#include "base/text.h"
#include "registry/call.h"
#include <inttypes.h>

/* Largest blob that is read: with `mode=max`, a provenance has every step of a build. */
#define DOCUMENT_MAX ((size_t)64 << 20)

void arc_manifest_free(struct arc_manifest *manifest)
{
    free(manifest->media_type);
    arc_buf_free(&manifest->bytes);
    json_decref(manifest->document);
    *manifest = (struct arc_manifest){0};
}

const char *arc_annotation(const json_t *of, const char *name)
{
    return arc_json_text_of(json_object_get(of, "annotations"), name);
}

int registry_refused(const struct arc_registry *registry, const struct registry_call *call,
                     const struct arc_http_response *response, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf reason = {.max = 4096};
    const struct arc_clock *clock = registry->clock;
    int64_t seconds = arc_http_asked_wait(response, clock->now(clock->context));
    const char *separator = arc_digest_known(call->reference) ? "@" : ":";
    if (strcmp(call->kind, "tags") == 0)
        separator = "/tags/";

    registry_reason(response, registry->logins, NULL, &reason);
    const char *advice = strcmp(call->method, "PUT") == 0
                             ? registry_push_advice(response, arc_buf_text(&reason))
                             : NULL;
    if (advice)
        arc_buf_printf(&reason, "; %s", advice);
    if (seconds > 0)
        arc_buf_printf(&reason, "; it requests to wait %" PRId64 " second%s", seconds,
                       arc_plural((size_t)seconds));
    int code = response->status == 404 ? ARC_ENOTFOUND : ARC_EWORLD;

    return arc_error_set(err, code, "%s %s%s%s: the registry answers %d%s", call->method,
                         call->image, separator, call->reference, response->status,
                         arc_buf_text(&reason));
}

/* ---- reading ------------------------------------------------------------------------------- */

static const char *const accept_manifests[] = {
    "Accept: " ARC_MEDIA_INDEX ", " ARC_MEDIA_MANIFEST
    ", application/vnd.docker.distribution.manifest.list.v2+json"
    ", application/vnd.docker.distribution.manifest.v2+json",
    NULL};

struct registry_call registry_manifest_call(const char *image, const char *reference)
{
    return (struct registry_call){.method = "GET",
                                  .image = image,
                                  .kind = "manifests",
                                  .reference = reference,
                                  .headers = accept_manifests};
}

static int get_answer(struct arc_registry *registry, const struct registry_call *call,
                      struct arc_http_response *response, struct arc_error *err)
{
    if (registry_take(registry, call, response))
        return ARC_OK;
    return registry_send(registry, call, response, err);
}

/* Hashes the bytes and compares that with the requested digest or, for a tag, with the digest that
 * the registry claims. A claim with an unknown algorithm is ignored. */
static int check_digest(const struct registry_call *call, const struct arc_http_response *response,
                        char digest[ARC_DIGEST_LEN + 1], struct arc_error *err)
{
    const struct arc_buf *body = &response->body;
    const char *claimed = arc_http_header(response, "docker-content-digest");
    const char *text = arc_buf_text(body);
    char hashed[ARC_DIGEST_LEN + 1] = "";
    bool asked = arc_digest_known(call->reference);

    if (text[strspn(text, " \t\r\n")] == '<')
        return arc_error_set(err, ARC_EWORLD,
                             "%s %s: the answer is a page of HTML, not a registry's: a proxy's, or "
                             "a login's? Open the registry's address in a browser",
                             call->image, call->reference);
    if (asked)
        claimed = call->reference;
    if (claimed && arc_digest_known(claimed))
        ARC_TRY(arc_digest_like(claimed, body->data, body->len, hashed, err));

    if (*hashed && strcmp(claimed, hashed) != 0)
        return arc_error_set(err, ARC_EFAILED,
                             "%s: %s %s, but the registry sent bytes with the digest %s: "
                             "damaged or replaced",
                             call->image, asked ? "requested" : "the registry's header names",
                             claimed, hashed);

    if (asked) {
        memcpy(digest, hashed, sizeof hashed);
        return ARC_OK;
    }

    memcpy(digest, "sha256:", 7);

    return arc_sha256(body->data, body->len, digest + 7, err);
}

static bool is_media_type(const char *text, size_t len)
{
    return len && len < 256 && strspn(text, ARC_ALNUM "/+.-_") >= len;
}

/* The document's own media type takes precedence over the header, since the digest covers it; the
 * header may have parameters, be generic ("application/json") or be missing (distribution spec 1.1,
 * "Pulling manifests"; image spec, "mediaType"). */
static char *find_media_type(const json_t *document, const struct arc_http_response *response)
{
    const char *own = json_string_value(json_object_get(document, "mediaType"));
    const char *header = arc_http_header(response, "content-type");
    size_t len = header ? strcspn(header, "; \t") : 0;

    if (own && is_media_type(own, strlen(own)))
        return strdup(own);
    if (len > 16 && strncasecmp(header, "application/vnd.", 16) == 0 && is_media_type(header, len))
        return strndup(header, len);
    bool index = json_is_array(json_object_get(document, "manifests"));
    return strdup(index ? ARC_MEDIA_INDEX : ARC_MEDIA_MANIFEST);
}

static int parse_document(const struct registry_call *call, const struct arc_buf *bytes,
                          json_t **out, struct arc_error *err)
{
    json_error_t problem;
    *out = arc_json_load(arc_buf_text(bytes), bytes->len, JSON_REJECT_DUPLICATES, &problem);
    ARC_TRY_ALLOC(*out || *problem.text, err);
    if (json_is_object(*out))
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED, "%s %s: not a valid JSON document: %s", call->image,
                         call->reference, *out ? "no object" : problem.text);
}

int arc_registry_manifest(struct arc_registry *registry, const char *image, const char *reference,
                          struct arc_manifest *out, struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    ARC_AUTO(arc_manifest) struct arc_manifest read = {0};
    struct registry_call call = registry_manifest_call(image, reference);

    arc_manifest_free(out);
    ARC_TRY(get_answer(registry, &call, &response, err));
    if (response.status != 200)
        return registry_refused(registry, &call, &response, err);
    ARC_TRY(check_digest(&call, &response, read.digest, err));
    ARC_TRY(parse_document(&call, &response.body, &read.document, err));
    read.media_type = find_media_type(read.document, &response);
    ARC_TRY_ALLOC(read.media_type, err);
    read.bytes = arc_steal(&response.body);
    *out = arc_steal(&read);

    return ARC_OK;
}

int arc_registry_resolve(struct arc_registry *registry, const char *image, const char *reference,
                         char digest[ARC_DIGEST_LEN + 1], struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct registry_call call = registry_manifest_call(image, reference);

    call.method = "HEAD";
    ARC_TRY(registry_send(registry, &call, &response, err));
    bool gone = response.status == 404 || response.status == 401;
    if (gone || response.status == 429 || response.status >= 500)
        return registry_refused(registry, &call, &response, err);
    const char *claimed = arc_http_header(&response, "docker-content-digest");
    if (response.status == 200 && claimed && arc_digest_known(claimed) &&
        ARC_STARTS(claimed, "sha256:")) {
        memcpy(digest, claimed, strlen(claimed) + 1);
        return ARC_OK;
    }

    /* The header is optional and may use another algorithm; and some registries refuse HEAD but
     * answer GET (405, 403, 400). */
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
    ARC_TRY(arc_registry_manifest(registry, image, reference, &manifest, err));
    memcpy(digest, manifest.digest, sizeof manifest.digest);

    return ARC_OK;
}

int arc_registry_blob(struct arc_registry *registry, const char *image, const char *digest,
                      json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    char hashed[ARC_DIGEST_LEN + 1];
    struct registry_call call = {
        .method = "GET", .image = image, .kind = "blobs", .reference = digest, .max = DOCUMENT_MAX};

    if (!arc_digest_known(digest))
        return arc_error_set(err, ARC_EFAILED, "%s: '%.100s' is not a digest that can be checked",
                             image, digest);

    ARC_TRY(get_answer(registry, &call, &response, err));
    if (response.status != 200)
        ARC_TRY(registry_refused(registry, &call, &response, err));
    ARC_TRY(check_digest(&call, &response, hashed, err));

    return parse_document(&call, &response.body, out, err);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Reads what was just put under a tag, which not all machines of a registry may have yet. */
static int read_stored(struct arc_registry *registry, const struct registry_call *call,
                       const struct arc_manifest *put, struct arc_manifest *out,
                       struct arc_error *err)
{
    unsigned looks = 0;
    do {
        arc_manifest_free(out);
        ARC_TRY(arc_registry_manifest(registry, call->image, call->reference, out, err));
    } while (strcmp(arc_buf_text(&out->bytes), arc_buf_text(&put->bytes)) != 0 &&
             registry_look_again(registry, &looks));

    return ARC_OK;
}

/* Checks the answer to a PUT. The digest in it is optional; without it, asks the registry for the
 * tag. With immutable tags a PUT may be refused although the tag is already right, after an earlier
 * run or a lost answer. */
static int check_stored(struct arc_registry *registry, const struct registry_call *call,
                        const struct arc_manifest *manifest,
                        const struct arc_http_response *response, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest now = {0};
    char ours[ARC_DIGEST_LEN + 1], kept[ARC_DIGEST_LEN + 1] = "";

    if (response->status / 100 != 2) {
        ARC_AUTO(arc_buf) struct arc_buf reason = {.max = 4096};
        registry_reason(response, registry->logins, NULL, &reason);
        if (registry_keeps_tags(arc_buf_text(&reason)) &&
            !arc_registry_resolve(registry, call->image, call->reference, kept, NULL) &&
            strcmp(kept, manifest->digest) == 0)
            return ARC_OK;
        return registry_refused(registry, call, response, err);
    }

    const char *stored = arc_http_header(response, "docker-content-digest");
    if (!stored || !arc_digest_known(stored)) {
        ARC_TRY_PREFIX(read_stored(registry, call, manifest, &now, err), err,
                       "the registry answers %d, and stored nothing", response->status);
        stored = now.digest;
    }

    const struct arc_buf *bytes = &manifest->bytes;
    ARC_TRY(arc_digest_like(stored, bytes->data, bytes->len, ours, err));

    if (strcmp(stored, ours) != 0)
        return arc_error_set(err, ARC_EFAILED, "%s:%s: put %s, but the registry stored %.200s",
                             call->image, call->reference, ours, stored);

    return ARC_OK;
}

static struct registry_call put_call(const struct arc_registry_put *put, const char *const *headers)
{
    return (struct registry_call){.method = "PUT",
                                  .image = put->image,
                                  .kind = "manifests",
                                  .reference = put->tag,
                                  .headers = headers,
                                  .body = &put->manifest->bytes};
}

int arc_registry_put(struct arc_registry *registry, const char *image, const char *tag,
                     const struct arc_manifest *manifest, struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    ARC_AUTO_FREE char *type = NULL;

    ARC_TRY(arc_text_print(&type, err, "Content-Type: %s", manifest->media_type));
    const char *const headers[] = {type, NULL};
    struct arc_registry_put put = {.image = image, .tag = tag, .manifest = manifest};
    struct registry_call call = put_call(&put, headers);
    ARC_TRY(registry_send(registry, &call, &response, err));

    bool awaits = registry->awaits;
    registry->awaits = true;
    int rc = check_stored(registry, &call, manifest, &response, err);
    registry->awaits = awaits;

    return rc;
}

int arc_registry_put_all(struct arc_registry *registry, struct arc_registry_put *puts, size_t count,
                         struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct registry_call *calls = arc_arena_array(&memory, count, sizeof *calls);
    struct arc_http_response *answers = arc_arena_array(&memory, count, sizeof *answers);
    const char *(*headers)[2] = arc_arena_array(&memory, count, sizeof *headers);

    for (size_t i = 0; calls && headers && i < count; i++) {
        headers[i][0] = arc_arena_printf(&memory, "Content-Type: %s", puts[i].manifest->media_type);
        calls[i] = put_call(&puts[i], headers[i]);
    }

    ARC_TRY(arc_arena_check(&memory, err));
    ARC_TRY(registry_send_all(registry, calls, answers, count, err));

    for (size_t i = 0; i < count; i++) {
        puts[i].done =
            check_stored(registry, &calls[i], puts[i].manifest, &answers[i], NULL) == ARC_OK;
        arc_http_response_free(&answers[i]);
    }

    return ARC_OK;
}

int arc_registry_remove(struct arc_registry *registry, const char *image, const char *reference,
                        struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    ARC_AUTO(arc_buf) struct arc_buf reason = {.max = 4096};
    const struct registry_call call = {
        .method = "DELETE", .image = image, .kind = "manifests", .reference = reference};
    int rc = registry_send(registry, &call, &response, err);

    if (rc || response.status / 100 == 2)
        return rc;
    if (response.status == 404)
        return registry_refused(registry, &call, &response, err);
    registry_reason(&response, registry->logins, NULL, &reason);

    return arc_error_set(err, ARC_EFAILED,
                         "%s %s: the registry does not remove %s (it answers "
                         "%d%s)",
                         image, reference, arc_digest_known(reference) ? "manifests" : "tags",
                         response.status, arc_buf_text(&reason));
}

int arc_manifest_make(struct arc_buf *bytes, struct arc_manifest *out, struct arc_error *err)
{
    arc_manifest_free(out);
    ARC_TRY(arc_buf_check(bytes, "manifest", err));
    memcpy(out->digest, "sha256:", 7);
    ARC_TRY(arc_sha256(bytes->data, bytes->len, out->digest + 7, err));
    out->media_type = strdup(ARC_MEDIA_INDEX);
    out->document = arc_json_load(bytes->data, bytes->len, 0, NULL);
    out->bytes = arc_steal(bytes);
    if (out->media_type && out->document)
        return ARC_OK;
    arc_manifest_free(out);

    return arc_error_nomem(err);
}
