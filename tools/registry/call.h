/* Shared by the files of registry/: requests, and prefetched answers. */
#pragma once

#include "http/http.h"
#include "registry/docker_config.h"
#include "registry/registry.h"

struct arc_registry {
    const struct arc_env *env;
    const struct arc_clock *clock;
    struct arc_http *http;
    json_t *logins; /* "host repository push|pull" → Authorization value that was accepted last */
    json_t *helped; /* answers of docker's credential helpers, until `forget` */
    int64_t forget; /* seconds since 1970 */
    struct registry_kept *kept; /* prefetched answers */
    size_t kept_count, kept_bytes;
    bool awaits;    /* what is read was just pushed: not all machines may have it yet */
    int status;     /* HTTP status of the last answer, also from a realm; 0: none */
    int64_t resume; /* seconds since 1970: a registry asked to wait until then */
    void (*on_wait)(void *context, const char *url, int status, int64_t seconds);
    void *wait_context;
    /* Digest → the last four bytes of the blob as a number; true: it is there, false: it was not,
     * null: no answer. */
    json_t *tails;
};

/* A request; sending it fills in the URL and the authorization. */
struct registry_call {
    const char *method;
    const char *image;
    const char *kind;      /* "manifests", "blobs", "blobs/uploads", "tags" or "referrers" */
    const char *reference; /* "" for blobs/uploads */
    const char *url;       /* replaces the URL, from registry_follow(); or NULL */
    const char *const *headers;
    const struct arc_buf *body;
    size_t max; /* largest answer in bytes; 0: ARC_MANIFEST_MAX */
    bool raw;   /* a range of the bytes: not decompressed */
};

/* Sends a call, logs in if asked to, and retries temporary failures. */
int registry_send(struct arc_registry *registry, const struct registry_call *call,
                  struct arc_http_response *response, struct arc_error *err);

/* Sends calls in parallel, once each, or twice after a login. Status 0: no answer. Fails only when
 * out of memory. */
int registry_send_all(struct arc_registry *registry, const struct registry_call *calls,
                      struct arc_http_response *answers, size_t count, struct arc_error *err);

/* The URL in an answer to a call (Location, Link), resolved against the call's, as a new string.
 * NULL if it is not a URL, or is on another host, which must not get the login. */
char *registry_follow(const struct arc_registry *registry, const struct registry_call *call,
                      const struct arc_http_response *answer, const char *reference);

/* Whether a push was refused because tags are immutable. */
bool registry_keeps_tags(const char *reason);

/* What to do about a refused push, as a literal; NULL if unknown. */
const char *registry_push_advice(const struct arc_http_response *answer, const char *reason);

/* Sets the error for an unsuccessful answer: ARC_ENOTFOUND for 404, else ARC_EWORLD. */
int registry_refused(const struct arc_registry *registry, const struct registry_call *call,
                     const struct arc_http_response *response, struct arc_error *err);

/* Waits 1, 2 and 4 seconds for what was just pushed. Returns false after that, or if nothing was
 * pushed. *looks counts the calls, initially 0. */
bool registry_look_again(const struct arc_registry *registry, unsigned *looks);

/* The call that reads a manifest or an index. */
struct registry_call registry_manifest_call(const char *image, const char *reference);

/* Moves the prefetched answer into *response; false if there is none. */
bool registry_take(struct arc_registry *registry, const struct registry_call *call,
                   struct arc_http_response *response);

/* ---- auth.c: the challenge of a 401 and the token that answers it. Source: distribution spec 1.1,
 * "Authentication"; distribution's docs, "Token Authentication Specification" and "OAuth2 Token
 * Authentication". ---- */

/* A challenge of a WWW-Authenticate header; better kinds are last. All owned. */
struct arc_challenge {
    enum arc_challenge_kind { ARC_CHALLENGE_NONE, ARC_CHALLENGE_BASIC, ARC_CHALLENGE_BEARER } kind;
    char *realm; /* a Bearer challenge always has one */
    char *service;
    char *scope;
};

/* Reads the challenges of one WWW-Authenticate value (RFC 9110 section 11.6.1: a list, each a
 * scheme with parameters or a token). Replaces *best, initially {0}, if one that can be answered is
 * better. Fails only when out of memory. */
int arc_challenge_read(const char *header, struct arc_challenge *best, struct arc_error *err);
void arc_challenge_free(struct arc_challenge *challenge);

/* The best challenge of all headers of a 401, chosen as in containerd: Bearer, then Basic.
 * ARC_EWORLD if none can be answered. */
int arc_challenge_of(const struct arc_http_response *response, struct arc_challenge *out,
                     struct arc_error *err);

/* Appends ": " and the error message of a registry (distribution spec 1.1, "Error Codes") or of a
 * realm; nothing if there is none, or if it repeats one of the credentials: `logins`, those of
 * struct arc_registry, or `login`. Both may be NULL. */
void registry_reason(const struct arc_http_response *response, const json_t *logins,
                     const struct arc_login *login, struct arc_buf *out);

/* The Authorization value for a host's challenge, owned by the caller: "Basic …", or "Bearer …" from
 * the realm; with docker's login if there is one, else anonymous. `scope` is what the request needs;
 * the challenge may name less. */
int arc_challenge_answer(struct arc_registry *registry, const char *host, const char *scope,
                         const struct arc_challenge *challenge, char **out, struct arc_error *err);
