/* Surveys all groups in one walk of the history: the last release of each, and the changes
 * since. */
#pragma once

#include "arcci/project.h"
#include "arcci/steer.h"
#include "steer/conventional.h"

struct survey_commit {
    struct arc_oid oid;
    char *subject;
    int64_t time;
    bool merge;
    char *takes_back; /* the text that names what it reverts; NULL: not a revert */
    struct arc_conventional says;
};

/* A commit that touched files of a group. */
struct survey_touch {
    size_t commit;   /* index into survey.commits */
    char **services; /* codenames */
    size_t service_count;
    bool since_last; /* not in the group's last release */
    bool since_stable;
    bool undone; /* reverted, or a revert, since the last stable release */
};

/* A service of a train: its release in the train's last stable release, and in a train at HEAD.
 * NULL: none. */
struct survey_ride {
    char *service;
    const struct arc_group *from;
    char *then, *now;
};

/* The last release of a group, or of a service that has tags of its own. */
struct survey_release {
    char *last; /* the tag */
    char *stable;
};

struct survey_group {
    const struct arc_group *group;
    char *last;              /* tag of the last release before HEAD; NULL: none */
    char *stable;            /* … of the last stable one */
    const char *predecessor; /* without a stable one: the predecessor's tag from the configuration;
                                NULL: none, or not in the clone */
    int64_t last_time;
    struct survey_release *releases; /* the stable ones: of each service that has tags of its own,
                                        else the group's */
    size_t release_count;
    struct arc_tag *tags; /* owned: all that are its own, on any branch, by survey_list_tags() */
    size_t tag_count;
    struct survey_touch *touches; /* newest first */
    size_t count;

    /* For a train, set by survey_find_rides(). */
    struct survey_ride *rides;
    size_t ride_count;
    struct arc_group taken; /* owned: the train with the services of its last stable release */
    json_t *lock;           /* owned: that release's lock file; NULL: unknown */
    char *problem;          /* why its services are unknown, or differ from the lock file; by
                               `status`, also why there is no next version */
};

/* Initialize with {0}. */
struct survey {
    struct arc_arena memory;
    struct arc_project *project;
    struct arc_history *history; /* owned: its commits, as far as they were read */
    struct arc_oid head;
    struct arc_oid default_tip; /* of the default branch, as the clone knows it; empty: unknown */
    bool on_default;            /* HEAD is that branch, or its tip */
    const char *unclaimed;      /* the highest tag of no group, or ""; NULL: not searched yet */
    bool complete;              /* no commits were missing */
    struct survey_commit *commits;
    size_t commit_count;
    struct survey_group *groups; /* as in the configuration */
    size_t group_count;
};

/* Surveys from HEAD. ARC_ENOTFOUND without a repository, a configuration or a commit. */
int survey_take(struct arc_project *project, struct survey *out, struct arc_error *err);
/* The same for one group, with its tags and rides: that of the project's wanted.group, else the only
 * one, or ARC_EINPUT. */
int survey_take_group(struct arc_project *project, bool prerelease, struct survey *out,
                      struct survey_group **group, struct arc_error *err);
void survey_free(struct survey *survey);

/* Lists which of the repository's tags are the group's, once; the next version depends on them. Not
 * a part of survey_take(): all groups times all tags are many. */
int survey_list_tags(struct survey *survey, struct survey_group *group, struct arc_error *err);

/* Finds what the train's last stable release includes (by group->lock, if set) and what it would
 * include at HEAD; or, for its next prerelease, what its last release does. A difference from its
 * lock file is not an error but its `problem`. Does nothing for a group that builds. */
int survey_find_rides(struct survey *survey, struct survey_group *group, bool prerelease,
                      struct arc_error *err);

/* The level that the included releases ask of the train's next version. */
enum arc_bump survey_ride_bump(const struct survey_group *group);

/* Its rides, one row per release; a new reference, NULL when out of memory, JSON null for a group
 * that builds. */
json_t *survey_describe_rides(const struct survey_group *group);

/* Marks reverts and what they revert as undone, among the touches that are since_stable.
 * survey_take() does it; call it again after clearing since_stable of some. */
int survey_cancel_pairs(struct survey *survey, const struct survey_group *group,
                        struct arc_error *err);

/* The version that a group would have next. Texts are the survey's, or static. */
struct survey_next {
    enum arc_bump bump;
    char *version; /* "1.3.0"; NULL: nothing asks for a release */
    char *tag;     /* "messaging/v1.3.0"; or NULL */
    const char *reason;
    const char *since;     /* the previous release, which HEAD may lack; NULL: none */
    const char *unclaimed; /* for a first release, the highest tag of no group; NULL: none */
};

/* Chooses the next version. Commits in a release on another branch whose number is skipped do not
 * count: clears since_stable of their touches. Texts are the survey's. ARC_EINPUT for options that
 * do not fit, or a version beyond 2^63. */
int survey_choose_next(struct survey *survey, const struct survey_group *group,
                       const struct arc_next_options *options, struct survey_next *out,
                       struct arc_error *err);

/* Whether a tag's version is above the group's last release (a date: above its last stable one, since
 * prereleases are of a day to come); true if there is none. NULL: no tag. */
int survey_is_above(const struct survey_group *group, const char *name, bool *above,
                    struct arc_error *err);

/* The group's highest stable release between HEAD's last one and a tag that the commit `tip` has;
 * NULL: none. The survey's. */
int survey_find_between(const struct survey *survey, const struct survey_group *group,
                        const char *name, const struct arc_oid *tip, const char **out,
                        struct arc_error *err);
