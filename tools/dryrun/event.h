/* The event that a rehearsal plays: the environment that GitHub Actions would give the real run. */
#pragma once

#include "arcci/arena.h"
#include "arcci/env.h"

/* An environment with variables of its own in front of another's. */
struct arc_dryrun_event {
    struct arc_env env; /* to run the stages with; borrows the other's variables */
    struct arc_arena memory;
    const char **vars; /* the list that env.vars points to */
    size_t count;
    bool publishes; /* a release, or a push to the default branch: its images are pushed */
};

/* The push of a release tag that points to a commit. */
int arc_dryrun_event_of_tag(const struct arc_env *env, const char *tag, const char *revision,
                            struct arc_dryrun_event *out, struct arc_error *err);

/* A recorded event (GITHUB_EVENT_PATH of a run): its name is known by its members, its ref, commit
 * and repository are the payload's. ARC_EINPUT for a file that is not an event we know. */
int arc_dryrun_event_of_file(const struct arc_env *env, const char *path,
                             struct arc_dryrun_event *out, struct arc_error *err);
