/* How a registry wants to be asked: the challenge of a 401 and the token that answers it.
 * Source: distribution spec 1.1, "Authentication"; distribution's docs, "Token Authentication
 * Specification" and "OAuth2 Token Authentication". */
#ifndef ARC_REGISTRY_AUTH_H
#define ARC_REGISTRY_AUTH_H

#include "arcci/env.h"
#include "arcci/error.h"
#include "http/http.h"

/* A parsed WWW-Authenticate header. All owned; `realm` NULL for a Basic challenge. */
struct arc_challenge {
    char *realm;
    char *service;
    char *scope;
};

/* Takes a WWW-Authenticate value apart (RFC 9110 section 11.2). ARC_EWORLD for a scheme that is
 * neither Bearer nor Basic, or a Bearer one without a realm. */
int arc_challenge_parse(const char *header, struct arc_challenge *out, struct arc_error *err);
void arc_challenge_free(struct arc_challenge *challenge);

/* The Authorization value that answers the challenge of `host`, owned by the caller: "Basic …" or
 * "Bearer …" from the realm, with docker's login when there is one, anonymously otherwise. */
int arc_challenge_answer(const struct arc_env *env, struct arc_http *http, const char *host,
                         const struct arc_challenge *challenge, char **out, struct arc_error *err);

#endif
