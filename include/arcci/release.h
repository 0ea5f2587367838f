/* Stage `release`: one GitHub release, whole or not at all.
 *
 * The release is found by tag (only the listing shows drafts), created as a draft, filled with
 * assets that are verified by count, size and SHA-256, and published by one request. Every step
 * first looks for its own earlier result, so a second run, a lost answer or a killed run ends in
 * the same release. If two jobs run at once, both keep the release with the lower id.
 */
#ifndef ARCCI_RELEASE_H
#define ARCCI_RELEASE_H

#include "arcci/api.h"
#include "arcci/config.h"
#include "arcci/documents.h"
#include "arcci/transport.h"

ARC_API_BEGIN

/* Most characters of notes: GitHub takes 125,000 in a body, including the hidden marks. */
#define ARC_RELEASE_BODY_LIMIT 125000
#define ARC_RELEASE_BODY_MAX   124800
/* Most assets, and most bytes of one (GitHub docs, "About releases"). */
#define ARC_RELEASE_ASSETS_MAX     1000
#define ARC_RELEASE_ASSET_SIZE_MAX ((size_t)2 << 30)

/* What to do with the body of an existing release. */
enum arc_body_mode {
    ARC_BODY_AUTO,    /* keep a person's title and body; write ours if there is none, or over our
                         own draft that nobody edited */
    ARC_BODY_REPLACE, /* replace it with ours */
    ARC_BODY_KEEP,    /* as AUTO, but notes are optional */
    ARC_BODY_PREPEND, /* put ours in front, between hidden markers, so that a second run finds it */
    ARC_BODY_APPEND,  /* put ours at the end, likewise */
};

/* Whether the group's highest stable release becomes GitHub's "Latest", of which a repository has
 * only one, even with several groups. */
enum arc_make_latest {
    ARC_LATEST_AUTO,  /* yes */
    ARC_LATEST_OWN,   /* only if the present one is of the same group, or there is none */
    ARC_LATEST_NEVER, /* no */
};

/* An asset: from disk (`path`) or from memory (`data`, `len`). Borrowed. */
struct arc_release_asset {
    const char *name; /* the name for downloads: [A-Za-z0-9][A-Za-z0-9._+-]*, unique */
    const char *path;
    const void *data;
    size_t len;
    bool later; /* the file is not made yet: only for arc_release_requests() */
};

/* Everything is borrowed. */
struct arc_release_options {
    const char *repository;                 /* "owner/name" */
    const struct arc_version_info *version; /* tag, prerelease, latest are used */
    const struct arc_group *group; /* whose tags are whose; NULL: those of "<group>/v<version>" */
    const char
        *revision;    /* the commit that was built, 40 or 64 hexadecimal digits; the tag must point
                         to it. NULL: the tag must exist, but may point anywhere */
    const char *name; /* title of the release; NULL: the tag */
    const char *body; /* the notes, markdown */
    enum arc_body_mode mode;
    enum arc_make_latest make_latest;
    bool draft;   /* leave it a draft */
    bool publish; /* also publish a draft that a person made */
    const struct arc_release_asset *assets;
    size_t asset_count;
    /* Called with one line per step, for a log; may be NULL. */
    void (*progress)(void *context, const char *line);
    void *progress_context;
};

/* Creates or updates the release and makes release.json (docs/schema/release.schema.json): id, url,
 * tag, name, target, draft, prerelease, make-latest, action ("created", "updated", "unchanged"),
 * assets [{name, size, sha256, action, url}], requests. *out is a new reference. ARC_EINPUT for
 * invalid options, ARC_ENOTFOUND when the tag does not exist, ARC_EFAILED when it points elsewhere
 * or GitHub stored something other than what was sent, else the transport's errors. */
int arc_release(const struct arc_release_options *options, struct arc_transport *transport,
                json_t **out, struct arc_error *err);

/* Lists what arc_release() would send if nothing existed yet: *out is [{method, path, body, why}],
 * a new reference. Asset files are not read; release ids are "{release_id}". */
int arc_release_requests(const struct arc_release_options *options, json_t **out,
                         struct arc_error *err);

ARC_API_END

#endif
