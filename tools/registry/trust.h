/* Registries that do not speak https with a certificate that verifies. The user names them in the
 * environment, ARC_CI_INSECURE_REGISTRIES; no file of a repository can: whoever writes one would
 * send the registry's login in the clear. */
#pragma once

#include "arcci/env.h"
#include <stdbool.h>
#include <stddef.h>

/* How a host is spoken to. */
struct registry_trust {
    bool
        named; /* the user vouches for it as HOST, https://HOST (whatever its certificate) or http://HOST */
    bool plain; /* http: named so, or it is this machine */
};

/* The trust in a host ("registry.local:5000"). The list is of commas, spaces or both. */
struct registry_trust registry_trust_of(const struct arc_env *env, const char *host, size_t len);

/* Whether the host of a URL is one that the user named. */
bool registry_url_insecure(const struct arc_env *env, const char *url);
