/* Chooses the environment of a child by name, so that it does not get a job's secrets. */
#pragma once

#include "arcci/env.h"
#include "arcci/error.h"
#include <stdbool.h>

/* Whether the variable ("NAME=value") is one of `names`; "AWS_*" matches all with that prefix. */
bool arc_environment_has(const char *const *names, const char *variable);

/* The variables that are among `names` or `more` (`taken`) or are not, and behind them those of
 * `own`; NULL is an empty list. *out ends with NULL; the caller frees it, but not the strings. */
int arc_environment_pick(const struct arc_env *env, bool taken, const char *const *names,
                         const char *const *more, const char *const *own, const char ***out,
                         struct arc_error *err);

/* The variables that a program of ours may see: what any program needs (PATH, HOME, the locale,
 * proxies, certificates), what docker, its credential helpers and clouds' logins need, and those
 * that `more` (NULL: none) names. Everything else, GITHUB_TOKEN, INPUT_* and ACTIONS_* foremost,
 * stays out. *out as arc_environment_pick() has it. */
int arc_environment_choose(const struct arc_env *env, const char *const *more, const char ***out,
                           struct arc_error *err);
