/* How a registry wants to be asked: the challenge of a 401 and the token that answers it.
 * Source: distribution spec 1.1, "Authentication"; distribution's docs, "Token Authentication
 * Specification" and "OAuth2 Token Authentication". */
#pragma once

#include "arcci/env.h"
#include "http/http.h"

/* A challenge of a WWW-Authenticate header, the better kinds last. All owned. */
struct arc_challenge {
    enum arc_challenge_kind { ARC_CHALLENGE_NONE, ARC_CHALLENGE_BASIC, ARC_CHALLENGE_BEARER } kind;
    char *realm; /* a Bearer challenge always has one */
    char *service;
    char *scope;
};

/* Reads the challenges of one WWW-Authenticate value (RFC 9110 section 11.6.1: a list, each a
 * scheme with parameters or a token), and keeps in *best the best one that can be answered, if it
 * is better than what is there. Start with {0}. Fails only for want of memory. */
int arc_challenge_read(const char *header, struct arc_challenge *best, struct arc_error *err);
void arc_challenge_free(struct arc_challenge *challenge);

/* The best challenge of all headers of a 401, as containerd chooses: Bearer, then Basic.
 * ARC_EWORLD when none can be answered. */
int arc_challenge_of(const struct arc_http_response *response, struct arc_challenge *out,
                     struct arc_error *err);

/* A registry that asked for a login. Nothing is owned. */
struct arc_realm {
    const struct arc_env *env;
    struct arc_http *http;
    const struct arc_clock *clock;
    const char *host;
    const char *scope; /* what the request needs, where the challenge names less */
    int *status;       /* where the status of the realm's answer goes; 0: none came */
};

/* The Authorization value that answers the challenge, owned by the caller: "Basic …" or "Bearer …"
 * from the realm, with docker's login when there is one, anonymously otherwise. */
int arc_challenge_answer(const struct arc_realm *realm, const struct arc_challenge *challenge,
                         char **out, struct arc_error *err);
