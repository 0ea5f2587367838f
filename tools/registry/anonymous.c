/* What somebody without a login gets. */
#include "base/auto.h"
#include "os/environment.h"
#include "registry/registry.h"
#include <stdlib.h>

int arc_registry_look_anonymously(const struct arc_env *env, const struct arc_clock *clock,
                                  const char *image, const char *reference, struct arc_error *err)
{
    static const char *const logins[] = {"DOCKER_AUTH_CONFIG", "DOCKER_CONFIG", "HOME", NULL};
    struct arc_registry *registry = NULL;
    struct arc_env nobody = *env;
    char digest[ARC_DIGEST_LEN + 1] = "";
    size_t count = 0, kept = 0;
    while (env->vars && env->vars[count])
        count++;
    ARC_AUTO_FREE const char **vars = calloc(count + 1, sizeof *vars);
    if (!vars)
        return arc_error_nomem(err);
    for (size_t i = 0; i < count; i++)
        if (!arc_environment_has(logins, env->vars[i]))
            vars[kept++] = env->vars[i];

    nobody.vars = vars;
    int rc = arc_registry_new(&nobody, clock, &registry, err);
    if (!rc)
        rc = arc_registry_resolve(registry, image, reference, digest, err);
    arc_registry_free(registry);
    return rc;
}
