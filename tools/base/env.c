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

int arc_env_moment(const struct arc_env *env, int64_t *out, struct arc_error *err)
{
    const char *given = arc_env_nonempty(env, "SOURCE_DATE_EPOCH");
    *out = env->now;
    if (!given || arc_text_number(given, 12, out))
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT,
                         "SOURCE_DATE_EPOCH: '%.40s' is not a number of seconds since 1970", given);
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
