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
    const char *list = arc_or(arc_env_nonempty(env, "ARC_CI_INSECURE_REGISTRIES"), "");
    arc_each_piece (word, list, ", \t\r\n") {
        bool plain = word.len > 7 && strncasecmp(word.text, "http://", 7) == 0;
        bool secure = word.len > 8 && strncasecmp(word.text, "https://", 8) == 0;
        size_t scheme = 7U * plain + 8U * secure;

        if (len && arc_text_strip(word.text + scheme, word.len - scheme, "/") == len &&
            strncasecmp(word.text + scheme, host, len) == 0)
            return (struct registry_trust){.named = true, .plain = plain};
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
