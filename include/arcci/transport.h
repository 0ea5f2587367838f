/* Requests to the GitHub API, behind a small interface.
 *
 * The flows (release, report, scan) are written against `struct arc_transport`. Three of them
 * exist: the real one, one that records every exchange for a bug report, and one that only
 * describes what would be sent. So a rehearsal takes the same path as the real thing.
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
    const char *accept; /* the media type that is wanted instead of GitHub's JSON; NULL: that */
    const char *why;    /* what it is for, in one line: "find the release of the tag" */
    bool repeatable; /* a second one changes nothing: may be sent again when the answer was lost. A
                        GET always is */
};

/* Requests as most are. A second PATCH or DELETE changes nothing. */
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
    bool doubtful; /* after a failure: the request may have been carried out all the same. Look
                      before it is sent again */
};
void arc_reply_free(struct arc_reply *reply);

/* Initialised by one of the functions below; freed with arc_transport_free(). */
struct arc_transport {
    /* Sends, waits for the answer and tries again where that is safe. 0 for a 2xx answer with
     * *reply filled; ARC_ENOTFOUND for 404 and 410; ARC_EWORLD for the network, a missing
     * permission, a rate limit that would last too long; ARC_EFAILED for any other refusal. After a
     * failure reply->status and reply->body are still set when an answer came, and *err says what
     * GitHub said, where its documentation is and what to add to `permissions:`. */
    int (*send)(struct arc_transport *self, const struct arc_request *request,
                struct arc_reply *reply, struct arc_error *err);
    void (*close)(struct arc_transport *self);
    const struct arc_clock *clock; /* never NULL */
    bool describes;    /* nothing is sent: files need not be read, nor answers checked */
    unsigned requests; /* how many were sent so far, further tries included */
    int refused; /* 403 (not by a rate limit), 404 or 410 when that was the last answer: what was
                    asked for is turned off or forbidden here, and asking again changes nothing;
                    else 0 */
};
void arc_transport_free(struct arc_transport *transport);

/* Sends a request to a path that is put together as by printf(); `request` has all but the path.
 * ARC_ENOMEM where the path, or the body of a POST, PATCH or PUT, could not be made. */
int arc_transport_send(struct arc_transport *transport, struct arc_request request,
                       struct arc_reply *reply, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int arc_transport_vsend(struct arc_transport *transport, struct arc_request request,
                        struct arc_reply *reply, struct arc_error *err, const char *format,
                        va_list args) __attribute__((format(printf, 5, 0)));

struct arc_github_options {
    const struct arc_env *env;     /* GITHUB_API_URL; INPUT_TOKEN, GITHUB_TOKEN or GH_TOKEN; proxies
                                      and CA files as curl reads them. Borrowed for its life */
    const char *token_file;        /* holds the token, instead of the variables; NULL for none */
    const struct arc_clock *clock; /* NULL: the machine's */
    unsigned idle_timeout;         /* seconds without an answer; 0: 60 */
    unsigned max_wait;             /* longest single wait for a rate limit, seconds; 0: 900 */
};

/* The real one. ARC_EWORLD when libcurl or the token is missing, ARC_EINPUT when the token would go
 * over plain http to another machine. */
int arc_transport_github(const struct arc_github_options *options, struct arc_transport **out,
                         struct arc_error *err);

/* Wraps another (and frees it with itself): every exchange is also written to
 * DIR/NNN-METHOD.json, {method, path, why, body, status, reply, error}, without any header, so
 * without the token; file contents are named, not copied. DIR is made if need be. */
int arc_transport_record(struct arc_transport *inner, const char *dir, struct arc_transport **out,
                         struct arc_error *err);

/* Sends nothing: it answers as if nothing existed yet (an empty list, 404, what was asked for
 * created) and keeps the requests. */
int arc_transport_describe(struct arc_transport **out, struct arc_error *err);

/* The requests that a describing transport was given: [{method, path, body, why}], `body` null, the
 * JSON, or {"file": name} for an upload. Borrowed. */
const json_t *arc_transport_described(const struct arc_transport *transport);

/* Percent-encodes a text for one segment of a path or one value of a query (RFC 3986, unreserved
 * characters stay). A new string, or NULL when out of memory. */
char *arc_url_encode(const char *text);

/* Sends a GET of a path, put together as by printf(), and calls `visit` for every element of the
 * answer's array, and of the following pages'. With `member` the array is that member of the answer
 * ("check_runs"). A visit that returns 1 ends it early, a negative code fails. One page is in memory
 * at a time. ARC_ELIMIT after `max_pages` (0: 1000). */
int arc_transport_each(struct arc_transport *transport, const char *member, const char *why,
                       unsigned max_pages,
                       int (*visit)(void *context, json_t *element, struct arc_error *err),
                       void *context, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 8, 9)));

ARC_API_END

#endif
