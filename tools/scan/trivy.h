/* Running the scanner, Trivy (trivy.dev): a program on PATH, or its image. */
#ifndef ARC_SCAN_TRIVY_H
#define ARC_SCAN_TRIVY_H

#include "arcci/buf.h"
#include "arcci/env.h"
#include "arcci/error.h"
#include <jansson.h>
#include <stdbool.h>

/* Runs one command (an array of strings) to its end; what it says on stdout goes to *output (may be
 * NULL). ARC_ENOTFOUND when there is no such program, ARC_EFAILED with the last line it said when
 * it exits with anything but 0, ARC_EWORLD when it takes longer than `timeout` seconds. */
int arc_trivy_run(const struct arc_env *env, const json_t *argv, unsigned timeout,
                  struct arc_buf *output, struct arc_error *err);

/* A new folder for reports below TMPDIR, for arc_trivy_remove(); or, with `path`, that folder as an
 * absolute path, made if need be. The caller frees *out. */
int arc_trivy_folder(const struct arc_env *env, const char *path, char **out,
                     struct arc_error *err);

/* Removes the reports of the commands that arc_scan_commands() made, then, with `folder`, that. */
void arc_trivy_remove(const json_t *commands, const char *folder);

#endif
