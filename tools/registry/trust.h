/* Registries without https or a valid certificate. Only the user can name them, in the environment
 * (ARC_CI_INSECURE_REGISTRIES); a file of the repository could otherwise make us send the login in
 * the clear. */
#pragma once

#include "arcci/env.h"
#include <stdbool.h>
#include <stddef.h>

/* The server of an image name's host: Docker Hub's has another name. */
const char *registry_server(const char *host);

/* How to connect to a host. */
struct registry_trust {
    bool named; /* the user vouches for it as HOST, https://HOST (whatever its certificate) or
                   http://HOST */
    bool plain; /* use http: named so, or this machine */
};

/* The trust in a host ("registry.local:5000"), by a list separated by commas or spaces. */
struct registry_trust registry_trust_of(const struct arc_env *env, const char *host, size_t len);

/* Whether the user named the URL's host. */
bool registry_url_insecure(const struct arc_env *env, const char *url);
