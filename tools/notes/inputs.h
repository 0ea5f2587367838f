/* Notes from files and a repository: what `arc-ci notes` does. */
#pragma once

#include "arcci/notes.h"
#include "arcci/project.h"
#include "project/needs.h"

/* Input files. Paths are relative to the current directory. Borrowed. */
struct arc_notes_files {
    struct arc_needs_files documents; /* plan (NULL: make one), build, scan, needs */
    const char *template; /* a notes template; NULL: the group's own, or the built-in one */
};

/* Makes notes.json from `known`, the template (a file; NULL: the group's), the version's notes file
 * and the commits. *out is a new reference. */
int arc_notes_make(struct arc_project *project, const struct arc_notes_options *known,
                   const char *template, json_t **out, struct arc_error *err);

/* Reads the files and the repository that env->cwd is in, and makes notes.json. *out is a new
 * reference. */
int arc_notes_run(struct arc_project *project, const struct arc_notes_files *files, json_t **out,
                  struct arc_error *err);

/* Calls `warn` for each possible problem in notes.json; `weight` is 'w' for a warning, 'n' for a
 * notice. Stops at and returns the first non-zero result of `warn`. */
int arc_notes_warn(const json_t *notes,
                   int (*warn)(void *context, char weight, const char *text, struct arc_error *err),
                   void *context, struct arc_error *err);
