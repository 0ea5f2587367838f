/* A rollback under way, and its part at GitHub. */
#ifndef ARC_STEER_ROLLBACK_H
#define ARC_STEER_ROLLBACK_H

#include "arcci/arena.h"
#include "arcci/documents.h"
#include "arcci/steer.h"
#include "arcci/transport.h"
#include "base/warn.h"
#include "registry/registry.h"
#include "steer/record.h"

/* A release that is taken back. */
struct taken_back {
    char *tag;
    const json_t *release; /* as GitHub has it; NULL: it has none, or was not asked */
    bool marked;           /* it says already that it was withdrawn */
};

struct rollback {
    struct arc_project *project;
    const struct arc_rollback_options *options;
    const struct arc_group *group;
    struct arc_tag tag; /* where it goes back to */
    struct taken_back *taken;
    size_t taken_count;
    struct arc_arena memory;

    struct arc_registry *registry;
    struct arc_plan plan;
    struct arc_ledger asset;         /* the release's build.json */
    const struct arc_ledger *ledger; /* what was given, else `asset`; NULL: there is none */
    json_t *moves, *warnings;
    char *lock; /* its lock file's text; NULL: it is no train, or not known */

    struct records records;
    const json_t *release; /* of `tag` */
    char *latest;          /* the tag of GitHub's latest release; or NULL */
    bool latest_moves;     /* one that is taken back has it */
};

#define rollback_say(rollback, ...)                                                                \
    arc_tell((rollback)->options->progress, (rollback)->options->progress_context, __VA_ARGS__)

/* Opens GitHub where GITHUB_REPOSITORY and a token say whom to ask, and reads whose releases are
 * withdrawn. ARC_EINPUT when releases are to be marked and nobody can be asked. */
int withdraw_open(struct rollback *rollback, struct arc_error *err);

/* Reads the releases, and the ledger and the lock file of the one that is gone back to; warns where
 * it has none. ARC_EFAILED when it is not published. */
int withdraw_look(struct rollback *rollback, struct arc_error *err);

/* Moves "Latest", then marks the releases: what is done already is left. */
int withdraw_do(struct rollback *rollback, struct arc_error *err);

/* The releases for the document; a new reference, or NULL. */
json_t *withdraw_describe(const struct rollback *rollback);

#endif
