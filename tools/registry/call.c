/* Requests to a registry: names, logins, one request, several at once. */
#include "registry/call.h"
#include "base/auto.h"
#include "registry/auth.h"
#include <string.h>

int arc_registry_new(const struct arc_env *env, const struct arc_clock *clock,
                     struct arc_registry **out, struct arc_error *err)
{
    struct arc_registry *registry = calloc(1, sizeof *registry);
    struct arc_http_options options = {.env = env};
    if (!registry)
        return arc_error_nomem(err);
    *registry = (struct arc_registry){
        .env = env, .clock = clock, .logins = json_object(), .tails = json_object()};
    int rc = registry->logins && registry->tails ? arc_http_new(&options, &registry->http, err)
                                                 : arc_error_nomem(err);
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
    arc_registry_forget(registry);
    json_decref(registry->logins);
    json_decref(registry->tails);
    free(registry);
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

bool registry_is_digest(const char *text)
{
    return strncmp(text, "sha256:", 7) == 0 && strlen(text) == ARC_DIGEST_LEN &&
           strspn(text + 7, "0123456789abcdef") == 64;
}

static bool is_reference(const char *text)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t len = strlen(text);
    return registry_is_digest(text) || (len && len <= 128 && strspn(text, word) == len);
}

/* ---- requests ------------------------------------------------------------------------------ */

/* A call's URL, and the name under which its login is remembered. */
struct address {
    struct target target;
    struct arc_buf url;
    struct arc_buf login;
};

static void address_free(struct address *address)
{
    arc_buf_free(&address->url);
    arc_buf_free(&address->login);
}

static int address_of(const struct registry_call *call, struct address *out, struct arc_error *err)
{
    *out = (struct address){.url.max = 2048, .login.max = 1024};
    int rc = parse_image(call->image, &out->target, err);
    if (rc)
        return rc;
    if (!is_reference(call->reference))
        return arc_error_set(err, ARC_EINPUT, "'%.200s' is neither a tag nor a sha256 digest",
                             call->reference);
    add_url(&out->url, &out->target, call->kind, call->reference);
    arc_buf_printf(&out->login, "%s %s %s", out->target.host, out->target.repository,
                   strcmp(call->method, "GET") && strcmp(call->method, "HEAD") ? "push" : "pull");
    rc = arc_buf_check(&out->url, "registry URL", err);
    return rc ? rc : arc_buf_check(&out->login, "image name", err);
}

static const char *login_of(const struct arc_registry *registry, const struct address *address)
{
    return json_string_value(json_object_get(registry->logins, arc_buf_text(&address->login)));
}

static struct arc_http_request request_of(const struct arc_registry *registry,
                                          const struct registry_call *call,
                                          const struct address *address)
{
    return (struct arc_http_request){.method = call->method,
                                     .url = arc_buf_text(&address->url),
                                     .headers = call->headers,
                                     .authorization = login_of(registry, address),
                                     .body = call->body ? call->body->data : NULL,
                                     .body_len = call->body ? call->body->len : 0,
                                     .redirects = 5,
                                     .timeout = 120,
                                     .max = call->max ? call->max : ARC_MANIFEST_MAX};
}

/* Answers a 401 and remembers the answer for the repository. */
static int authorize(struct arc_registry *registry, const struct address *address,
                     const struct arc_http_response *response, struct arc_error *err)
{
    ARC_AUTO(arc_challenge) struct arc_challenge challenge = {0};
    ARC_AUTO_FREE char *answer = NULL;
    const char *host = address->target.host;
    const char *header = arc_http_header(response, "www-authenticate");
    int rc = arc_challenge_parse(header ? header : "", &challenge, err);
    if (rc)
        return arc_error_prefix(err, "%s answers 401", host);
    rc = arc_challenge_answer(registry->env, registry->http, host, &challenge, &answer, err);
    if (rc)
        return rc;
    const char *name = arc_buf_text(&address->login);
    return json_object_set_new(registry->logins, name, json_string(answer)) ? arc_error_nomem(err)
                                                                            : ARC_OK;
}

int registry_send(struct arc_registry *registry, const struct registry_call *call,
                  struct arc_http_response *response, struct arc_error *err)
{
    ARC_AUTO(address) struct address address;
    struct arc_http_retry retry = {.attempts = 5, .max_wait = 60, .clock = registry->clock};
    int rc = address_of(call, &address, err);
    for (int attempt = 0; !rc && attempt < 2; attempt++) {
        struct arc_http_request request = request_of(registry, call, &address);
        rc = arc_http_send_retrying(registry->http, &request, &retry, NULL, response, err);
        if (rc || response->status != 401 || attempt == 1)
            break;
        rc = authorize(registry, &address, response, err);
    }
    return rc;
}

/* ---- several ------------------------------------------------------------------------------- */

/* Calls that are sent side by side; what has a status is not sent (again). */
struct round {
    struct arc_registry *registry;
    const struct registry_call *calls;
    struct address *addresses;
    struct arc_http_request *requests;
    struct arc_http_response *fresh;
    size_t *places; /* which call requests[i] is */
    struct arc_http_response *answers;
    size_t count;
};

static int round_alloc(struct round *round, struct arc_error *err)
{
    round->addresses = calloc(round->count + 1, sizeof *round->addresses);
    round->requests = calloc(round->count + 1, sizeof *round->requests);
    round->fresh = calloc(round->count + 1, sizeof *round->fresh);
    round->places = calloc(round->count + 1, sizeof *round->places);
    return round->addresses && round->requests && round->fresh && round->places
               ? ARC_OK
               : arc_error_nomem(err);
}

static void round_free(struct round *round)
{
    for (size_t i = 0; round->addresses && i < round->count; i++)
        address_free(&round->addresses[i]);
    free(round->addresses);
    free(round->requests);
    free(round->fresh);
    free(round->places);
}

/* Sends those whose answer has this status. */
static int send_round(struct round *round, int status, struct arc_error *err)
{
    size_t sent = 0;
    for (size_t i = 0; i < round->count; i++) {
        if (round->answers[i].status != status || !round->addresses[i].url.len)
            continue;
        round->requests[sent] = request_of(round->registry, &round->calls[i], &round->addresses[i]);
        round->places[sent++] = i;
    }
    int rc = arc_http_send_all(round->registry->http, round->requests, round->fresh, sent, err);
    for (size_t i = 0; !rc && i < sent; i++) {
        arc_http_response_free(&round->answers[round->places[i]]);
        round->answers[round->places[i]] = round->fresh[i];
        round->fresh[i] = (struct arc_http_response){0};
    }
    return rc;
}

/* One login for each repository that asked for one; true when there is any. A refused one is the
 * last: it would be refused again, and is explained when one call is sent by itself. */
static bool log_in(struct round *round)
{
    bool any = false;
    for (size_t i = 0; i < round->count; i++) {
        const struct address *address = &round->addresses[i];
        if (round->answers[i].status != 401)
            continue;
        if (!login_of(round->registry, address) &&
            authorize(round->registry, address, &round->answers[i], NULL) != ARC_OK)
            break;
        any = true;
    }
    return any;
}

int registry_send_all(struct arc_registry *registry, const struct registry_call *calls,
                      struct arc_http_response *answers, size_t count, struct arc_error *err)
{
    ARC_AUTO(round)
    struct round round = {.registry = registry, .calls = calls, .answers = answers, .count = count};
    int rc = round_alloc(&round, err);
    for (size_t i = 0; !rc && i < count; i++)
        if (address_of(&calls[i], &round.addresses[i], NULL)) /* said when it is asked for */
            arc_buf_reset(&round.addresses[i].url);
    if (!rc)
        rc = send_round(&round, 0, err);
    if (!rc && log_in(&round))
        rc = send_round(&round, 401, err);
    return rc;
}
