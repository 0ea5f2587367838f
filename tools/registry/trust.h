/* Registries that do not speak https with a certificate that verifies. The user names them in the
 * environment, ARC_CI_INSECURE_REGISTRIES; no file of a repository can: whoever writes one would
 * send the registry's login in the clear. */
#ifndef ARC_REGISTRY_TRUST_H
#define ARC_REGISTRY_TRUST_H

#include "arcci/env.h"
#include <stdbool.h>
#include <stddef.h>

/* How a host is spoken to. */
enum registry_trust {
    REGISTRY_VERIFIED,   /* https */
    REGISTRY_UNVERIFIED, /* https, whatever its certificate: named as HOST or https://HOST */
    REGISTRY_PLAIN,      /* http: named as http://HOST */
    REGISTRY_LOCAL,      /* http, for it is this machine */
};

/* The trust in a host ("registry.local:5000"). The list is of commas, spaces or both. */
enum registry_trust registry_trust_of(const struct arc_env *env, const char *host, size_t len);

/* Whether the host of a URL is one that the user named. */
bool registry_url_insecure(const struct arc_env *env, const char *url);

#endif
