/* Steering releases: what the groups need next, and taking it back.
 *
 * Each works on the project's repository and configuration; documents are docs/schema/….
 */
#ifndef ARCCI_STEER_H
#define ARCCI_STEER_H

#include "arcci/api.h"
#include "arcci/documents.h"
#include "arcci/project.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* What `status` looks at. */
struct arc_status_options {
    bool registry;       /* ask the registries whether the tags still name what was released */
    bool scan;           /* ask GitHub what the gate said of each group's last published release */
    bool builds;         /* … and how it was built */
    const json_t *locks; /* array of lock files of trains, which are asked of GitHub otherwise;
                            NULL: none. Borrowed */
};

/* Makes status.json: the last release of every group, what touched it since, and its next version.
 * *out is a new reference; *failed: ARC_OK, or why a registry was not asked to the end (its group's
 * `problem`), while the others were. ARC_ENOTFOUND without a repository, a configuration or a
 * commit. */
int arc_status(struct arc_project *project, const struct arc_status_options *options, json_t **out,
               int *failed, struct arc_error *err);

/* How the next version is chosen; NULL: by the commits, and no prerelease. Borrowed. */
struct arc_next_options {
    const char *bump; /* "patch", "minor", "major"; NULL or "auto": what the commits ask for */
    const char *prerelease; /* "rc": the next of 1.2.0-rc.1, 1.2.0-rc.2, … */
};

/* Makes next.json: the next version of the project's group (project->wanted.group), and the commits
 * that ask for it; `next` is null when nothing does. *out is a new reference. ARC_EINPUT when the
 * group is not clear or the options do not fit. */
int arc_next(struct arc_project *project, const struct arc_next_options *options, json_t **out,
             struct arc_error *err);

/* What is tagged, and how. Borrowed. */
struct arc_tag_options {
    const char *version; /* NULL: the next one */
    struct arc_next_options next;
    const char *branch; /* the release branch; NULL: the remote's default one */
    bool push;          /* push the tag, too */
};

/* Makes the annotated release tag of the project's group (project->wanted.group) at HEAD after its
 * checks: nothing is changed and not committed; HEAD is pushed to the release branch; the version
 * is higher than the last release behind HEAD; no tag and no release has the name; lint finds
 * nothing. A tag of that name at HEAD that only the clone has, or the remote has the same of, is
 * taken as made. *out: {"document": "tag", tag, revision, action ("created" or "unchanged"),
 * pushed, push (the command)}, a new reference. ARC_EFAILED for a check that does not hold,
 * ARC_EINPUT for a version that is none. */
int arc_tag_make(struct arc_project *project, const struct arc_tag_options *options, json_t **out,
                 struct arc_error *err);

/* What becomes of the GitHub releases that are taken back. */
enum arc_withdrawal { ARC_WITHDRAW_NOTHING, ARC_WITHDRAW_PRERELEASE, ARC_WITHDRAW_DRAFT };

/* A release to go back to. Borrowed. */
struct arc_rollback_options {
    const char *version; /* "1.2.2", or its tag */
    char *const *from; /* versions or tags that are taken back, NULL at the end; NULL: every stable
                            release above `version` */
    enum arc_withdrawal withdraw;
    const char *identity; /* who must have signed it, where the group signs without a key and names
                              nobody; NULL: a workflow of this repository that ran for its tag */
    const char *reason;   /* for those who read a withdrawn release; or NULL */
    const struct arc_ledger *build; /* what the release built; NULL: its build.json at GitHub, else
                                       what the version's own tags name */
    const char *lock; /* a train's lock file; NULL: its release's at GitHub, else its tags */
    bool dry_run;     /* look at everything, change nothing */
    void (*progress)(void *context, const char *line); /* may be NULL */
    void *progress_context;
};

/* Moves the floating tags of the project's group (project->wanted.group) back to a released
 * version, as if the releases that are taken back did not exist: first its images are verified
 * (that they are signed as the group's `sign` expects, too), then all tags move or none; then
 * GitHub's "Latest" goes back, where one of them has it, and they are marked. GITHUB_REPOSITORY and
 * a token say whom to ask; without them only the registries are. *out: rollback.json, a new
 * reference. ARC_EFAILED when an image is not as it was released, or a tag could not be moved
 * (those before it were put back); ARC_EINPUT for versions that do not fit. A second run ends in
 * the same state. */
int arc_rollback(struct arc_project *project, const struct arc_rollback_options *options,
                 json_t **out, struct arc_error *err);

/* Reads the images of the release of project->wanted.tag back from the registry, by the version's
 * tags, and compares them with the commit and with what the group's `sign` expects (`identity` as
 * arc_plan_signing() takes it). *out is verify.json (docs/schema/verify.schema.json), a new
 * reference; *whole whether all is as it should be. */
int arc_verify_release(struct arc_project *project, const char *identity, json_t **out, bool *whole,
                       struct arc_error *err);

/* What may be removed. Borrowed. */
struct arc_prune_options {
    char *const *groups; /* names of groups, NULL at the end; none: all */
    int64_t older_than;  /* seconds */
    size_t keep;         /* of every image the newest builds that stay, however old */
    bool apply;          /* remove it; else it is only listed */
    bool closed_pulls;   /* also the tags of pull requests that are closed */
};

/* Finds, in the registries of the groups' images, staging, cell and cache tags that are old enough,
 * and manifests that nothing else reaches: no other tag, no index, attestation or signature of one,
 * no release under way. On ghcr.io versions without a tag, too. With `apply` they are removed.
 * Where COSIGN_REPOSITORY says that signatures are kept apart, those of what goes go, too. *out:
 * prune.json, a new reference; *failed: ARC_OK, or why an image was not cleaned up whole (its
 * `problem`), while the others were. What a registry will not remove is no error, and listed. A
 * second run goes on where one was stopped. */
int arc_prune(struct arc_project *project, const struct arc_prune_options *options, json_t **out,
              int *failed, struct arc_error *err);

ARC_API_END

#endif
