/* What the parts of registry/ share: a request, and what was asked for ahead. */
#pragma once

#include "http/http.h"
#include "registry/registry.h"

struct arc_registry {
    const struct arc_env *env;
    const struct arc_clock *clock;
    struct arc_http *http;
    json_t *logins; /* "host repository push|pull" → Authorization value that was accepted last */
    struct registry_kept *kept; /* answers that wait to be taken */
    size_t kept_count, kept_bytes;
    int status;     /* of the last answer, the one to a request for a token too; 0: none came */
    int64_t resume; /* seconds since 1970: a registry asked to be left alone until then */
    void (*on_wait)(void *context, const char *url, int status, int64_t seconds);
    void *wait_context;
    json_t *tails; /* digest → the last four bytes of the blob as a number, or null */
};

/* What is asked for; the URL and the authorization are filled in when it is sent. */
struct registry_call {
    const char *method;
    const char *image;
    const char *kind;      /* "manifests", "blobs", "blobs/uploads", "tags" or "referrers" */
    const char *reference; /* "" with blobs/uploads */
    const char *url;       /* asked for instead, from registry_follow(); or NULL */
    const char *const *headers;
    const struct arc_buf *body;
    size_t max; /* most bytes of the answer; 0: ARC_MANIFEST_MAX */
};

/* Sends a call, logs in where that is asked for, and tries again what can pass. */
int registry_send(struct arc_registry *registry, const struct registry_call *call,
                  struct arc_http_response *response, struct arc_error *err);

/* Sends calls side by side, once each, twice where a login was asked for. An answer that did not
 * come has status 0. Fails only for want of memory. */
int registry_send_all(struct arc_registry *registry, const struct registry_call *calls,
                      struct arc_http_response *answers, size_t count, struct arc_error *err);

/* The URL that an answer to a call names (Location, Link), as a new string, at the call's own
 * address; NULL where it is none, or of another host, which gets no login. */
char *registry_follow(const struct arc_registry *registry, const struct registry_call *call,
                      const struct arc_http_response *answer, const char *reference);

/* Appends ": " and what the registry says went wrong (distribution spec 1.1, "Error Codes"), fit to
 * be shown; nothing where it says nothing. */
void registry_reason(const struct arc_http_response *response, struct arc_buf *out);

/* Whether the reason of a refusal is that a tag cannot be put twice. */
bool registry_keeps_tags(const char *reason);

/* What a refusal means to who wants to push, and what to do, as a literal; NULL where nothing is
 * known. */
const char *registry_push_advice(const struct arc_http_response *answer, const char *reason);

/* The error for an answer that is no success: ARC_ENOTFOUND for 404, else ARC_EWORLD. */
int registry_refused(const struct arc_registry *registry, const struct registry_call *call,
                     const struct arc_http_response *response, struct arc_error *err);

/* Seconds that an answer asks to wait, or -1. */
int64_t registry_asked_wait(const struct arc_registry *registry,
                            const struct arc_http_response *response);

/* The call that reads a manifest or an index. */
struct registry_call registry_manifest_call(const char *image, const char *reference);

/* Moves the answer that was asked for ahead into *response; false when there is none. */
bool registry_take(struct arc_registry *registry, const struct registry_call *call,
                   struct arc_http_response *response);
