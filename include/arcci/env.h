/* The environment as a parameter: the library never calls getenv(), so that a test can be any
 * event on any day. */
#ifndef ARCCI_ENV_H
#define ARCCI_ENV_H

#include "arcci/api.h"
#include "arcci/error.h"
#include <stdint.h>

ARC_API_BEGIN

/* What a run knows of its environment. Borrowed. */
struct arc_env {
    const char *const *vars; /* NULL-terminated "NAME=value" strings, as environ */
    const char *cwd;         /* the directory that relative paths start from; NULL means "." */
    int64_t now;             /* seconds since 1970, for `created` times and age limits */

    /* Called with each command and request, one line each, without secrets; may be NULL. */
    void (*trace)(void *context, const char *line);
    void *trace_context;
};

/* Passes a formatted line to env->trace, unless that is NULL. */
void arc_env_trace(const struct arc_env *env, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The value of a variable, or NULL if it is not set. Owned by the environment. */
const char *arc_env_get(const struct arc_env *env, const char *name);

/* As arc_env_get(), but NULL for an empty value as well: GitHub Actions passes inputs that were
 * not given as empty strings. */
const char *arc_env_nonempty(const struct arc_env *env, const char *name);

/* *out is the time to put into names and files, in seconds since 1970: SOURCE_DATE_EPOCH
 * (reproducible-builds.org) if it is set, else now. Not for expiry checks. ARC_EINPUT if the
 * variable is not such a time. */
int arc_env_moment(const struct arc_env *env, int64_t *out, struct arc_error *err);

ARC_API_END

#endif
