/* The progress of `docker buildx bake --progress rawjson`, as it arrives.
 *
 * It is a stream of JSON values one after another (BuildKit's SolveStatus: vertexes, statuses,
 * logs), on stderr, between lines of plain text (warnings, the final error). A vertex's name tells
 * its cell: "[flash linux/arm64 2/2] RUN …"; with a single target the target's name is left out,
 * with a single platform the platform's.
 */
#pragma once

#include "arcci/build.h"

struct arc_progress_options {
    const json_t *definition; /* of arc_bake(): its targets and their platforms */
    struct arc_build_listener listener;
    /* Called when the registry has got more of the targets' indexes, which is some time before bake
     * ends; `digests`: target → digest, of these only, borrowed. May be NULL. */
    void (*on_pushed)(void *context, const json_t *digests);
    void *context; /* on_pushed's */
};

struct arc_progress;

/* A reader for one run of bake; the options' pointers are borrowed for its life. */
int arc_progress_new(const struct arc_progress_options *options, struct arc_progress **out,
                     struct arc_error *err);
void arc_progress_free(struct arc_progress *progress);

/* Reads the next bytes of the stream, wherever they were cut. ARC_ELIMIT for a value beyond
 * 16 MiB; what is no JSON is kept as text. */
int arc_progress_feed(struct arc_progress *progress, const char *data, size_t len,
                      struct arc_error *err);

/* What came between the values: the last 64 KiB of it. Owned by the reader. */
const char *arc_progress_text(const struct arc_progress *progress);

/* Fills in when a cell's first step began, how long it was from there to the end of its last, and
 * whether every step of it came from the cache. Leaves them where no step was seen. */
void arc_progress_time(const struct arc_progress *progress, const char *service,
                       struct arc_built_cell *cell);

/* The error of the step that failed ("process … did not complete successfully: exit code: 3"),
 * with its cell, and whether it said "exec format error": its program is for another platform. NULL
 * where none failed. Owned by the reader. */
const char *arc_progress_failure(const struct arc_progress *progress, const char **service,
                                 const char **platform, bool *foreign);

/* How many steps have ended, however. */
size_t arc_progress_done(const struct arc_progress *progress);
