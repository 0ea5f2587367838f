/* Stage `release`: one GitHub release, whole or not at all.
 *
 * Found by tag (drafts only show in the listing), created as a draft, filled with assets that are
 * verified by count, size and SHA-256, and published by one request. Every step first looks for its
 * own earlier result, so a second run, a lost answer or a kill in between end in the same release;
 * of two jobs at once the lower release id wins in both.
 */
#ifndef ARCCI_RELEASE_H
#define ARCCI_RELEASE_H

#include "arcci/api.h"
#include "arcci/config.h"
#include "arcci/documents.h"
#include "arcci/transport.h"

ARC_API_BEGIN

/* Most characters of notes: GitHub takes 125,000 of a body, and the hidden marks are among them. */
#define ARC_RELEASE_BODY_LIMIT 125000
#define ARC_RELEASE_BODY_MAX   124800
/* Most assets, and most bytes of one (GitHub docs, "About releases"). */
#define ARC_RELEASE_ASSETS_MAX     1000
#define ARC_RELEASE_ASSET_SIZE_MAX ((size_t)2 << 30)

/* What to do with the body of a release that exists already. */
enum arc_body_mode {
    ARC_BODY_AUTO,    /* a person's title and body stay; ours only where there is none, or in place
                         of a draft of ours that nobody edited */
    ARC_BODY_REPLACE, /* ours takes its place */
    ARC_BODY_KEEP,    /* as AUTO; but notes need not be given */
    ARC_BODY_PREPEND, /* ours in front, between hidden markers, so that a second run finds it */
    ARC_BODY_APPEND,  /* ours at the end, likewise */
};

/* Whether a release that is the highest stable version of its group becomes GitHub's "Latest". A
 * repository has one, however many groups. */
enum arc_make_latest {
    ARC_LATEST_AUTO,  /* yes */
    ARC_LATEST_OWN,   /* only in the place of one of its own group, or of none */
    ARC_LATEST_NEVER, /* no */
};

/* A file of the release: from disk (`path`) or from memory (`data`, `len`). Borrowed. */
struct arc_release_asset {
    const char *name; /* as people download it: [A-Za-z0-9][A-Za-z0-9._+-]*, unique */
    const char *path;
    const void *data;
    size_t len;
};

/* Everything is borrowed. */
struct arc_release_options {
    const char *repository;                 /* "owner/name" */
    const struct arc_version_info *version; /* tag, prerelease, latest are used */
    const struct arc_group *group; /* whose tags are whose; NULL: those of "<group>/v<version>" */
    const char
        *revision;    /* the commit that was built, 40 or 64 hexadecimal digits; the tag must point
                               to it. NULL: the tag must exist, wherever it points */
    const char *name; /* title of the release; NULL: the tag */
    const char *body; /* the notes, markdown */
    enum arc_body_mode mode;
    enum arc_make_latest make_latest;
    bool draft;   /* leave it a draft */
    bool publish; /* publish a draft that a person made, too */
    const struct arc_release_asset *assets;
    size_t asset_count;
    /* Told each step in one line, for a log; may be NULL. */
    void (*progress)(void *context, const char *line);
    void *progress_context;
};

/* Makes it so, and *out release.json (docs/schema/release.schema.json): id, url, tag, name, target,
 * draft, prerelease, make-latest, action ("created", "updated", "unchanged"), assets [{name, size,
 * sha256, action, url}], requests. A new reference. ARC_EINPUT for options that cannot be,
 * ARC_ENOTFOUND when the tag does not exist, ARC_EFAILED when it points elsewhere or what GitHub
 * stored is not what was sent, else as the transport. */
int arc_release(const struct arc_release_options *options, struct arc_transport *transport,
                json_t **out, struct arc_error *err);

/* What arc_release() would send if nothing existed yet: *out is [{method, path, body, why}], a new
 * reference. Assets' files are not read; release ids read "{release_id}". */
int arc_release_requests(const struct arc_release_options *options, json_t **out,
                         struct arc_error *err);

ARC_API_END

#endif
