/* What clients without a login can read. */
#include "os/environment.h"
#include "registry/call.h"

bool arc_registry_hides(const struct arc_registry *registry)
{
    return registry->status == 401 || registry->status == 403 || registry->status == 404;
}

int arc_registry_look_anonymously(const struct arc_env *env, const struct arc_clock *clock,
                                  const char *image, const char *reference, bool *kept,
                                  struct arc_error *err)
{
    static const char *const logins[] = {"DOCKER_AUTH_CONFIG", "DOCKER_CONFIG", "BUILDX_CONFIG",
                                         "HOME", NULL};
    struct arc_env nobody = *env;
    char digest[ARC_DIGEST_LEN + 1] = "";
    ARC_AUTO_FREE const char **vars = NULL;
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;

    ARC_TRY(arc_environment_pick(env, false, logins, NULL, NULL, &vars, err));
    nobody.vars = vars;
    ARC_TRY(arc_registry_new(&nobody, clock, &registry, err));
    int rc = arc_registry_resolve(registry, image, reference, digest, err);
    *kept = rc && arc_registry_hides(registry);

    return *kept ? ARC_OK : rc;
}
