/* Running the scanner, Trivy (trivy.dev): a program on PATH, or its image. */
#pragma once

#include "arcci/buf.h"
#include "arcci/env.h"
#include <jansson.h>

/* Runs one command (an array of strings) to its end in `folder` (NULL: env->cwd); what it says goes
 * to *output and *errors (either may be NULL). Of the environment it sees what
 * arc_environment_choose() lets through and those variables of its own that hide nothing.
 * ARC_ENOTFOUND when there is no such program, ARC_EFAILED with the last line it said when
 * it exits with anything but 0, ARC_EWORLD when it takes longer than `timeout` seconds. */
int arc_trivy_run(const struct arc_env *env, const json_t *argv, const char *folder,
                  unsigned timeout, struct arc_buf *output, struct arc_buf *errors,
                  struct arc_error *err);

/* Whether a TRIVY_ variable ("NAME=value") is kept from it: one that could hide findings. */
bool arc_trivy_withholds(const char *variable);

/* The folder for reports as an absolute path, made if need be. The caller frees *out. */
int arc_trivy_folder(const char *path, char **out, struct arc_error *err);

/* Removes the reports of the commands that arc_scan_commands() made. */
void arc_trivy_remove(const json_t *commands);
