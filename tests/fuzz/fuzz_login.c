/* docker's config.json, by DOCKER_AUTH_CONFIG, and the base64 in it: a login that comes out fits
 * into a header; what is refused is refused with a reason that does not show it. */
#include "base/auto.h"
#include "os/base64.h"
#include "registry/docker_config.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_config(const char *variable)
{
    static const char *const hosts[] = {"ghcr.io", "docker.io", "127.0.0.1:5000"};
    const char *const vars[] = {variable, "HOME=/nonexistent", NULL};
    const struct arc_env env = {.vars = vars};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct arc_login login = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        int rc = arc_docker_login(&env, hosts[i], NULL, NULL, &login, &err);
        if (rc != err.code)
            abort();
        ARC_AUTO_FREE char *basic = rc ? NULL : arc_login_basic(&login);
        if (basic && strpbrk(basic, "\r\n"))
            abort();
        arc_login_free(&login);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const char name[] = "DOCKER_AUTH_CONFIG=";
    ARC_AUTO_FREE char *variable = calloc(sizeof name + size, 1);
    ARC_AUTO(arc_buf) struct arc_buf plain = {0};
    if (!variable)
        return 0;
    memcpy(variable, name, sizeof name);
    memcpy(variable + sizeof name - 1, data, size);
    read_config(variable);
    arc_base64_decode(variable + sizeof name - 1, &plain, NULL);
    return 0;
}
