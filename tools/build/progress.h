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
    /* Called when more of the targets' indexes were pushed, some time before bake ends; `digests`:
     * target → digest of these, borrowed. May be NULL. */
    void (*on_pushed)(void *context, const json_t *digests);
    void *context; /* on_pushed's */
};

struct arc_progress;

/* A reader for one run of bake; what the options point to must outlive it. */
int arc_progress_new(const struct arc_progress_options *options, struct arc_progress **out,
                     struct arc_error *err);
void arc_progress_free(struct arc_progress *progress);

/* Reads the next bytes of the stream, cut anywhere. ARC_ELIMIT for a value beyond 16 MiB; what is
 * not JSON is kept as text. */
int arc_progress_feed(struct arc_progress *progress, const char *data, size_t len,
                      struct arc_error *err);

/* The last 64 KiB of the text between values. Owned by the reader. */
const char *arc_progress_text(const struct arc_progress *progress);

/* Fills in the start of a cell's first step, the time until the end of its last, and whether all
 * steps came from the cache. Leaves them unchanged if no step was seen. */
void arc_progress_time(const struct arc_progress *progress, const char *service,
                       struct arc_built_cell *cell);

/* The error of the failed step ("process … did not complete successfully: exit code: 3"), its cell,
 * and whether it printed "exec format error", that is, ran a program for another platform. NULL:
 * none failed. Owned by the reader. */
const char *arc_progress_failure(const struct arc_progress *progress, const char **service,
                                 const char **platform, bool *foreign);

/* The number of steps that ended, successfully or not. */
size_t arc_progress_done(const struct arc_progress *progress);
