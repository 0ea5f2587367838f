/* Stage `version`: what a release tag says.
 *
 * Without a configuration the grammar is <group>/v<Semantic Versioning 2.0.0>. A group is one or
 * more path segments of [A-Za-z0-9_][A-Za-z0-9._-]* (no "..", no ".lock" at the end:
 * git-check-ref-format). Nothing about any group is compiled in. */
#ifndef ARCCI_VERSION_H
#define ARCCI_VERSION_H

#include "arcci/api.h"
#include "arcci/arena.h"
#include "arcci/config.h"
#include "arcci/documents.h"
#include "arcci/release_version.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* Longest tag that is read, in bytes. */
#define ARC_TAG_MAX 512

/* A release tag taken apart. `text` is owned; the rest points into it. */
struct arc_tag {
    char *text;       /* "messaging/v1.2.3", without refs/tags/ */
    size_t group_len; /* text[0..group_len) is what stands before "/v"; 0: it has no such part */
    struct arc_release_version version; /* "1.2.3" */
    const struct arc_service *service;  /* the only one of the group that it releases; NULL: all */
};

/* Takes a tag, or a full ref "refs/tags/…", apart, as the group's patterns have it; NULL: as
 * <group>/v<Semantic Version>. ARC_EINPUT if it is not a release tag. */
int arc_tag_parse(const char *name, const struct arc_group *group, struct arc_tag *out,
                  struct arc_error *err);
void arc_tag_free(struct arc_tag *tag);

/* How many bytes of its first pattern all tags of the group start with. */
size_t arc_tag_prefix(const struct arc_group *group);

/* The tag of a version, by the group's first pattern, in `memory`; NULL where that names a service
 * and the group has several. */
char *arc_tag_name_version(const struct arc_group *group, const char *version,
                           struct arc_arena *memory);

/* The name behind "refs/tags/", or `name` itself where it is not a ref; NULL for another ref. */
const char *arc_tag_name(const char *name);

/* Whether a text is a pattern of tags: with {version} once, or a '*' at its end for it. *why: what
 * is wrong. */
bool arc_tag_pattern_valid(const char *pattern, const char **why);

/* Moves a tag into *kept, where that is none yet ({0}) or of a lower version. */
void arc_tag_keep_higher(struct arc_tag *kept, struct arc_tag *tag);

/* The image tag of a release tag: '/' and '+' become '-', since an image tag is
 * [A-Za-z0-9_][A-Za-z0-9._-]{0,127} (OCI distribution spec 1.1, "Pulling manifests"); what none can
 * start with, such as the '@' of "@shop/cart@1.2.0", is left out.
 * Owned by the caller. ARC_EINPUT if it does not fit. */
int arc_tag_image(const struct arc_tag *tag, char **out, struct arc_error *err);

/* What must be known beyond the tag. */
struct arc_version_options {
    const json_t *tags;       /* array of strings: all tag names of the repository; NULL when they
                                 are not known: then nothing is latest */
    const char *tags_unknown; /* why they are not known; may be NULL */
    const json_t *published;  /* array of strings: the tags that have a published release; NULL: not
                                 known, and where none of the group has one, every tag counts */
    const json_t *withdrawn;  /* array of strings: tags whose release was withdrawn, which count as
                                 if they did not exist, and are never latest; may be NULL */
    const json_t *marked;     /* array of strings: tags whose release a person marked as a
                                 prerelease, which it then is; may be NULL */
    const char *previous;     /* the previous tag, whatever else there is; may be NULL */
    const char *predecessor;  /* the previous tag of the group's first release; may be NULL */
    const struct arc_group *group; /* whose patterns, versioning and zero-prerelease count; NULL:
                                      <group>/v<Semantic Version> */
};

/* What a tag says. It is latest when it is the highest stable version among the group's tags, this
 * one included, and latest-major or latest-minor when it is the highest of its major or minor (for
 * floating tags v1, v1.2). The previous tag is the highest version of the group below this one; a
 * stable version skips prereleases. Fills *out, which the caller frees with
 * arc_version_info_free(). ARC_EINPUT for what is not a release tag, or none that can be an image
 * tag. */
int arc_version(const char *tag, const struct arc_version_options *options,
                struct arc_version_info *out, struct arc_error *err);

/* The same of a version that stands in a file rather than in a tag: what the file says is the
 * latest, without a 'v' in front. `group`: whose versioning counts. */
int arc_version_of_file(const char *version, const struct arc_group *group,
                        struct arc_version_info *out, struct arc_error *err);

ARC_API_END

#endif
