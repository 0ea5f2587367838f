/* Credentials for registries, as docker keeps them: the `auths` in DOCKER_AUTH_CONFIG, then
 * $DOCKER_CONFIG/config.json (else ~/.docker/config.json), its `auths`, `credHelpers` and
 * `credsStore` with the programs docker-credential-*. */
#pragma once

#include "arcci/env.h"
#include "arcci/error.h"

/* A login, of one of three kinds. All owned. */
struct arc_login {
    char *user;
    char *password;
    char *token;  /* an identity token for OAuth2, instead of user and password */
    char *bearer; /* "registrytoken": what goes to the registry itself */
};

/* The path of a file of docker's configuration; *out is owned by the caller. ARC_ENOTFOUND where
 * the environment names no folder for it. */
int arc_docker_file(const struct arc_env *env, const char *name, char **out, struct arc_error *err);

/* The login for a registry's host ("ghcr.io", "127.0.0.1:5000"; Docker Hub is "docker.io").
 * ARC_ENOTFOUND when there is none; ARC_EINPUT when config.json cannot be read as such; ARC_EWORLD
 * when a credential helper fails. Free with arc_login_free(). */
int arc_docker_login(const struct arc_env *env, const char *host, struct arc_login *out,
                     struct arc_error *err);
void arc_login_free(struct arc_login *login);

/* "Basic …" for Authorization (RFC 7617), of user and password, or of no user and the token. Owned
 * by the caller; NULL without memory. */
char *arc_login_basic(const struct arc_login *login);
