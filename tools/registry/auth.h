/* Authentication: the challenge of a 401 and the token that answers it. Source: distribution spec
 * 1.1, "Authentication"; distribution's docs, "Token Authentication Specification" and "OAuth2
 * Token Authentication". */
#pragma once

#include "arcci/env.h"
#include "http/http.h"
#include "registry/docker_config.h"
#include <jansson.h>

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

/* A registry that asked for a login. All borrowed. */
struct arc_realm {
    const struct arc_env *env;
    struct arc_http *http;
    const struct arc_clock *clock;
    const char *host;
    const char *scope; /* the scope that the request needs; the challenge may name less */
    json_t *helped;    /* answers of docker's credential helpers */
    int *status;       /* receives the HTTP status of the realm; 0: no answer */
};

/* The Authorization value for the challenge, owned by the caller: "Basic …", or "Bearer …" from the
 * realm; with docker's login if there is one, else anonymous. */
int arc_challenge_answer(const struct arc_realm *realm, const struct arc_challenge *challenge,
                         char **out, struct arc_error *err);
