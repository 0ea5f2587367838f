/* Runs the scanner, Trivy (trivy.dev): a program on PATH, or its image. */
#pragma once

#include "arcci/buf.h"
#include "arcci/env.h"
#include <jansson.h>

/* Runs one command (an array of strings) in `folder` (NULL: env->cwd); its output replaces *output
 * and *errors, the latter without what only --debug prints, except
 * arc_trivy_skipped(). Its environment is what arc_environment_choose() passes, and
 * Trivy's variables that cannot hide findings. ARC_ENOTFOUND if there is no such program,
 * ARC_EFAILED with its last line if it exits with another status than 0, ARC_EWORLD after `timeout`
 * seconds. */
int arc_trivy_run(const struct arc_env *env, const json_t *argv, const char *folder,
                  unsigned timeout, struct arc_buf *output, struct arc_buf *errors,
                  struct arc_error *err);

/* Whether a line of Trivy's, from its level on ("\tDEBUG\t…"), says that it left out a file since it
 * could not parse it, which only --debug shows. */
bool arc_trivy_skipped(const char *level);

/* Whether a TRIVY_ variable ("NAME=value") is withheld because it could hide findings. */
bool arc_trivy_withholds(const char *variable);

/* Whether Trivy's container gets a variable: one that passes and names nothing of this machine. */
bool arc_trivy_takes_along(const char *variable);

/* The absolute path of the folder for reports, created if necessary. The caller frees *out. */
int arc_trivy_folder(const char *path, char **out, struct arc_error *err);
