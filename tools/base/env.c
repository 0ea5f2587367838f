#include "arcci/env.h"
#include "base/text.h"

const char *arc_env_get(const struct arc_env *env, const char *name)
{
    size_t len = strlen(name);
    for (const char *const *var = env->vars; var && *var; var++)
        if (**var == *name && strncmp(*var, name, len) == 0 && (*var)[len] == '=')
            return *var + len + 1;
    return NULL;
}

const char *arc_env_nonempty(const struct arc_env *env, const char *name)
{
    return arc_text_or(arc_env_get(env, name), NULL);
}

int64_t arc_env_moment(const struct arc_env *env)
{
    int64_t moment = env->now;
    arc_text_number(arc_env_get(env, "SOURCE_DATE_EPOCH"), 12, &moment);
    return moment;
}

void arc_env_trace(const struct arc_env *env, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {.max = 4096};

    if (!env || !env->trace)
        return;

    ARC_WITH_ARGS(format, arc_buf_vprintf(&line, format, args));
    if (line.len)
        env->trace(env->trace_context, arc_buf_text(&line));
}
