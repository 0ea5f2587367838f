/* Stage `version`: takes a release tag apart.
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

/* A parsed release tag. `text` is owned; the rest points into it. */
struct arc_tag {
    char *text;                         /* "messaging/v1.2.3", without refs/tags/ */
    size_t group_len;                   /* text[0..group_len) is the part before "/v"; 0: none */
    struct arc_release_version version; /* "1.2.3" */
    const struct arc_service *service;  /* the only service that it releases; NULL: the whole
                                           group */
};

/* Parses a tag or a full ref ("refs/tags/…") by the group's patterns; `group` NULL: as
 * <group>/v<Semantic Version>. ARC_EINPUT if it is not a release tag. */
int arc_tag_parse(const char *name, const struct arc_group *group, struct arc_tag *out,
                  struct arc_error *err);
void arc_tag_free(struct arc_tag *tag);

/* Whether one of the group's tag patterns names a service: such a tag releases that one alone. */
bool arc_tag_names_service(const struct arc_group *group);

/* Returns the length of the fixed prefix that all the group's tag patterns share. */
size_t arc_tag_prefix(const struct arc_group *group);

/* Returns the tag for a version by the group's first pattern, in `memory`; NULL if that pattern
 * names a service and the group has several. */
char *arc_tag_name_version(const struct arc_group *group, const char *version,
                           struct arc_arena *memory);

/* Returns the name after "refs/tags/", or `name` itself if it is not a ref; NULL for another
 * ref. */
const char *arc_tag_name(const char *name);

/* Whether `pattern` is a valid tag pattern: it has {version} once, or ends with '*' instead. If
 * not, *why says what is wrong. */
bool arc_tag_pattern_valid(const char *pattern, const char **why);

/* Moves `tag` into *kept if *kept is empty ({0}) or has a lower version. */
void arc_tag_keep_higher(struct arc_tag *kept, struct arc_tag *tag);

/* Makes the image tag of a release tag: '/' and '+' become '-', since an image tag is
 * [A-Za-z0-9_][A-Za-z0-9._-]{0,127} (OCI distribution spec 1.1, "Pulling manifests"). Leading
 * characters that are invalid there, such as the '@' of "@shop/cart@1.2.0", are dropped. *out is
 * owned by the caller. ARC_EINPUT if the result is not valid. */
int arc_tag_image(const struct arc_tag *tag, char **out, struct arc_error *err);

/* Facts that the tag itself does not have. Borrowed. */
struct arc_version_options {
    const json_t *tags;       /* array of strings: all tag names of the repository; NULL: unknown,
                                 so nothing is latest */
    const char *tags_unknown; /* why they are not known; may be NULL */
    const json_t *published;  /* array of strings: tags that have a published release; NULL:
                                 unknown. If none of the group has one, every tag counts */
    const json_t *withdrawn;  /* array of strings: tags whose release was withdrawn: treated as
                                 missing, never latest; may be NULL */
    const json_t *marked;     /* array of strings: tags whose release a person marked as a
                                 prerelease; may be NULL */
    const char *previous;     /* the previous tag, overriding all others; may be NULL */
    const char *predecessor;  /* the previous tag of the group's first release; may be NULL */
    const struct arc_group *group; /* for its patterns, versioning and zero-prerelease; NULL:
                                      <group>/v<Semantic Version> */
};

/* Fills *out from a tag. The tag is latest if it is the highest stable version among the group's
 * tags, itself included, and latest-major or latest-minor if it is the highest of its major or
 * minor (for floating tags v1, v1.2). The previous tag is the highest version of the group below
 * this one; a stable version skips prereleases. The caller frees *out with arc_version_info_free().
 * ARC_EINPUT if `tag` is not a release tag, or cannot become an image tag. */
int arc_version(const char *tag, const struct arc_version_options *options,
                struct arc_version_info *out, struct arc_error *err);

/* The same for a version from a file instead of a tag; it is always latest, and a leading 'v' is
 * dropped. `group` gives the versioning. */
int arc_version_of_file(const char *version, const struct arc_group *group,
                        struct arc_version_info *out, struct arc_error *err);

ARC_API_END

#endif
