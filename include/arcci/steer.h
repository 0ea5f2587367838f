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
    bool registry;       /* ask the registries whether the tags still point to the released
                            images */
    bool scan;           /* ask GitHub for the gate's result of each group's last published
                            release */
    bool builds;         /* … and how it was built */
    const json_t *locks; /* array of lock files of trains, instead of those at GitHub; NULL: none.
                            Borrowed */
};

/* Makes status.json: the last release of every group, what touched it since, and its next version.
 * *out is a new reference; *failed is ARC_OK, or the code of a registry's failure (described in its
 * group's `problem`); the other groups are still complete. ARC_ENOTFOUND without a repository, a
 * configuration or a commit. */
int arc_status(struct arc_project *project, const struct arc_status_options *options, json_t **out,
               int *failed, struct arc_error *err);

/* How to choose the next version. NULL members: by the commits, and no prerelease. Borrowed. */
struct arc_next_options {
    const char *bump;       /* "patch", "minor", "major"; NULL or "auto": by the commits */
    const char *prerelease; /* "rc": the next of 1.2.0-rc.1, 1.2.0-rc.2, … */
};

/* Makes next.json: the next version of the project's group (project->wanted.group), and the commits
 * that require it; `next` is null when none does. *out is a new reference. ARC_EINPUT when several
 * groups are possible or the options do not fit. */
int arc_next(struct arc_project *project, const struct arc_next_options *options, json_t **out,
             struct arc_error *err);

/* What to tag. Borrowed. */
struct arc_tag_options {
    const char *version; /* NULL: the next one */
    struct arc_next_options next;
    const char *branch; /* the release branch; NULL: the remote's default one */
    bool push;          /* also push the tag */
};

/* Makes the annotated release tag of the project's group (project->wanted.group) at HEAD after
 * these checks: no uncommitted changes; HEAD is pushed to the release branch; the version is higher
 * than the last release among HEAD's ancestors; no tag and no release has the name; lint finds
 * nothing. An existing tag of that name at HEAD counts as made if the remote lacks it or has the
 * same. *out: {"document": "tag", tag, revision, action ("created" or "unchanged"), pushed, push
 * (the command)}, a new reference. ARC_EFAILED for a failed check, ARC_EINPUT for an invalid
 * version. */
int arc_tag_make(struct arc_project *project, const struct arc_tag_options *options, json_t **out,
                 struct arc_error *err);

/* What to do with the GitHub releases that are withdrawn. */
enum arc_withdrawal { ARC_WITHDRAW_NOTHING, ARC_WITHDRAW_PRERELEASE, ARC_WITHDRAW_DRAFT };

/* A release to go back to. Borrowed. */
struct arc_rollback_options {
    const char *version; /* "1.2.2", or its tag */
    char *const *from; /* versions or tags to withdraw, NULL-terminated; NULL: every stable release
                          above `version` */
    enum arc_withdrawal withdraw;
    const char *identity; /* the required signer, if the group signs keyless and names no identity;
                             NULL: a workflow of this repository that ran for the tag */
    const char *reason;   /* shown in a withdrawn release; or NULL */
    const struct arc_ledger *build; /* the release's ledger; NULL: its build.json at GitHub, else
                                       what the version's own tags point to */
    const char *lock; /* a train's lock file; NULL: that of its release at GitHub, else its tags */
    bool dry_run;     /* check everything, change nothing */
    void (*progress)(void *context, const char *line); /* may be NULL */
    void *progress_context;
};

/* Moves the floating tags of the project's group (project->wanted.group) back to a released
 * version, as if the withdrawn releases did not exist. It first verifies the version's images and
 * their signatures (the group's `sign`), then moves all tags or none; then it moves GitHub's
 * "Latest" back, if a withdrawn release has it, and marks the withdrawn releases. Without
 * GITHUB_REPOSITORY and a token it only uses the registries. *out is rollback.json, a new
 * reference. ARC_EFAILED when an image is not as released, or a tag could not be moved (tags
 * already moved are restored); ARC_EINPUT for versions that do not fit. A second run ends in the
 * same state. */
int arc_rollback(struct arc_project *project, const struct arc_rollback_options *options,
                 json_t **out, struct arc_error *err);

/* Reads the images of the release of project->wanted.tag back from the registry, by the version's
 * tags, and compares them with the commit and with what the group's `sign` expects (`identity` as
 * arc_plan_signing() takes it). *out is verify.json (docs/schema/verify.schema.json), a new
 * reference; *whole is true if everything is as it should be. */
int arc_verify_release(struct arc_project *project, const char *identity, json_t **out, bool *whole,
                       struct arc_error *err);

/* What to remove. Borrowed. */
struct arc_prune_options {
    char *const *groups; /* names of groups, NULL at the end; none: all */
    int64_t older_than;  /* seconds */
    size_t keep;         /* how many of an image's newest builds stay, however old */
    bool apply;          /* remove; false: only list */
    bool closed_pulls;   /* also the tags of pull requests that are closed */
};

/* Finds, in the registries of the groups' images, staging, cell and cache tags that are old enough,
 * and manifests that nothing else reaches: no other tag, no index, attestation or signature of one,
 * no release under way. On ghcr.io it also finds versions without a tag. With `apply` it removes
 * them, together with their signatures if COSIGN_REPOSITORY keeps those apart. *out is prune.json,
 * a new reference. *failed is ARC_OK, or the code of an image's failure (described in its
 * `problem`); the other images are still cleaned up. A registry's refusal to remove something is
 * listed, and not an error. A second run continues an interrupted one. */
int arc_prune(struct arc_project *project, const struct arc_prune_options *options, json_t **out,
              int *failed, struct arc_error *err);

ARC_API_END

#endif
