/* Docker's credentials for registries: the `auths` in DOCKER_AUTH_CONFIG, then
 * $DOCKER_CONFIG/config.json (else ~/.docker/config.json) with its `auths`, and `credHelpers` and
 * `credsStore`, which run docker-credential-*. */
#pragma once

#include "arcci/env.h"
#include "arcci/error.h"
#include <jansson.h>

/* A login, of one of three kinds. All owned. */
struct arc_login {
    char *user;
    char *password;
    char *token;  /* an identity token for OAuth2, instead of user and password */
    char *bearer; /* "registrytoken": sent to the registry itself */
};

/* The path of a file in docker's configuration directory; *out is owned by the caller.
 * ARC_ENOTFOUND if the environment names no directory. */
int arc_docker_file(const struct arc_env *env, const char *name, char **out, struct arc_error *err);

/* The path of a file in buildx's configuration directory, as arc_docker_file(). */
int arc_buildx_file(const struct arc_env *env, const char *name, char **out, struct arc_error *err);

/* The login for a registry's host ("ghcr.io", "127.0.0.1:5000"; Docker Hub is "docker.io") and a
 * request's scope ("repository:acme/web:pull"; may be NULL), for which buildx may have its own.
 * `helped` (may be NULL) keeps the answers of credential helpers, and gives them again.
 * ARC_ENOTFOUND if there is none; ARC_EINPUT if config.json is not valid; ARC_EWORLD if a
 * credential helper fails. Free with arc_login_free(). */
int arc_docker_login(const struct arc_env *env, const char *host, const char *scope, json_t *helped,
                     struct arc_login *out, struct arc_error *err);
void arc_login_free(struct arc_login *login);

/* The Authorization value "Basic …" (RFC 7617) from user and password, or from an empty user and
 * the token. Owned by the caller; NULL when out of memory. */
char *arc_login_basic(const struct arc_login *login);
