/* What the parts of the release stage share. */
#pragma once

#include "arcci/release.h"
#include "arcci/version.h"
#include "base/warn.h"
#include "os/hash.h"

/* The asset with the checksums of all others; uploaded last. */
#define ARC_RELEASE_SUMS "SHA256SUMS"

/* One of our assets: the wanted state and the present one. */
struct release_asset {
    const struct arc_release_asset *given;
    char sha256[ARC_SHA256_HEX]; /* "" when only described */
    size_t size;
    unsigned uploads; /* by this run */
    bool stored;      /* the release has all of it, with our size and digest */
    bool replaced;    /* this run deleted a different or half-uploaded one */
    char *url;        /* browser_download_url, or NULL */
};

/* One run. */
struct release_run {
    struct arc_arena memory;
    const struct arc_release_options *o;
    struct arc_transport *t;
    const char *tag;
    struct arc_tag own_tag; /* the same, parsed; {0}: not a release tag of the group */
    bool prerelease, latest;
    char *commit;    /* where the tag points, or o->revision */
    json_t *release; /* owned: the release as last seen in the API; NULL: none */
    json_t *rivals;  /* owned: other drafts of the tag that arc-ci made, to be deleted */
    json_t *holder;  /* owned: whose "Latest" stays when ours is published; or NULL */
    char *own;       /* id of the release that this run created, or NULL */
    struct release_asset *assets;
    bool updated;
    bool final;               /* no later run can do it either */
    bool said;                /* what the release keeps was reported */
    bool waits;               /* that a person's draft stays a draft was reported */
    struct arc_error trouble; /* the last failure that another round may repair */
    unsigned troubles, gone;  /* number of such failures, and of those with 404 */
    bool half;         /* an upload of this run got no answer, so a half-uploaded asset is ours */
    unsigned patience; /* rounds spent waiting for another job's uploads */
};

/* Reports one step. */
#define release_say(run, ...) arc_tell((run)->o->progress, (run)->o->progress_context, __VA_ARGS__)

/* Whether to look again after a failed write: its answer was lost, or another job was faster. If
 * so, moves the error from *err to run->trouble. */
bool release_look_again(struct release_run *run, const struct arc_reply *reply,
                        struct arc_error *err);

/* Whether GitHub refused because the tag belonged to a deleted immutable release: no release can
 * ever use that name again. */
bool release_name_burned(const struct arc_reply *reply);
/* Returns ARC_EFAILED with the error for that. */
int release_refuse_name(struct release_run *run, struct arc_error *err);

/* Whether a tag is of our group; *above receives whether it is of a higher stable version of what
 * we release. */
bool release_is_sibling(const struct release_run *run, const char *tag, bool *above);

/* Returns the object's id as a text in the run's memory; it is an integer, or a string from the
 * describing transport. */
char *release_id(struct release_run *run, const json_t *object);

/* Finds the release of the tag; sets run->release and run->rivals. */
int release_find(struct release_run *run, struct arc_error *err);
/* Creates the draft. Returns 0 with run->release still NULL if it is not clear whether that worked:
 * look again. */
int release_create(struct release_run *run, struct arc_error *err);
/* Deletes a release; not an error if it is gone already. `why` describes the request. */
int release_delete(struct release_run *run, const json_t *release, const char *why,
                   struct arc_error *err);
/* Deletes the other drafts of the tag that arc-ci made. */
int release_remove_rivals(struct release_run *run, struct arc_error *err);
/* Checks that the tag exists and points to the revision. */
int release_check_tag(struct release_run *run, struct arc_error *err);

/* Computes the digest of an asset and, in *size (may be NULL), the size of its file. */
int release_hash(const struct arc_release_asset *asset, char sha256[ARC_SHA256_HEX], size_t *size,
                 struct arc_error *err);
/* Checks the assets' names and computes their sizes and digests. */
int release_prepare_assets(struct release_run *run, struct arc_error *err);
/* Compares the release's assets with ours: sets `stored` and `url`. */
int release_compare_assets(struct release_run *run, struct arc_error *err);
bool release_assets_complete(const struct release_run *run);
/* Uploads assets that are not stored, after deleting different ones of the same name. */
int release_upload(struct release_run *run, struct arc_error *err);

/* Returns the wanted body by the mode; `existing` may be NULL. If `ours` is empty, the existing
 * body stays in every mode. A new string, or NULL when out of memory. */
char *release_body(enum arc_body_mode mode, const char *existing, const char *ours);
/* Makes the body of an unpublished draft: release_body() after a hidden mark with the digest of
 * title and body. *out is a new string. */
int release_draft_body(enum arc_body_mode mode, const char *name, const char *existing,
                       const char *ours, char **out, struct arc_error *err);
/* Whether arc-ci made the draft; whether its title and body are still what arc-ci wrote, so that
 * arc-ci may replace or delete it. */
bool release_draft_made(const char *body);
bool release_draft_untouched(const char *name, const char *body);
