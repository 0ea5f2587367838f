#include "registry/trust.h"
#include "base/text.h"
#include "http/http.h"
#include "registry/registry.h"

const char *registry_server(const char *host)
{
    return strcmp(host, "docker.io") == 0 ? "registry-1.docker.io" : host;
}

struct registry_trust registry_trust_of(const struct arc_env *env, const char *host, size_t len)
{
    const char *at = arc_env_nonempty(env, "ARC_CI_INSECURE_REGISTRIES");
    while (at && *(at += strspn(at, ", \t\r\n"))) {
        size_t word = strcspn(at, ", \t\r\n");
        bool plain = word > 7 && strncasecmp(at, "http://", 7) == 0;
        bool secure = word > 8 && strncasecmp(at, "https://", 8) == 0;
        const char *named = at + 7U * plain + 8U * secure;

        if (arc_text_strip(named, (size_t)(at + word - named), "/") == len &&
            strncasecmp(named, host, len) == 0)
            return (struct registry_trust){.named = true, .plain = plain};
        at += word;
    }

    /* Whether "host:port" is this machine. */
    size_t name = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    return (struct registry_trust){.plain = arc_http_loopback(host, ARC_MIN(name, len))};
}

bool registry_url_insecure(const struct arc_env *env, const char *url)
{
    const char *scheme = strstr(url, "://");
    return scheme && registry_trust_of(env, scheme + 3, strcspn(scheme + 3, "/?#")).named;
}

bool arc_registry_insecure(const struct arc_env *env, const char *image)
{
    return registry_trust_of(env, image, strcspn(image, "/")).named;
}
