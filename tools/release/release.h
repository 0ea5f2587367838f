/* What the parts of the release stage share. */
#pragma once

#include "arcci/release.h"
#include "base/warn.h"
#include "os/hash.h"

/* The checksums of all other assets; the last one. */
#define ARC_RELEASE_SUMS "SHA256SUMS"

/* One of our assets: what it should be, and what became of it. */
struct release_asset {
    const struct arc_release_asset *given;
    char sha256[ARC_SHA256_HEX]; /* "" when only described */
    size_t size;
    unsigned uploads; /* by this run */
    bool stored;      /* the release has it: whole, with our size and digest */
    bool replaced;    /* this run took a different or half-uploaded one away */
    char *url;        /* browser_download_url, or NULL */
};

/* One run. */
struct release_run {
    struct arc_arena memory;
    const struct arc_release_options *o;
    struct arc_transport *t;
    const char *tag;
    bool prerelease, latest;
    char *commit;    /* where the tag points, or o->revision */
    json_t *release; /* owned: the release as the API gave it last; NULL: there is none */
    json_t *rivals;  /* owned: other drafts of the tag that arc-ci made, to be deleted */
    char *own;       /* id of the release that this run created, or NULL */
    struct release_asset *assets;
    bool created, updated;
    bool said;                /* what of the release stays as it is */
    bool waits;               /* … and that a person's draft does */
    struct arc_error trouble; /* the last failure that a further look may mend */
    unsigned troubles, gone;  /* how many of them, and how many were 404 */
    bool half;         /* an upload of this run got no answer: a half-uploaded asset is ours */
    unsigned patience; /* rounds spent waiting for another job's uploads */
};

/* Says one step. */
#define release_say(run, ...) arc_tell((run)->o->progress, (run)->o->progress_context, __VA_ARGS__)

/* Whether a failed write is a matter of looking again: its answer was lost, or another job was
 * faster. If so, the error moves from *err to run->trouble. */
bool release_look_again(struct release_run *run, const struct arc_reply *reply,
                        struct arc_error *err);

/* Whether GitHub refused since the tag's name belonged to an immutable release that was deleted: no
 * release can ever have it again. */
bool release_name_burned(const struct arc_reply *reply);
/* The error for that: ARC_EFAILED. */
int release_refuse_name(const struct release_run *run, struct arc_error *err);

/* Whether a tag is of our group; *above receives whether it is of a higher stable version of what
 * we release. */
bool release_is_sibling(const struct release_run *run, const char *tag, bool *above);

/* The id, an integer or (described) a string, as a text in the run's memory. */
char *release_id(struct release_run *run, const json_t *object);

/* Finds the release of the tag: run->release and run->rivals. */
int release_find(struct release_run *run, struct arc_error *err);
/* Creates the draft. On a doubtful end, 0 with run->release still NULL: look again. */
int release_create(struct release_run *run, struct arc_error *err);
/* Deletes a release; one that is gone already is fine. `why` is the request's. */
int release_delete(struct release_run *run, const json_t *release, const char *why,
                   struct arc_error *err);
/* Deletes the other drafts of the tag that arc-ci made. */
int release_remove_rivals(struct release_run *run, struct arc_error *err);
/* Checks that the tag exists and points to the revision. */
int release_check_tag(struct release_run *run, struct arc_error *err);

/* The digest of an asset, and with `size` (may be NULL) the size of a file. */
int release_hash(const struct arc_release_asset *asset, char sha256[ARC_SHA256_HEX], size_t *size,
                 struct arc_error *err);
/* Checks the assets' names and computes their sizes and digests. */
int release_prepare_assets(struct release_run *run, struct arc_error *err);
/* Compares the release's assets with ours: sets `stored` and `url`. */
int release_compare_assets(struct release_run *run, struct arc_error *err);
bool release_assets_complete(const struct release_run *run);
/* Uploads what is not stored, after taking away what is in its place. */
int release_upload(struct release_run *run, struct arc_error *err);

/* The body that the release shall have, after the mode; `existing` may be NULL. Where ours is empty
 * the existing one stays, whatever the mode. A new string, or NULL when out of memory. */
char *release_body(enum arc_body_mode mode, const char *existing, const char *ours);
/* The body of a draft under way: ours behind a hidden mark with the digest of title and body. *out
 * is a new string. */
int release_draft_body(enum arc_body_mode mode, const char *name, const char *ours, char **out,
                       struct arc_error *err);
/* Whether arc-ci made the draft, and whether title and body are still what it wrote: only then are
 * they ours to replace, and the draft ours to delete. */
bool release_draft_made(const char *body);
bool release_draft_untouched(const char *name, const char *body);
