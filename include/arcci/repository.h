/* The facts about the repository that versions and plans are made from. */
#ifndef ARCCI_REPOSITORY_H
#define ARCCI_REPOSITORY_H

#include "arcci/api.h"
#include "arcci/arena.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

ARC_API_BEGIN

/* The start of a withdrawn release's body (docs/steering.md). Its version is never another's
 * predecessor, and never latest. */
#define ARC_WITHDRAWN_MARK "<!-- arc-ci: withdrawn -->"

/* Documents are owned. */
struct arc_repository {
    struct arc_arena memory;   /* holds the strings */
    const char *root;          /* absolute path of the work tree, no slash at the end */
    char revision[65];         /* the commit, in hexadecimal digits */
    const char *revision_from; /* "tag messaging/v0.1.0", "HEAD (the tag does not exist yet)", … */
    int64_t committed;         /* the commit's time, seconds since 1970 */
    const char *source; /* "https://github.com/owner/name" without user or password, or NULL */
    json_t *tags;       /* array of all tag names; NULL when they are not known */
    const char *tags_unknown; /* why they are not known, or NULL */
    json_t *published; /* array of the tags that have a published release; NULL: not fetched */
    const char *published_unknown; /* why they are not known, or NULL */
    json_t *marked; /* array of the tags whose release is marked as a prerelease; NULL likewise */
    json_t *withdrawn; /* array of the tags whose release was withdrawn; NULL as `published` */
};

ARC_API_END

#endif
