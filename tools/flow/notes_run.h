/* The notes of files and a repository: what `arc-ci notes` does. */
#ifndef ARCCI_FLOW_NOTES_RUN_H
#define ARCCI_FLOW_NOTES_RUN_H

#include "arcci/env.h"
#include "arcci/error.h"
#include <jansson.h>

/* Where the facts are. Paths are relative to the current directory; nothing is owned. */
struct arc_notes_files {
    const char *plan;     /* plan.json */
    const char *build;    /* build.json, or NULL */
    const char *scan;     /* scan.json, or NULL */
    const char *template; /* a notes template; NULL: the group's own, or the built-in one */
    const char *config;   /* NULL: .github/arc-ci.yaml, if it is there */
};

/* Reads the files and the repository that env->cwd lies in, and makes notes.json. *out is a new
 * reference. */
int arc_notes_run(const struct arc_env *env, const struct arc_notes_files *files, json_t **out,
                  struct arc_error *err);

#endif
