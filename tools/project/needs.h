/* The documents of earlier stages, from files or from GitHub's `needs` context. */
#pragma once

#include "arcci/documents.h"

/* Their sources; each may be NULL. Borrowed. */
struct arc_needs_files {
    const char *version, *plan, *changes, *build, *scan,
        *notes;        /* JSON files; notes may be markdown */
    const char *needs; /* toJSON(needs): the text, or the path of a file with it */
};

/* The documents; each may be NULL. Owned. */
struct arc_needs {
    struct arc_version_info *version;
    struct arc_plan *plan;
    struct arc_ledger *build;
    struct arc_changes_info *changes;
    json_t *scan, *notes;
    struct arc_scan_info judged; /* the verdict of `scan` */
    json_t *jobs; /* {"build-flash": "success", …}; empty without `needs`, never NULL */
};

/* Reads the files, then `needs`: every output of every job that is a JSON document of a stage,
 * known by its kind whatever the output is called. The build.json of several jobs become one. A
 * file goes before `needs`. The version in a plan serves where there is no other. Markdown notes
 * become {"body": …}. ARC_EINPUT for documents that contradict one another. */
int arc_needs_read(const struct arc_needs_files *files, struct arc_needs *out,
                   struct arc_error *err);
void arc_needs_free(struct arc_needs *needs);

/* ARC_EINPUT if the documents are of another release than `tag`, a tag or its ref (NULL: any). */
int arc_needs_check_tag(const struct arc_needs *needs, const char *tag, struct arc_error *err);

/* The result of a needed job if it is a problem: "failure", "cancelled", "skipped", "missing" (no
 * such job); else NULL. A skipped job is fine if `plan` or `changes` (each may be NULL) say that it
 * had nothing to do: no service is selected, or not the one whose codename ends its name. */
const char *arc_job_trouble(const json_t *jobs, const char *job, const struct arc_plan *plan,
                            const struct arc_changes_info *changes);

/* ARC_EFAILED, naming the first job with a problem; `plan` (may be NULL) says what jobs had to do,
 * `then` the consequence ("nothing is released"). */
int arc_needs_check(const struct arc_needs *needs, const struct arc_plan *plan, const char *then,
                    struct arc_error *err);

/* ARC_EFAILED if there is a scan.json and its gate failed. */
int arc_needs_check_gate(const struct arc_needs *needs, const char *then, struct arc_error *err);

/* ARC_EFAILED if no image was built, or one selected by the plan (may be NULL) was not. */
int arc_needs_check_built(const struct arc_needs *needs, const char *then, struct arc_error *err);
