/* The notes of files and a repository: what `arc-ci notes` does. */
#pragma once

#include "arcci/notes.h"
#include "arcci/project.h"
#include "project/needs.h"

/* Where the facts are. Paths are relative to the current directory; nothing is owned. */
struct arc_notes_files {
    struct arc_needs_files documents; /* plan, NULL when it is to be made; build, scan, needs */
    const char *template; /* a notes template; NULL: the group's own, or the built-in one */
};

/* Reads the template (a file instead of the group's, or NULL), the version's own text and the
 * commits, and makes notes.json of them and of what `known` has. *out is a new reference. */
int arc_notes_make(struct arc_project *project, const struct arc_notes_options *known,
                   const char *template, json_t **out, struct arc_error *err);

/* Reads the files and the repository that env->cwd lies in, and makes notes.json. *out is a new
 * reference. */
int arc_notes_run(struct arc_project *project, const struct arc_notes_files *files, json_t **out,
                  struct arc_error *err);

/* Calls `warn` with each sentence of what notes.json says may be wrong, `weight` 'w' for a warning
 * or 'n' for a notice; a non-zero return of it ends that and is returned. */
int arc_notes_warn(const json_t *notes,
                   int (*warn)(void *context, char weight, const char *text, struct arc_error *err),
                   void *context, struct arc_error *err);
