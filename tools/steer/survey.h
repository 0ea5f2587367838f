/* All groups at once: the last release of each, and what happened to its files since, from one walk
 * of the history. */
#pragma once

#include "arcci/project.h"
#include "arcci/steer.h"
#include "steer/conventional.h"

struct survey_commit {
    struct arc_oid oid;
    char *subject;
    int64_t time;
    bool merge;
    char *takes_back; /* the body of a revert; NULL: it is none */
    struct arc_conventional says;
};

/* A commit that touched files of a group. */
struct survey_touch {
    size_t commit;   /* index into survey.commits */
    char **services; /* codenames */
    size_t service_count;
    bool since_last; /* the group's last release has it not */
    bool since_stable;
    bool undone; /* itself undone, or undoing another, since the last stable release */
};

/* A service of a train: the release that the train's last stable release took it from, and the one
 * that a train at HEAD would take it from. NULL: none. */
struct survey_ride {
    char *service;
    const struct arc_group *from;
    char *then, *now;
};

struct survey_group {
    const struct arc_group *group;
    char *last;              /* tag of the last release behind the head; NULL: none */
    char *stable;            /* … of the last that is not a prerelease */
    const char *predecessor; /* where there is no stable one: the tag before the first release, as
                                the configuration says; NULL: it says none, or the clone has none */
    int64_t last_time;
    struct survey_touch *touches; /* newest first */
    size_t count;

    /* Of a train, from survey_find_rides() on. */
    struct survey_ride *rides;
    size_t ride_count;
    struct arc_group taken; /* owned: the train with the services of its last stable release */
    json_t *lock;           /* owned: that release's lock file; NULL: not known */
    char *problem;          /* why its services are not known, or not as the lock file says */
};

/* Initialise with {0}. */
struct survey {
    struct arc_arena memory;
    const struct arc_git *git; /* the project's */
    struct arc_oid head;
    const char *unclaimed; /* the highest tag that no group has, or ""; NULL: to be looked for */
    bool complete;         /* no commit was missing */
    char
        *tags_unknown; /* why the remote's tags are not known, so that the clone's count; or NULL */
    struct survey_commit *commits;
    size_t commit_count;
    struct survey_group *groups; /* as in the configuration */
    size_t group_count;
};

/* Looks from HEAD. ARC_ENOTFOUND without a repository, a configuration or a commit. */
int survey_take(struct arc_project *project, struct survey *out, struct arc_error *err);
void survey_free(struct survey *survey);

/* Finds what the train's last stable release took, by group->lock where there is one, and what it
 * would take at HEAD. A train that is not what its lock file says is no error but its `problem`.
 * Nothing for a group that builds, or was never released. */
int survey_find_rides(struct arc_project *project, struct survey *survey,
                      struct survey_group *group, struct arc_error *err);

/* What the releases that the train takes ask of its next version. */
enum arc_bump survey_ride_bump(const struct survey_group *group);

/* Its rides, those of one release in one row; a new reference, NULL when out of memory; null for a
 * group that builds. */
json_t *survey_describe_rides(const struct survey_group *group);

/* Marks what undoes what, as undone, among the touches that are since_stable. survey_take() has done
 * it; again where some of them do not count any more. */
int survey_cancel_pairs(const struct survey *survey, const struct survey_group *group,
                        struct arc_error *err);

/* The version that a group would have next. Texts are the survey's, or static. */
struct survey_next {
    enum arc_bump bump;
    char *version; /* "1.3.0"; NULL: nothing asks for a release */
    char *tag;     /* "messaging/v1.3.0"; or NULL */
    const char *reason;
    const char *since; /* the release that it follows; NULL: there is none */
};

/* Commits that a release on another branch has, whose number is passed over, do not count: their
 * touches are no longer since_stable. The survey's memory takes the texts. `tags` are all of the
 * repository, `now` counts for calendar versions. ARC_EINPUT for options that do not fit, or a
 * version beyond 2^63. */
int survey_choose_next(struct survey *survey, const struct survey_group *group, const json_t *tags,
                       const struct arc_next_options *options, int64_t now, struct survey_next *out,
                       struct arc_error *err);

/* Whether a tag's version is above the group's last release: "beta" is not after "rc". Anything is
 * where there is none; NULL is no tag. */
int survey_is_above(const struct survey_group *group, const char *name, bool *above,
                    struct arc_error *err);

/* The group of the project's wanted.group, or the only one. ARC_EINPUT. */
int survey_find_group(const struct arc_project *project, struct survey *survey,
                      struct survey_group **out, struct arc_error *err);
