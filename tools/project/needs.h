/* The documents of the earlier stages, from files or from what GitHub gives a job about the jobs
 * that it needs. */
#pragma once

#include "arcci/documents.h"

/* Where they are; each may be NULL. Borrowed. */
struct arc_needs_files {
    const char *version, *plan, *changes, *build, *scan,
        *notes;        /* JSON files; notes: or markdown */
    const char *needs; /* toJSON(needs): the text itself, or the name of a file that holds it */
};

/* What was found; each may be NULL. Owned. */
struct arc_needs {
    struct arc_version_info *version;
    struct arc_plan *plan;
    struct arc_ledger *build;
    struct arc_changes_info *changes;
    json_t *scan, *notes;
    struct arc_scan_info judged; /* what `scan` says */
    json_t *jobs; /* {"build-flash": "success", …}; empty without `needs`, never NULL */
};

/* Reads the files, then `needs`: every output of every job that is a JSON document of a stage,
 * known by its kind whatever the output is called. The build.json of several jobs become one. A
 * file goes before `needs`. The version in a plan serves where there is no other. Markdown notes
 * become
 * {"body": …}. ARC_EINPUT for documents that contradict one another. */
int arc_needs_read(const struct arc_needs_files *files, struct arc_needs *out,
                   struct arc_error *err);
void arc_needs_free(struct arc_needs *needs);

/* How a job that was needed ended, where that is not fine: "failure", "cancelled", "skipped",
 * "missing" (there is no such job); NULL where it is. A success is fine. So is a job that was
 * skipped where `plan` or `changes` (each may be NULL) say that it had nothing to do: the service
 * whose codename its name ends in is not selected, or none is. */
const char *arc_job_trouble(const json_t *jobs, const char *job, const struct arc_plan *plan,
                            const struct arc_changes_info *changes);

/* ARC_EFAILED for the first job that is in trouble, by its name; `then` says what does not happen
 * ("nothing is released"). */
int arc_needs_check(const struct arc_needs *needs, const char *then, struct arc_error *err);

/* ARC_EFAILED when no image was built, or one that the plan (may be missing) selects was not. */
int arc_needs_check_built(const struct arc_needs *needs, const char *then, struct arc_error *err);
