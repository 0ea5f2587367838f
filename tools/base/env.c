#include "arcci/env.h"
#include <stddef.h>
#include <string.h>

const char *arc_env_get(const struct arc_env *env, const char *name)
{
    size_t len = strlen(name);
    for (const char *const *var = env->vars; var && *var; var++)
        if (strncmp(*var, name, len) == 0 && (*var)[len] == '=')
            return *var + len + 1;
    return NULL;
}

const char *arc_env_nonempty(const struct arc_env *env, const char *name)
{
    const char *value = arc_env_get(env, name);
    return value && *value ? value : NULL;
}
