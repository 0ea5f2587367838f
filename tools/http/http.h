/* HTTP requests for the GitHub API and image registries.
 *
 * A client keeps its connections open between requests. TLS is verified; proxies and CA files come
 * from the given environment. We follow redirects ourselves, so that credentials do not go to
 * another origin (RFC 9110 section 15.4, Fetch's "HTTP-redirect fetch"). Credentials are sent only
 * over https, or over http to this machine.
 */
#pragma once

#include "arcci/clock.h"
#include "arcci/env.h"
#include "base/auto.h"

/* Default limit for an answer's body in memory. */
#define ARC_HTTP_BODY_MAX ((size_t)32 << 20)

struct arc_http_options {
    const struct arc_env *env; /* for HTTPS_PROXY, https_proxy, http_proxy, ALL_PROXY, NO_PROXY,
                                * SSL_CERT_FILE, SSL_CERT_DIR; may be NULL */
    unsigned connect_timeout;  /* seconds for connecting, TLS included; 0: 15 */
    unsigned idle_timeout;     /* seconds with less than 8 bytes per second in both directions; 0:
                                * 60 */
};

/* A request. Everything is borrowed for the duration of the call. */
struct arc_http_request {
    const char *method;         /* "GET", "PUT", … */
    const char *url;            /* absolute, http or https, without a user name */
    const char *const *headers; /* NULL-terminated "Name: value" strings, or NULL */
    const char *authorization; /* value of Authorization ("Bearer …"), or NULL; never shown, and not
                                * sent to another origin after a redirect */
    const void *body;          /* bytes to send, or NULL */
    size_t body_len;
    const char *body_file; /* file to send instead, or NULL */
    unsigned redirects;    /* how many redirects to follow; beyond that, or for a redirect that must
                            * not be followed, the 3xx answer is returned. 301, 302: only GET and
                            * HEAD; 303 becomes GET; 307, 308 repeat the request, but never send a
                            * body to another origin */
    bool raw;              /* return the bytes as they are sent, for a range of them; all other
                              bodies may come with gzip and are decompressed */
    bool insecure;         /* the user declared this host as plain http, or its certificate as self-
                            * signed: credentials go there all the same, and the certificate is not
                            * verified; not for other origins after a redirect */
    unsigned timeout;      /* seconds for the whole exchange; 0: no limit but idle_timeout */
    size_t max;            /* most bytes of the answer's body; 0: ARC_HTTP_BODY_MAX */
};

/* The outcome of a request. */
enum arc_http_fate {
    ARC_HTTP_BARRED,   /* not sent, and a retry cannot help: bad URL, bad certificate */
    ARC_HTTP_UNSENT,   /* nothing reached the server: a retry is safe */
    ARC_HTTP_LOST,     /* sent, but no complete answer: the server may have done the work */
    ARC_HTTP_ANSWERED, /* `status` and the rest are set */
};

/* An answer. Initialise with {0}; arc_http_response_free() frees it, a new request resets it. */
struct arc_http_response {
    enum arc_http_fate fate;
    int status;             /* 200; 0 when none came */
    char *url;              /* owned: the URL of the answer, after redirects */
    struct arc_buf body;    /* decoded; NUL-terminated, may contain NULs */
    struct arc_buf headers; /* "name\0value\0…", names in lower case; use arc_http_header() */
};

struct arc_http;

/* Loads libcurl and returns its version; NULL if it is not installed. Borrowed. */
const char *arc_http_library(void);

/* Loads libcurl and makes a client. ARC_EWORLD when libcurl is not installed. `options` (NULL: all
 * defaults) is copied, its env borrowed for the life of the client. */
int arc_http_new(const struct arc_http_options *options, struct arc_http **out,
                 struct arc_error *err);
void arc_http_free(struct arc_http *http);
ARC_HANDLE(arc_http)

/* Sends one request and reads its answer. Returns 0 for every complete answer, whatever its status;
 * ARC_EWORLD for network errors, ARC_EINPUT for an invalid URL or header, ARC_ELIMIT for a body
 * over the limit. response->fate says whether a retry is safe. The request is sent at most once:
 * libcurl does not send a body again even if a reused connection was dead. */
int arc_http_send(struct arc_http *http, const struct arc_http_request *request,
                  struct arc_http_response *response, struct arc_error *err);

/* Sends several requests in parallel over a few connections; answers[i] belongs to requests[i]. A
 * request without a URL is skipped and its answer left alone. There are no retries and no error
 * messages: status 0 means no complete answer, and the caller repeats such requests one by one.
 * Fails only if out of memory. */
int arc_http_send_all(struct arc_http *http, const struct arc_http_request *requests,
                      struct arc_http_response *answers, size_t count, struct arc_error *err);

void arc_http_response_free(struct arc_http_response *response);

/* The first value of a header (name in lower case), or NULL. Owned by the response. */
const char *arc_http_header(const struct arc_http_response *response, const char *name);

/* The value of the next header of that name after `value` (NULL: the first), or NULL. */
const char *arc_http_header_next(const struct arc_http_response *response, const char *name,
                                 const char *value);

/* Copies the target of rel="next" in the Link headers (RFC 8288) to *out, owned by the caller; NULL
 * if there is none. */
int arc_http_link(const struct arc_http_response *response, char **out, struct arc_error *err);

/* Resolves a reference ("../x?y", a Location) against a base URL (RFC 3986). *out is owned by the
 * caller. ARC_EINPUT if the base or the result is not an http(s) URL. */
int arc_http_resolve(struct arc_http *http, const char *base, const char *reference, char **out,
                     struct arc_error *err);

/* How many bytes of a URL are shown: those before the query, which may contain a signature. */
int arc_http_shown(const char *url);

/* ARC_OK if credentials may go to this URL: https, or http to a loopback address. ARC_EINPUT if not,
 * and if it is no http(s) URL. */
int arc_http_check_safe(struct arc_http *http, const char *url, struct arc_error *err);

/* Whether two URLs name the same server; http and https on their default ports count as the
 * same. */
bool arc_http_same_host(struct arc_http *http, const char *a, const char *b);

/* Whether a host is this machine: "localhost", "127.0.0.1" or "[::1]", but not
 * "127.example.org". */
bool arc_http_loopback(const char *host, size_t len);

/* How to retry requests. */
struct arc_http_retry {
    unsigned attempts;             /* total attempts; 0: 6 */
    unsigned max_wait;             /* the longest wait in seconds; no retry if the server requests a
                                    * longer one; 0: 900 */
    bool create;                   /* do not repeat the request if it may have arrived */
    const struct arc_clock *clock; /* NULL: the system clock */
    /* Called before a wait that the server requested; may be NULL. */
    void (*on_wait)(void *context, const char *url, int status, int64_t seconds);
    void *context;
};

/* The seconds that an answer requests to wait (Retry-After in seconds or as a date, x-ratelimit-
 * reset), or -1. */
int64_t arc_http_asked_wait(const struct arc_http_response *response, int64_t now);

/* Returns the milliseconds to wait before a retry, or -1 if the answer is final. `attempt` counts
 * from 1, `now` is in seconds since 1970, `random` is for the jitter. Honours Retry-After (seconds
 * or a date, RFC 9110 section 10.2.3), x-ratelimit-reset with x-ratelimit-remaining: 0, and
 * GitHub's secondary limits (one minute without Retry-After: GitHub docs, "Rate limits for the REST
 * API"). Retries 408, 500, 502, 503, 504 and a lost answer unless retry->create; 429 and rate-
 * limited 403 always, since the server did not do the work. */
int64_t arc_http_retry_wait(const struct arc_http_retry *retry,
                            const struct arc_http_response *response, unsigned attempt, int64_t now,
                            uint32_t random);

/* Whether a rate limit refused the request, so that the server did nothing. */
bool arc_http_rate_limited(const struct arc_http_response *response);

/* Waits as long as arc_http_retry_wait() says; false if the answer is final. */
bool arc_http_wait_again(const struct arc_http_retry *retry,
                         const struct arc_http_response *response, unsigned attempt);

/* arc_http_send() with retries by these rules. */
int arc_http_send_retrying(struct arc_http *http, const struct arc_http_request *request,
                           const struct arc_http_retry *retry, struct arc_http_response *response,
                           struct arc_error *err);
