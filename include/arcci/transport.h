/* Requests to the GitHub API, behind a small interface.
 *
 * The stages (release, report, scan) use `struct arc_transport`. There are three: the real one, one
 * that records every exchange for a bug report, and one that only describes what would be sent, so
 * that a rehearsal runs the same code as a real run.
 */
#ifndef ARCCI_TRANSPORT_H
#define ARCCI_TRANSPORT_H

#include "arcci/api.h"
#include "arcci/clock.h"
#include "arcci/env.h"
#include "arcci/error.h"
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

/* A request. Everything is borrowed for the duration of the call. */
struct arc_request {
    const char *method;       /* "GET", "POST", "PATCH", "PUT", "DELETE" */
    const char *path;         /* "/repos/o/r/releases?per_page=100", or an absolute URL that an
                                 earlier answer gave (upload_url, reply.next) */
    const json_t *body;       /* sent as JSON; NULL for none */
    const char *file;         /* sent as it is instead: a file, streamed … */
    const void *data;         /* … or bytes */
    size_t len;               /* of data */
    const char *content_type; /* of file or data */
    const char *accept;       /* the media type to ask for; NULL: GitHub's JSON */
    const char *why;          /* its purpose, in one line: "find the release of the tag" */
    bool repeatable; /* idempotent: may be sent again if the answer was lost. A GET always is */
};

/* The usual requests. PATCH and DELETE are idempotent. */
#define ARC_GET(reason) ((struct arc_request){.method = "GET", .why = (reason)})
#define ARC_POST(fields, reason)                                                                   \
    ((struct arc_request){.method = "POST", .body = (fields), .why = (reason)})
#define ARC_PATCH(fields, reason)                                                                  \
    ((struct arc_request){.method = "PATCH", .body = (fields), .repeatable = true, .why = (reason)})
#define ARC_DELETE(reason)                                                                         \
    ((struct arc_request){.method = "DELETE", .repeatable = true, .why = (reason)})

/* An answer. Initialise with {0}; arc_reply_free() frees it, the next send resets it. */
struct arc_reply {
    int status;    /* 201; 0 when no answer came */
    json_t *body;  /* owned; NULL when empty */
    char *next;    /* owned: URL of the next page (Link, rel="next"), or NULL */
    bool doubtful; /* after a failure: GitHub may have carried out the request all the same, so look
                      before sending it again */
};
void arc_reply_free(struct arc_reply *reply);

/* Initialised by one of the functions below; freed with arc_transport_free(). */
struct arc_transport {
    /* Sends, waits for the answer and tries again where that is safe. 0 for a 2xx answer with
     * *reply filled; ARC_ENOTFOUND for 404 and 410; ARC_EWORLD for the network, a missing
     * permission, a rate limit that would last too long; ARC_EFAILED for any other refusal. If an
     * answer came, a failure sets reply->status and reply->body too, and *err has GitHub's message,
     * a link to its documentation and what to add to `permissions:`. */
    int (*send)(struct arc_transport *self, const struct arc_request *request,
                struct arc_reply *reply, struct arc_error *err);
    void (*close)(struct arc_transport *self);
    const struct arc_clock *clock; /* never NULL */
    bool describes;    /* sends nothing: the caller need not read files or check answers */
    unsigned requests; /* how many were sent so far, including retries */
    int refused; /* the last status if it was 403 (without a rate limit), 404 or 410: turned off or
                    forbidden here, so retrying is useless; else 0 */
};
void arc_transport_free(struct arc_transport *transport);

/* Sends `request` to a path formatted as by printf(). ARC_ENOMEM if the path or the body of a POST,
 * PATCH or PUT is missing since memory ran out. */
int arc_transport_send(struct arc_transport *transport, struct arc_request request,
                       struct arc_reply *reply, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int arc_transport_vsend(struct arc_transport *transport, struct arc_request request,
                        struct arc_reply *reply, struct arc_error *err, const char *format,
                        va_list args) __attribute__((format(printf, 5, 0)));

struct arc_github_options {
    const struct arc_env *env;     /* GITHUB_API_URL; INPUT_TOKEN, GITHUB_TOKEN or GH_TOKEN; proxies
                                      and CA files as curl reads them. Borrowed for its life */
    const char *token_file;        /* holds the token, instead of the variables; or NULL */
    const struct arc_clock *clock; /* NULL: the machine's */
    unsigned idle_timeout;         /* seconds without an answer; 0: 60 */
    unsigned max_wait;             /* longest single wait for a rate limit, seconds; 0: 900 */
};

/* Makes the real transport. ARC_EWORLD when libcurl or the token is missing, ARC_EINPUT when the
 * token has a space or the like, or would be sent over plain http to another machine. */
int arc_transport_github(const struct arc_github_options *options, struct arc_transport **out,
                         struct arc_error *err);

/* Wraps `inner` and takes ownership. Every exchange is also written to DIR/NNN-METHOD.json,
 * {method, path, why, body, status, reply, error}, without headers, so without the token; files are
 * named, not copied. Creates `dir` if needed. */
int arc_transport_record(struct arc_transport *inner, const char *dir, struct arc_transport **out,
                         struct arc_error *err);

/* Makes a transport that sends nothing: it keeps the requests and answers as if nothing existed yet
 * (an empty list, 404, or success for a creation). */
int arc_transport_describe(struct arc_transport **out, struct arc_error *err);

/* Returns the requests that a describing transport kept: [{method, path, body, why}], `body` null,
 * the JSON, or {"file": name} for an upload. Borrowed. */
const json_t *arc_transport_described(const struct arc_transport *transport);

/* Percent-encodes a text for one segment of a path or one value of a query (RFC 3986, unreserved
 * characters stay). Returns a new string, or NULL when out of memory. */
char *arc_url_encode(const char *text);

/* Sends a GET to a path formatted as by printf(), and calls `visit` for every element of the
 * answer's array and of the following pages. With `member`, the array is that member of the answer
 * ("check_runs"). `visit` returns 1 to stop early, or a negative code to fail. Keeps one page in
 * memory at a time. ARC_ELIMIT after `max_pages` (0: 1000). */
int arc_transport_each(struct arc_transport *transport, const char *member, const char *why,
                       unsigned max_pages,
                       int (*visit)(void *context, json_t *element, struct arc_error *err),
                       void *context, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 8, 9)));

ARC_API_END

#endif
