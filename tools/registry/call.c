/* Requests to a registry: names, logins, single requests, several in parallel. */
#include "registry/call.h"
#include "base/json.h"
#include "base/text.h"
#include "registry/trust.h"

int arc_registry_new(const struct arc_env *env, const struct arc_clock *clock,
                     struct arc_registry **out, struct arc_error *err)
{
    struct arc_registry *registry = calloc(1, sizeof *registry);
    struct arc_http_options options = {.env = env};

    ARC_TRY_ALLOC(registry, err);
    *registry = (struct arc_registry){.env = env,
                                      .clock = clock ? clock : arc_clock_system(),
                                      .logins = json_object(),
                                      .helped = json_object(),
                                      .tails = json_object()};
    int rc = arc_http_new(&options, &registry->http, err);
    if (!rc && !(registry->logins && registry->helped && registry->tails))
        rc = arc_error_nomem(err);
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
    json_decref(registry->helped);
    json_decref(registry->tails);
    free(registry);
}

/* ---- requests ------------------------------------------------------------------------------ */

/* A call's URL, and the key under which its login is remembered. */
struct address {
    char host[256];
    char repository[512];
    bool insecure;
    char url[2048];
    char login[1024];
};

/* The actions of a request in a token's scope. To remove, some registries require "delete", and name
 * it in their challenge; Quay gives no token to whoever asks for that. */
static const char *actions_of(const struct registry_call *call)
{
    return ARC_AMONG(call->method, "GET", "HEAD") ? "pull" : "pull,push";
}

/* Splits "ghcr.io/a/b" into host and repository. If the first component is not a host
 * (distribution's reference grammar: it has a dot, a port, or is localhost), the host is Docker
 * Hub. */
static int find_address(const struct arc_registry *registry, const struct registry_call *call,
                        struct address *out, struct arc_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
    const char *image = call->image, *slash = strchr(image, '/');
    size_t len = slash ? (size_t)(slash - image) : 0;
    bool hub = !slash || (!memchr(image, '.', len) && !memchr(image, ':', len) &&
                          !arc_text_is(image, len, "localhost"));
    const char *path = hub ? image : slash + 1;

    *out = (struct address){.insecure = false};
    int wrote =
        snprintf(out->repository, sizeof out->repository, "%s%s", slash ? "" : "library/", path);
    bool odd = *path == '/' || strstr(out->repository, "..") || strstr(out->repository, "//");
    if (wrote < 0 || (size_t)wrote >= sizeof out->repository || !*path || odd ||
        out->repository[strspn(out->repository, allowed)] || len >= sizeof out->host)
        return arc_error_set(err, ARC_EINPUT, "'%.300s' is not an image name", image);
    if (hub)
        snprintf(out->host, sizeof out->host, "docker.io");
    else
        snprintf(out->host, sizeof out->host, "%.*s", (int)len, image);

    len = strlen(call->reference);
    bool tag = len && len <= 128 && strspn(call->reference, ARC_ALNUM "_.-") == len;
    if (!tag && !arc_digest_known(call->reference) && strcmp(call->kind, "blobs/uploads") != 0)
        return arc_error_set(err, ARC_EINPUT,
                             "'%.200s' is neither a tag nor a digest that can be checked",
                             call->reference);

    const char *host = out->host, *repository = out->repository;
    struct registry_trust trust = registry_trust_of(registry->env, host, strlen(host));
    out->insecure = trust.named;
    snprintf(out->login, sizeof out->login, "%s %s %s", host, repository, actions_of(call));

    if (!call->url)
        snprintf(out->url, sizeof out->url, "%s://%s/v2/%s/%s/%s", trust.plain ? "http" : "https",
                 registry_server(host), repository, call->kind, call->reference);
    else if (snprintf(out->url, sizeof out->url, "%s", call->url) >= (int)sizeof out->url)
        return arc_error_set(err, ARC_ELIMIT, "%s: a URL of %zu bytes is too long", image,
                             strlen(call->url));

    return ARC_OK;
}

char *registry_follow(const struct arc_registry *registry, const struct registry_call *call,
                      const struct arc_http_response *answer, const char *reference)
{
    struct address address;
    ARC_AUTO_FREE char *url = NULL;
    struct registry_call first = *call;

    first.url = NULL;

    if (!reference || !answer->url || find_address(registry, &first, &address, NULL) ||
        arc_http_resolve(registry->http, answer->url, reference, &url, NULL))
        return NULL;

    /* Behind a proxy that terminates TLS, a registry gives http URLs of itself: keep the scheme and
     * host it was reached at. */
    size_t origin = (size_t)(strstr(address.url, "/v2/") - address.url);
    const char *path = strchr(strstr(url, "://") + 3, '/');
    if (!path || !arc_http_same_host(registry->http, address.url, url))
        return NULL;

    char *followed = NULL;
    arc_text_print(&followed, NULL, "%.*s%s", (int)origin, address.url, path);
    return followed;
}

static const char *login_of(const struct arc_registry *registry, const struct address *address)
{
    return json_string_value(json_object_get(registry->logins, address->login));
}

static struct arc_http_request request_of(const struct arc_registry *registry,
                                          const struct registry_call *call,
                                          const struct address *address)
{
    static const struct arc_buf none;
    const struct arc_buf *body = arc_or(call->body, &none);

    return (struct arc_http_request){.method = call->method,
                                     .url = address->url,
                                     .headers = call->headers,
                                     .authorization = login_of(registry, address),
                                     .body = body->data,
                                     .body_len = body->len,
                                     .redirects = 5,
                                     .raw = call->raw,
                                     .insecure = address->insecure,
                                     .timeout = 120,
                                     .max = call->max ? call->max : ARC_MANIFEST_MAX};
}

/* Seconds for which a credential helper's answer is kept: its token may expire soon. */
#define HELPED_MAX 60

/* Answers a 401, and remembers the authorization for the repository. */
static int authorize(struct arc_registry *registry, const struct registry_call *call,
                     const struct address *address, const struct arc_http_response *response,
                     struct arc_error *err)
{
    ARC_AUTO(arc_challenge) struct arc_challenge challenge = {0};
    ARC_AUTO(arc_buf) struct arc_buf scope = {.max = 1024};
    ARC_AUTO_FREE char *answer = NULL;

    ARC_TRY_PREFIX(arc_challenge_of(response, &challenge, err), err, "%s answers 401",
                   address->host);

    /* Behind a proxy that terminates TLS, its realm's URL has http too. */
    if (challenge.realm && strncasecmp(challenge.realm, "https:", 6) != 0) {
        char *own = registry_follow(registry, call, response, challenge.realm);
        if (own) {
            free(challenge.realm);
            challenge.realm = own;
        }
    }

    arc_buf_printf(&scope, "repository:%s:%s", address->repository, actions_of(call));
    ARC_TRY(arc_buf_check(&scope, "image name", err));

    int64_t now = registry->clock->now(registry->clock->context);
    if (now >= registry->forget) {
        json_object_clear(registry->helped);
        registry->forget = now + HELPED_MAX;
    }

    ARC_TRY(arc_challenge_answer(registry, address->host, arc_buf_text(&scope), &challenge, &answer,
                                 err));
    return arc_json_set(registry->logins, address->login, json_string(answer), err);
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* The longest wait, in seconds, that a registry may request. */
#define WAIT_MAX 300

void arc_registry_on_wait(struct arc_registry *registry,
                          void (*on_wait)(void *context, const char *url, int status,
                                          int64_t seconds),
                          void *context)
{
    registry->on_wait = on_wait;
    registry->wait_context = context;
}

void arc_registry_await_pushed(struct arc_registry *registry)
{
    registry->awaits = true;
}

bool registry_look_again(const struct arc_registry *registry, unsigned *looks)
{
    const struct arc_clock *clock = registry->clock;
    if (!registry->awaits || *looks == 3)
        return false;
    clock->wait(clock->context, (int64_t)1000 << (*looks)++);
    return true;
}

/* Whether the registry lacks the requested object, or one that the manifest to be stored lists. */
static bool lacks_something(const struct registry_call *call,
                            const struct arc_http_response *response)
{
    if (ARC_AMONG(call->method, "GET", "HEAD"))
        return response->status == 404;
    return strcmp(call->method, "PUT") == 0 && response->status / 100 == 4 &&
           ARC_HOLDS(arc_buf_text(&response->body), "BLOB_UNKNOWN\"", "MANIFEST_UNKNOWN\"");
}

int registry_send(struct arc_registry *registry, const struct registry_call *call,
                  struct arc_http_response *response, struct arc_error *err)
{
    const struct arc_clock *clock = registry->clock;
    struct address address;
    struct arc_http_retry retry = {.attempts = 5,
                                   .max_wait = WAIT_MAX,
                                   .clock = registry->clock,
                                   .on_wait = registry->on_wait,
                                   .context = registry->wait_context};

    ARC_TRY(find_address(registry, call, &address, err));
    int64_t left = registry->resume - clock->now(clock->context);
    registry->resume = 0;
    if (left > 0 && left <= WAIT_MAX) {
        if (registry->on_wait)
            registry->on_wait(registry->wait_context, address.url, 429, left);
        clock->wait(clock->context, left * 1000);
    }

    unsigned looks = 0;
    for (int attempt = 0;; attempt++) {
        struct arc_http_request request = request_of(registry, call, &address);
        registry->status = 0;
        ARC_TRY(arc_http_send_retrying(registry->http, &request, &retry, response, err));
        registry->status = response->status;
        if (lacks_something(call, response) && registry_look_again(registry, &looks)) {
            attempt--;
            continue;
        }
        if (response->status != 401 || attempt == 1)
            return ARC_OK;
        if (request.authorization) { /* the token expired: some registries (Harbor) then require
                                      * another kind of login */
            json_object_del(registry->logins, address.login);
            attempt--;
            continue;
        }
        ARC_TRY(authorize(registry, call, &address, response, err));
    }
}

/* ---- several ------------------------------------------------------------------------------- */

/* Calls sent in parallel. Those that have a status are not sent again. */
struct round {
    struct arc_registry *registry;
    const struct registry_call *calls;
    struct address *addresses;
    struct arc_http_request *requests;
    struct arc_http_response *answers;
    size_t count;
};

/* Sends the calls whose status is `status`. */
static int send_round(struct round *round, int status, struct arc_error *err)
{
    struct arc_registry *registry = round->registry;

    for (size_t i = 0; i < round->count; i++) {
        round->requests[i] = (struct arc_http_request){.url = NULL};
        if (round->answers[i].status == status && *round->addresses[i].url)
            round->requests[i] = request_of(registry, &round->calls[i], &round->addresses[i]);
    }

    ARC_TRY(arc_http_send_all(registry->http, round->requests, round->answers, round->count, err));

    /* Records waits that answers ask for; those calls are repeated one by one later. */
    int64_t now = registry->clock->now(registry->clock->context);
    for (size_t i = 0; i < round->count; i++) {
        const struct arc_http_response *answer = &round->answers[i];
        if (!round->requests[i].url || (answer->status != 429 && answer->status != 503))
            continue;
        int64_t seconds = arc_http_asked_wait(answer, now);
        if (seconds <= 0 || seconds > WAIT_MAX)
            continue;
        registry->resume = ARC_MAX(now + seconds, registry->resume);
    }

    return ARC_OK;
}

/* Logs in once for each repository that asked for it; returns whether one succeeded. Stops at a
 * refusal: others would be refused too, and the error is explained when a call is sent by
 * itself. */
static bool log_in(struct round *round)
{
    bool any = false;

    for (size_t i = 0; i < round->count; i++) {
        const struct address *address = &round->addresses[i];
        if (round->answers[i].status != 401)
            continue;
        if (!login_of(round->registry, address) &&
            authorize(round->registry, &round->calls[i], address, &round->answers[i], NULL))
            break;
        any = true;
    }

    return any;
}

int registry_send_all(struct arc_registry *registry, const struct registry_call *calls,
                      struct arc_http_response *answers, size_t count, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct round round = {.registry = registry,
                          .calls = calls,
                          .addresses = arc_arena_array(&memory, count, sizeof *round.addresses),
                          .requests = arc_arena_array(&memory, count, sizeof *round.requests),
                          .answers = answers,
                          .count = count};

    ARC_TRY(arc_arena_check(&memory, err));

    for (size_t i = 0; i < count; i++)
        if (find_address(registry, &calls[i], &round.addresses[i], NULL))
            *round.addresses[i].url = '\0'; /* the reason is given when the item is needed */

    ARC_TRY(send_round(&round, 0, err));
    return log_in(&round) ? send_round(&round, 401, err) : ARC_OK;
}
