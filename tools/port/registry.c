#include "port/registry.h"
#include "base/auto.h"
#include "base/text.h"
#include "port/hash.h"
#include "port/http.h"
#include "port/registry_auth.h"
#include <string.h>

struct arc_registry {
    const struct arc_env *env;
    const struct arc_clock *clock;
    struct arc_http *http;
    json_t *answers; /* "host repository" → Authorization value that was accepted last */
};

int arc_registry_new(const struct arc_env *env, const struct arc_clock *clock,
                     struct arc_registry **out, struct arc_error *err)
{
    struct arc_registry *registry = calloc(1, sizeof *registry);
    struct arc_http_options options = {.env = env};
    if (!registry)
        return arc_error_nomem(err);
    *registry = (struct arc_registry){.env = env, .clock = clock, .answers = json_object()};
    int rc =
        registry->answers ? arc_http_new(&options, &registry->http, err) : arc_error_nomem(err);
    if (rc)
        arc_registry_free(registry);
    else
        *out = registry;
    return rc;
}

void arc_registry_free(struct arc_registry *registry)
{
    if (!registry)
        return;
    arc_http_free(registry->http);
    json_decref(registry->answers);
    free(registry);
}

void arc_manifest_free(struct arc_manifest *manifest)
{
    free(manifest->media_type);
    arc_buf_free(&manifest->bytes);
    json_decref(manifest->document);
    *manifest = (struct arc_manifest){0};
}

/* ---- names --------------------------------------------------------------------------------- */

/* "ghcr.io/a/b" → host and repository; Docker Hub when the first part is no host (distribution's
 * reference grammar: a host has a dot, a port, or is localhost). */
struct target {
    char host[256];
    char repository[512];
};

static bool is_host(const char *image, size_t len)
{
    return memchr(image, '.', len) || memchr(image, ':', len) ||
           (len == 9 && strncmp(image, "localhost", 9) == 0);
}

static int parse_image(const char *image, struct target *out, struct arc_error *err)
{
    const char *slash = strchr(image, '/');
    size_t host = slash ? (size_t)(slash - image) : 0;
    bool hub = !slash || !is_host(image, host);
    const char *path = hub ? image : slash + 1;
    int wrote = snprintf(out->repository, sizeof out->repository, "%s%s",
                         hub && !slash ? "library/" : "", path);
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
    size_t good = strspn(out->repository, allowed);
    bool odd = *path == '/' || strstr(out->repository, "..") || strstr(out->repository, "//");
    if (wrote < 0 || (size_t)wrote >= sizeof out->repository || !*path || odd ||
        out->repository[good] || host >= sizeof out->host)
        return arc_error_set(err, ARC_EINPUT, "'%.300s' is no image name", image);
    snprintf(out->host, sizeof out->host, "%.*s", hub ? 9 : (int)host, hub ? "docker.io" : image);
    return ARC_OK;
}

/* Exactly this machine: "localhost.example.org" and "127.example.org" are others. */
static bool is_loopback(const char *host)
{
    size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    bool address = strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len;
    return address || (len == 9 && strncmp(host, "localhost", 9) == 0) ||
           (len == 5 && strncmp(host, "[::1]", 5) == 0);
}

static void add_url(struct arc_buf *url, const struct target *target, const char *kind,
                    const char *reference)
{
    bool hub = strcmp(target->host, "docker.io") == 0;
    arc_buf_printf(url, "%s://%s/v2/%s/%s/%s", is_loopback(target->host) ? "http" : "https",
                   hub ? "registry-1.docker.io" : target->host, target->repository, kind,
                   reference);
}

static bool is_digest(const char *text)
{
    return strncmp(text, "sha256:", 7) == 0 && strlen(text) == ARC_DIGEST_LEN &&
           strspn(text + 7, "0123456789abcdef") == 64;
}

static bool is_reference(const char *text)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t len = strlen(text);
    return is_digest(text) || (len && len <= 128 && strspn(text, word) == len);
}

/* ---- requests ------------------------------------------------------------------------------ */

/* What is asked for; the URL and the authorization are filled in here. */
struct call {
    const char *method;
    const char *image;
    const char *kind; /* "manifests" or "blobs" */
    const char *reference;
    const char *const *headers;
    const struct arc_buf *body;
};

static int send_once(struct arc_registry *registry, const struct call *call, const char *url,
                     const char *authorization, struct arc_http_response *response,
                     struct arc_error *err)
{
    struct arc_http_request request = {.method = call->method,
                                       .url = url,
                                       .headers = call->headers,
                                       .authorization = authorization,
                                       .body = call->body ? call->body->data : NULL,
                                       .body_len = call->body ? call->body->len : 0,
                                       .redirects = 5,
                                       .timeout = 120,
                                       .max = ARC_MANIFEST_MAX};
    struct arc_http_retry retry = {.attempts = 5, .max_wait = 60, .clock = registry->clock};
    return arc_http_send_retrying(registry->http, &request, &retry, NULL, response, err);
}

/* Answers a 401 and remembers the answer for the repository. */
static int authorize(struct arc_registry *registry, const struct target *target, const char *key,
                     const struct arc_http_response *response, struct arc_error *err)
{
    ARC_AUTO(arc_challenge) struct arc_challenge challenge = {0};
    ARC_AUTO_FREE char *answer = NULL;
    const char *header = arc_http_header(response, "www-authenticate");
    int rc = arc_challenge_parse(header ? header : "", &challenge, err);
    if (rc)
        return arc_error_prefix(err, "%s answers 401", target->host);
    rc =
        arc_challenge_answer(registry->env, registry->http, target->host, &challenge, &answer, err);
    if (rc)
        return rc;
    return json_object_set_new(registry->answers, key, json_string(answer)) ? arc_error_nomem(err)
                                                                            : ARC_OK;
}

static int send_call(struct arc_registry *registry, const struct call *call,
                     struct arc_http_response *response, struct arc_error *err)
{
    struct target target;
    ARC_AUTO(arc_buf) struct arc_buf url = {.max = 2048}, key = {.max = 1024};
    int rc = parse_image(call->image, &target, err);
    if (rc)
        return rc;
    if (!is_reference(call->reference))
        return arc_error_set(err, ARC_EINPUT, "'%.200s' is neither a tag nor a sha256 digest",
                             call->reference);
    add_url(&url, &target, call->kind, call->reference);
    arc_buf_printf(&key, "%s %s %s", target.host, target.repository,
                   strcmp(call->method, "GET") && strcmp(call->method, "HEAD") ? "push" : "pull");
    rc = arc_buf_check(&url, "registry URL", err);
    for (int attempt = 0; !rc && attempt < 2; attempt++) {
        const char *known =
            json_string_value(json_object_get(registry->answers, arc_buf_text(&key)));
        rc = send_once(registry, call, arc_buf_text(&url), known, response, err);
        if (rc || response->status != 401 || attempt == 1)
            break;
        rc = authorize(registry, &target, arc_buf_text(&key), response, err);
    }
    return rc;
}

/* What the registry says went wrong (distribution spec 1.1, "Error Codes"). */
static int refused(const struct call *call, const struct arc_http_response *response,
                   struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf reason = {.max = 4096};
    ARC_AUTO_JSON json_t *body =
        json_loadb(arc_buf_text(&response->body), response->body.len, 0, NULL);
    const json_t *first = json_array_get(json_object_get(body, "errors"), 0);
    const char *text = json_string_value(json_object_get(first, "message"));
    if (!text)
        text = json_string_value(json_object_get(first, "code"));
    if (text)
        arc_text_visible(&reason, text, strnlen(text, 500));
    int code = response->status == 404 ? ARC_ENOTFOUND : ARC_EWORLD;
    bool digest = is_digest(call->reference);
    return arc_error_set(err, code, "%s %s%c%s: the registry answers %d%s%s", call->method,
                         call->image, digest ? '@' : ':', call->reference, response->status,
                         reason.len ? ": " : "", arc_buf_text(&reason));
}

/* ---- reading ------------------------------------------------------------------------------- */

static const char *const accept_manifests[] = {
    "Accept: " ARC_MEDIA_INDEX ", " ARC_MEDIA_MANIFEST
    ", application/vnd.docker.distribution.manifest.list.v2+json"
    ", application/vnd.docker.distribution.manifest.v2+json",
    NULL};

/* The digest of bytes, compared with what was asked for and with what the registry claims. */
static int check_digest(const struct call *call, const struct arc_http_response *response,
                        char digest[ARC_DIGEST_LEN + 1], struct arc_error *err)
{
    memcpy(digest, "sha256:", 7);
    int rc = arc_sha256(response->body.data, response->body.len, digest + 7, err);
    if (rc)
        return rc;
    const char *claimed = arc_http_header(response, "docker-content-digest");
    if (is_digest(call->reference))
        claimed = call->reference;
    if (claimed && strcmp(claimed, digest) != 0)
        return arc_error_set(err, ARC_EFAILED,
                             "%s: asked for %s, the registry sent bytes of %s: damaged or replaced",
                             call->image, is_digest(claimed) ? claimed : call->reference, digest);
    return ARC_OK;
}

static int parse_document(const struct call *call, const struct arc_buf *bytes, json_t **out,
                          struct arc_error *err)
{
    json_error_t problem;
    *out = json_loadb(arc_buf_text(bytes), bytes->len, JSON_REJECT_DUPLICATES, &problem);
    if (json_is_object(*out))
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED, "%s %s: not the JSON document it should be: %s",
                         call->image, call->reference, *out ? "no object" : problem.text);
}

int arc_registry_manifest(struct arc_registry *registry, const char *image, const char *reference,
                          struct arc_manifest *out, struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct call call = {"GET", image, "manifests", reference, accept_manifests, NULL};
    arc_manifest_free(out);
    int rc = send_call(registry, &call, &response, err);
    if (!rc && response.status != 200)
        rc = refused(&call, &response, err);
    if (!rc)
        rc = check_digest(&call, &response, out->digest, err);
    if (!rc)
        rc = parse_document(&call, &response.body, &out->document, err);
    const char *type = rc ? NULL : arc_http_header(&response, "content-type");
    if (!rc) {
        out->media_type = strdup(type ? type : ARC_MEDIA_INDEX);
        out->bytes = response.body;
        response.body = (struct arc_buf){0};
        rc = out->media_type ? ARC_OK : arc_error_nomem(err);
    }
    if (rc)
        arc_manifest_free(out);
    return rc;
}

int arc_registry_resolve(struct arc_registry *registry, const char *image, const char *reference,
                         char digest[ARC_DIGEST_LEN + 1], struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct call call = {"HEAD", image, "manifests", reference, accept_manifests, NULL};
    int rc = send_call(registry, &call, &response, err);
    if (rc || response.status != 200)
        return rc ? rc : refused(&call, &response, err);
    const char *claimed = arc_http_header(&response, "docker-content-digest");
    if (!claimed || !is_digest(claimed))
        return arc_error_set(err, ARC_EFAILED, "%s:%s: the registry tells no sha256 digest", image,
                             reference);
    memcpy(digest, claimed, ARC_DIGEST_LEN + 1);
    return ARC_OK;
}

int arc_registry_blob(struct arc_registry *registry, const char *image, const char *digest,
                      json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    char hashed[ARC_DIGEST_LEN + 1];
    struct call call = {"GET", image, "blobs", digest, NULL, NULL};
    if (!is_digest(digest))
        return arc_error_set(err, ARC_EFAILED, "%s: '%.100s' is no sha256 digest", image, digest);
    int rc = send_call(registry, &call, &response, err);
    if (!rc && response.status != 200)
        rc = refused(&call, &response, err);
    if (!rc)
        rc = check_digest(&call, &response, hashed, err);
    return rc ? rc : parse_document(&call, &response.body, out, err);
}

/* ---- writing ------------------------------------------------------------------------------- */

int arc_registry_put(struct arc_registry *registry, const char *image, const char *reference,
                     const struct arc_manifest *manifest, struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    ARC_AUTO(arc_buf) struct arc_buf type = {.max = 512};
    arc_buf_printf(&type, "Content-Type: %s", manifest->media_type);
    int rc = arc_buf_check(&type, "media type", err);
    if (rc)
        return rc;
    const char *const headers[] = {arc_buf_text(&type), NULL};
    struct call call = {"PUT", image, "manifests", reference, headers, &manifest->bytes};
    rc = send_call(registry, &call, &response, err);
    if (rc || response.status < 200 || response.status > 299)
        return rc ? rc : refused(&call, &response, err);
    const char *stored = arc_http_header(&response, "docker-content-digest");
    if (stored && strcmp(stored, manifest->digest) != 0)
        return arc_error_set(err, ARC_EFAILED, "%s:%s: put %s, but the registry stored %.100s",
                             image, reference, manifest->digest, stored);
    return ARC_OK;
}

int arc_registry_untag(struct arc_registry *registry, const char *image, const char *tag,
                       struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct call call = {"DELETE", image, "manifests", tag, NULL, NULL};
    if (is_digest(tag))
        return arc_error_set(err, ARC_EINPUT, "%s is a digest, not a tag", tag);
    int rc = send_call(registry, &call, &response, err);
    if (rc || (response.status >= 200 && response.status <= 299))
        return rc;
    rc = refused(&call, &response, err);
    return rc == ARC_ENOTFOUND ? rc
                               : arc_error_set(err, ARC_EFAILED,
                                               "%s:%s: the registry removes no tags (it "
                                               "answers %d)",
                                               image, tag, response.status);
}

int arc_manifest_make(struct arc_buf *bytes, const char *media_type, struct arc_manifest *out,
                      struct arc_error *err)
{
    arc_manifest_free(out);
    int rc = arc_buf_check(bytes, "manifest", err);
    memcpy(out->digest, "sha256:", 7);
    if (!rc)
        rc = arc_sha256(bytes->data, bytes->len, out->digest + 7, err);
    if (rc)
        return rc;
    out->media_type = strdup(media_type);
    out->document = json_loadb(bytes->data, bytes->len, 0, NULL);
    out->bytes = *bytes;
    *bytes = (struct arc_buf){0};
    if (out->media_type && out->document)
        return ARC_OK;
    arc_manifest_free(out);
    return arc_error_nomem(err);
}
