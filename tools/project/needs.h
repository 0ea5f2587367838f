/* The documents of the earlier stages, from files or from what GitHub gives a job about the jobs
 * that it needs. */
#ifndef ARC_PROJECT_NEEDS_H
#define ARC_PROJECT_NEEDS_H

#include "arcci/error.h"
#include <jansson.h>

/* Where they are; each may be NULL. Borrowed. */
struct arc_needs_files {
    const char *version, *plan, *changes, *build, *scan,
        *notes;        /* JSON files; notes: or markdown */
    const char *needs; /* toJSON(needs): the text itself, or the name of a file that holds it */
};

/* What was found; each may be NULL. Owned. */
struct arc_needs {
    json_t *version, *plan, *changes, *build, *scan, *notes;
    json_t *jobs; /* {"build-flash": "success", …}; empty without `needs`, never NULL */
};

/* Reads the files, then `needs`: every output of every job that is a JSON document of a stage,
 * known by its members whatever the output is called. The build.json of several jobs become one. A
 * file goes before `needs`. The version in a plan serves where there is no other. Markdown notes
 * become
 * {"body": …}. ARC_EINPUT for documents that contradict one another. */
int arc_needs_read(const struct arc_needs_files *files, struct arc_needs *out,
                   struct arc_error *err);
void arc_needs_free(struct arc_needs *needs);

#endif
