/* The notes of files and a repository: what `arc-ci notes` does. */
#ifndef ARC_NOTES_INPUTS_H
#define ARC_NOTES_INPUTS_H

#include "arcci/project.h"
#include <jansson.h>

/* Where the facts are. Paths are relative to the current directory; nothing is owned. */
struct arc_notes_files {
    const char *tag;   /* of the release, when its plan is to be made here; or NULL */
    const char *plan;  /* plan.json; NULL with `tag` */
    const char *build; /* build.json, or NULL */
    const char *scan;  /* scan.json, or NULL */
    const char *needs; /* toJSON(needs), or its file: build and scan where they are NULL; or NULL */
    const char *template; /* a notes template; NULL: the group's own, or the built-in one */
    const char *config;   /* NULL: .github/arc-ci.yaml, if it is there */
};

/* The documents that notes are made of, and where the group is. Nothing is owned. */
struct arc_notes_facts {
    const struct arc_plan *plan;
    const struct arc_ledger *build; /* or NULL */
    const json_t *scan;             /* or NULL */
    const struct arc_group *group; /* or NULL: its template, ports and shared paths are not known */
    const char *root;              /* the work tree, or NULL */
    const char *template;          /* a template instead of the group's, or NULL */
};

/* Reads the template, the version's own text and the commits, and makes notes.json. *out is a new
 * reference. */
int arc_notes_make(struct arc_project *project, const struct arc_notes_facts *facts, json_t **out,
                   struct arc_error *err);

/* Reads the files and the repository that env->cwd lies in, and makes notes.json. *out is a new
 * reference. */
int arc_notes_run(struct arc_project *project, const struct arc_notes_files *files, json_t **out,
                  struct arc_error *err);

/* Calls `warn` with each sentence of what notes.json says may be wrong, `weight` 'w' for a warning
 * or 'n' for a notice; a non-zero return of it ends that and is returned. */
int arc_notes_warn(const json_t *notes,
                   int (*warn)(void *context, char weight, const char *text, struct arc_error *err),
                   void *context, struct arc_error *err);

#endif
