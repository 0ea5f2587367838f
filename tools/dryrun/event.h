/* The event of a rehearsal: the environment that GitHub Actions would give the real run. */
#pragma once

#include "arcci/arena.h"
#include "arcci/env.h"

/* An environment with its own variables before another's. */
struct arc_dryrun_event {
    struct arc_env env;      /* for the stages; borrows the other's variables */
    struct arc_arena memory; /* of its own */
    bool publishes; /* the workflows push images although it is no release: a push to the default
                     * branch, a schedule, or a run by hand whose `mode` is release */
};

/* Makes the push of a release tag at a commit. */
int arc_dryrun_event_of_tag(const struct arc_env *env, const char *tag, const char *revision,
                            struct arc_dryrun_event *out, struct arc_error *err);

/* Reads a recorded event (GITHUB_EVENT_PATH of a run): its members identify it; ref, commit and
 * repository come from the payload. ARC_EINPUT for an unknown event. */
int arc_dryrun_event_of_file(const struct arc_env *env, const char *path,
                             struct arc_dryrun_event *out, struct arc_error *err);
