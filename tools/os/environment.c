#include "os/environment.h"
#include "base/text.h"

static const char *const harmless[] = {
    /* any program */
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLUMNS", "NO_COLOR", "CI", "TZ", "LANG",
    "LANGUAGE", "LC_*", "TMPDIR", "TMP", "TEMP", "XDG_*", "LD_LIBRARY_PATH", "SOURCE_DATE_EPOCH",
    "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
    /* the network */
    "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
    "ftp_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE",
    "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GODEBUG", "GOMAXPROCS",
    "GOMEMLIMIT",
    /* docker, buildx and where they build */
    "DOCKER_*", "BUILDX_*", "BUILDKIT_*", "CONTAINER_HOST", "KUBECONFIG", "KUBERNETES_*",
    "SSH_AUTH_SOCK", "SSH_AGENT_PID", "OTEL_*",
    /* registries' credential helpers */
    "AWS_*", "GOOGLE_*", "CLOUDSDK_*", "AZURE_*", "MSI_*", "IDENTITY_*", "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME", "GPG_TTY", "PASSWORD_STORE_*", NULL};

bool arc_environment_has(const char *const *names, const char *variable)
{
    for (; names && *names; names++) {
        size_t len = strlen(*names);
        bool start = len && (*names)[len - 1] == '*';
        if (strncmp(*names, variable, start ? len - 1 : len) == 0 &&
            (start || variable[len] == '='))
            return true;
    }
    return false;
}

int arc_environment_pick(const struct arc_env *env, bool taken, const char *const *names,
                         const char *const *more, const char *const *own, const char ***out,
                         struct arc_error *err)
{
    size_t kept = 0;

    *out = calloc(arc_texts_count(env->vars) + arc_texts_count(own) + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, err);
    for (const char *const *var = env->vars; var && *var; var++)
        if ((arc_environment_has(names, *var) || arc_environment_has(more, *var)) == taken)
            (*out)[kept++] = *var;
    for (; own && *own; own++)
        (*out)[kept++] = *own;

    return ARC_OK;
}

int arc_environment_choose(const struct arc_env *env, const char *const *more, const char ***out,
                           struct arc_error *err)
{
    return arc_environment_pick(env, true, harmless, more, NULL, out, err);
}
