/* HTTP requests, for the GitHub API and for image registries alike.
 *
 * One client keeps its connections open between requests. TLS is verified; proxies, CA files come
 * from the given environment; redirects are followed here, not by libcurl, so that credentials go
 * to no other origin (RFC 9110 section 15.4, Fetch's "HTTP-redirect fetch"). Credentials are sent
 * over https, or over http to this machine only.
 */
#pragma once

#include "arcci/clock.h"
#include "arcci/env.h"
#include "base/auto.h"

/* Most bytes of an answer that go to memory when the request sets no limit. */
#define ARC_HTTP_BODY_MAX ((size_t)32 << 20)

struct arc_http_options {
    const struct arc_env *env; /* HTTPS_PROXY, https_proxy, http_proxy, ALL_PROXY, NO_PROXY,
                                  SSL_CERT_FILE, SSL_CERT_DIR; NULL for none of them */
    unsigned connect_timeout;  /* seconds until the connection (TLS included) stands; 0: 15 */
    unsigned idle_timeout;     /* seconds with less than 8 bytes a second either way; 0: 60 */
};

/* A request. Everything is borrowed for the duration of the call. */
struct arc_http_request {
    const char *method;         /* "GET", "PUT", … */
    const char *url;            /* absolute, http or https, no user name in it */
    const char *const *headers; /* NULL-terminated "Name: value" strings, or NULL */
    const char *authorization; /* value of Authorization ("Bearer …"), or NULL; it is never shown,
                                  and dropped on a redirect to another origin */
    const void *body;          /* bytes to send, or NULL */
    size_t body_len;
    const char *body_file; /* file to stream instead, or NULL; its Content-Length is its size */
    unsigned redirects;    /* how many redirects are followed; then, or when one may not be
                              followed, the 3xx answer is the answer. 301, 302: GET and HEAD only;
                              303 turns into GET; 307, 308: as the request was, but no body goes to
                              another origin */
    bool compressed;       /* accept gzip; the answer is given unpacked (not for digests) */
    bool insecure;         /* the user said that this host speaks plain http, or shows a certificate
                              of its own: credentials go there all the same, and the certificate is
                              not looked at; a redirect to another origin is judged as always */
    unsigned timeout;      /* seconds for the whole exchange; 0: no limit but idle_timeout */
    size_t max;            /* most bytes of the answer's body; 0: ARC_HTTP_BODY_MAX */
};

/* What became of a request. */
enum arc_http_fate {
    ARC_HTTP_BARRED,   /* not sent, and trying again cannot help: bad URL, bad certificate */
    ARC_HTTP_UNSENT,   /* nothing reached the server: trying again is safe */
    ARC_HTTP_LOST,     /* sent, no whole answer: the server may have done the work */
    ARC_HTTP_ANSWERED, /* `status` and the rest are set */
};

/* An answer. Initialise with {0}; arc_http_response_free() frees it, a new request resets it. */
struct arc_http_response {
    enum arc_http_fate fate;
    int status;             /* 200; 0 when none came */
    char *url;              /* owned: where the answer came from, after redirects */
    struct arc_buf body;    /* decoded; NUL-terminated, may hold NULs */
    struct arc_buf headers; /* "name\0value\0…", names in lower case; use arc_http_header() */
};

struct arc_http;

/* The version of libcurl, which is loaded; NULL when it is not installed. Not owned. */
const char *arc_http_library(void);

/* Loads libcurl and makes a client. ARC_EWORLD when libcurl is not installed. `options` (NULL: all
 * defaults) is copied, its env borrowed for the life of the client. */
int arc_http_new(const struct arc_http_options *options, struct arc_http **out,
                 struct arc_error *err);
void arc_http_free(struct arc_http *http);
ARC_HANDLE(arc_http)

/* Sends one request and reads its answer. 0 for every whole answer, whatever its status;
 * ARC_EWORLD for the network, ARC_EINPUT for a URL or header that cannot be, ARC_ELIMIT for a body
 * over the limit. response->fate says whether it may be tried again. It is sent at most once: not
 * even a dead kept-open connection makes libcurl send a body twice. */
int arc_http_send(struct arc_http *http, const struct arc_http_request *request,
                  struct arc_http_response *response, struct arc_error *err);

/* Sends several requests side by side, over a few connections that stay open; answers[i] is that of
 * requests[i]; one without a URL is not sent, and leaves its answer. None is tried again and no
 * reason is told: one without a whole answer has status 0. For what can be asked for again one by
 * one. Fails only for want of memory. */
int arc_http_send_all(struct arc_http *http, const struct arc_http_request *requests,
                      struct arc_http_response *answers, size_t count, struct arc_error *err);

void arc_http_response_free(struct arc_http_response *response);

/* The first value of a header (name in lower case), or NULL. Owned by the response. */
const char *arc_http_header(const struct arc_http_response *response, const char *name);

/* The value of the next header of that name after `value` (NULL: the first), or NULL. */
const char *arc_http_header_next(const struct arc_http_response *response, const char *name,
                                 const char *value);

/* The target of rel="next" in the Link headers (RFC 8288) as a new string in *out; NULL when there is
 * none. */
int arc_http_link(const struct arc_http_response *response, char **out, struct arc_error *err);

/* Resolves a reference ("../x?y", a Location) against a base URL (RFC 3986). *out is a new string.
 * ARC_EINPUT if either is not a http(s) URL. */
int arc_http_resolve(struct arc_http *http, const char *base, const char *reference, char **out,
                     struct arc_error *err);

/* Whether credentials may go to this URL: https, or http to a loopback address. */
bool arc_http_safe(struct arc_http *http, const char *url);

/* Whether two URLs name one server: http and https are one where both have their usual ports. */
bool arc_http_same_host(struct arc_http *http, const char *a, const char *b);

/* Whether a host, "localhost", "127.0.0.1" or "[::1]", is this machine: "127.example.org" is
 * another. */
bool arc_http_loopback(const char *host, size_t len);

/* How requests are tried again. */
struct arc_http_retry {
    unsigned attempts;             /* tries in all; 0: 6 */
    unsigned max_wait;             /* the longest single wait, seconds; a server that asks for more
                                      gets no further try; 0: 900 */
    bool create;                   /* the request may not be repeated once it may have arrived */
    const struct arc_clock *clock; /* NULL: the machine's */
    /* Told before a wait that the server asked for; may be NULL. */
    void (*on_wait)(void *context, const char *url, int status, int64_t seconds);
    void *context;
};

/* Seconds that an answer asks the next request to wait (Retry-After in seconds or as a date,
 * x-ratelimit-reset), or -1 when it asks for nothing. */
int64_t arc_http_asked_wait(const struct arc_http_response *response, int64_t now);

/* Whether and when to try again after an answer: milliseconds to wait, or -1 when the answer is
 * final. `attempt` counts from 1; `now` is in seconds since 1970, `random` spreads the wait
 * (jitter). Honours Retry-After (seconds or a date, RFC 9110 section 10.2.3), x-ratelimit-reset
 * with x-ratelimit-remaining: 0, and GitHub's secondary limits (one minute without Retry-After:
 * GitHub docs, "Rate limits for the REST API"). 408, 500, 502, 503, 504 and a lost answer are tried
 * again unless retry->create; 429 and rate-limited 403 always, for the server refused the work. */
int64_t arc_http_retry_wait(const struct arc_http_retry *retry,
                            const struct arc_http_response *response, unsigned attempt, int64_t now,
                            uint32_t random);

/* Whether this answer is a refusal by a rate limit (so nothing was done). */
bool arc_http_rate_limited(const struct arc_http_response *response);

/* Waits until the next try by these rules; false when this answer is final. */
bool arc_http_wait_again(const struct arc_http_retry *retry,
                         const struct arc_http_response *response, unsigned attempt);

/* arc_http_send() with tries after the rules above. */
int arc_http_send_retrying(struct arc_http *http, const struct arc_http_request *request,
                           const struct arc_http_retry *retry, struct arc_http_response *response,
                           struct arc_error *err);
