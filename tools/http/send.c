/* Sends requests: redirects, one request, several in parallel. */
#include "http/internal.h"
#include <string.h>

#define HEADERS_MAX ((size_t)256 << 10)

/* ---- redirects ------------------------------------------------------------------------------ */

static void hop_free(struct http_hop *hop)
{
    free(hop->url);
    http_place_free(&hop->place);
    *hop = (struct http_hop){0};
}

static bool plain_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* Whether the answer is a redirect; *method is the next request's. */
static bool redirected(const struct arc_http_response *response, const char **method)
{
    switch (response->status) {
    case 301:
    case 302:
        return plain_read(*method);
    case 303:
        *method = strcmp(*method, "HEAD") == 0 ? "HEAD" : "GET";
        return true;
    case 307:
    case 308:
        return true;
    default:
        return false;
    }
}

/* Follows one redirect and sets *moved; a redirect that must not be followed is the final
 * answer. */
static int follow(struct http_exchange *x, bool *moved)
{
    struct http_hop *hop = &x->hop;
    ARC_AUTO(hop) struct http_hop next = {.method = hop->method};
    const char *location = arc_http_header(x->response, "location");

    *moved = false;
    if (!location || !redirected(x->response, &next.method))
        return ARC_OK;
    ARC_TRY_PREFIX(http_locate(x->http, hop->url, location, &next.place, x->err), x->err,
                   "%.*s redirects", arc_http_shown(hop->url), hop->url);
    next.url = arc_steal(&next.place.url);

    bool home = http_same_origin(&hop->place, &next.place);
    bool safe = http_place_safe(&next.place) || !http_place_safe(&hop->place);
    if (!home && !(plain_read(next.method) && safe))
        return ARC_OK;

    next.credentials = hop->credentials && home;
    next.insecure = hop->insecure && home;
    x->body = x->body && strcmp(next.method, hop->method) == 0;
    hop_free(hop);
    *hop = arc_steal(&next);
    *moved = true;

    return ARC_OK;
}

/* ---- one exchange --------------------------------------------------------------------------- */

static void exchange_free(struct http_exchange *x)
{
    http_release(x);
    hop_free(&x->hop);
}

static int start(struct http_exchange *x, struct arc_error *err)
{
    const struct arc_http_request *request = x->request;
    struct arc_http_response *response = x->response;

    arc_http_response_free(response);
    response->headers.max = HEADERS_MAX;
    response->body.max = arc_or(request->max, ARC_HTTP_BODY_MAX);
    x->fd = -1;
    x->err = err;
    x->body = request->body || request->body_file;
    x->hop.method = request->method;
    ARC_TRY(http_locate(x->http, request->url, NULL, &x->hop.place, err));
    x->hop.credentials = request->authorization != NULL;
    x->hop.insecure = request->insecure;

    if (x->hop.credentials && !request->insecure && !http_place_safe(&x->hop.place))
        return arc_error_set(err, ARC_EINPUT,
                             "%s: credentials are sent over https only (or to this machine)",
                             request->url);

    x->hop.url = strdup(request->url);

    return arc_error_unless(x->hop.url, err);
}

/* Ends a hop. Sets *moved if there is another. */
static int end_hop(struct http_exchange *x, CURLcode code, bool *moved)
{
    *moved = false;
    int rc = http_end(x, code);

    /* Logs the request and its answer. */
    const struct arc_env *env = x->http->options.env;
    double seconds = 0;
    if (env && env->trace) {
        x->http->curl.easy_getinfo(x->easy, CURLINFO_TOTAL_TIME, &seconds);
        arc_env_trace(env, "%s %.*s: %d after %.3f s", x->hop.method, arc_http_shown(x->hop.url),
                      x->hop.url, x->response->status, seconds);
    }

    http_release(x);
    if (!rc && x->redirects < x->request->redirects)
        rc = follow(x, moved);
    x->redirects++;
    return rc;
}

int arc_http_send(struct arc_http *http, const struct arc_http_request *request,
                  struct arc_http_response *response, struct arc_error *err)
{
    struct http_exchange x = {
        .http = http, .request = request, .response = response, .easy = http->easy};
    bool more = true;
    int rc = start(&x, err);

    while (!rc && more) {
        rc = http_begin(&x);
        if (!rc)
            rc = end_hop(&x, http->curl.easy_perform(x.easy), &more);
    }

    response->url = arc_steal(&x.hop.url);
    exchange_free(&x);

    return rc;
}

/* ---- several -------------------------------------------------------------------------------- */

/* Connections per server: as many as browsers open for HTTP/1.1. */
#define CONNECTIONS 6L

/* Gives the next hop to libcurl; returns false on failure. */
static bool launch(struct http_exchange *x)
{
    struct arc_curl *curl = &x->http->curl;
    return http_begin(x) == ARC_OK && curl->multi_add_handle(x->http->multi, x->easy) == CURLM_OK;
}

/* Ends the finished hops and starts the redirected ones; returns true if any was redirected. */
static bool collect(struct arc_http *http)
{
    struct arc_curl *curl = &http->curl;
    bool launched = false;
    int left;

    for (CURLMsg *done; (done = curl->multi_info_read(http->multi, &left));) {
        struct http_exchange *x = NULL;
        CURLcode code = done->data.result;
        bool moved;
        curl->easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        curl->multi_remove_handle(http->multi, x->easy);
        x->failed = end_hop(x, code, &moved);
        launched |= moved && launch(x);
    }

    return launched;
}

int arc_http_send_all(struct arc_http *http, const struct arc_http_request *requests,
                      struct arc_http_response *answers, size_t count, struct arc_error *err)
{
    if (!http->multi) {
        http->multi = http->curl.multi_init();
        ARC_TRY_ALLOC(http->multi, err);
        http->curl.multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS);
    }

    struct http_exchange *all = calloc(count + 1, sizeof *all);
    ARC_TRY_ALLOC(all, err);

    for (size_t i = 0; i < count; i++) {
        if (!requests[i].url)
            continue;
        all[i] =
            (struct http_exchange){.http = http, .request = &requests[i], .response = &answers[i]};
        all[i].failed = start(&all[i], NULL);
        if (!all[i].failed && (all[i].easy = http->curl.easy_init()))
            launch(&all[i]);
    }

    for (int running = 1; running && http->curl.multi_perform(http->multi, &running) == CURLM_OK;)
        if (collect(http))
            running = 1;
        else if (running)
            http->curl.multi_poll(http->multi, NULL, 0, 1000, NULL);

    for (size_t i = 0; i < count; i++) {
        if (!all[i].request)
            continue;
        if (all[i].easy) { /* does nothing if the handle is not in it */
            http->curl.multi_remove_handle(http->multi, all[i].easy);
            http->curl.easy_cleanup(all[i].easy);
        }
        if (all[i].response->fate != ARC_HTTP_ANSWERED || all[i].failed)
            arc_http_response_free(all[i].response);
        all[i].response->url = arc_steal(&all[i].hop.url);
        exchange_free(&all[i]);
    }
    free(all);

    return ARC_OK;
}
