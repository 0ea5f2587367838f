/* Versions as people number their releases: semantic ones, dates, and whatever else they count.
 *
 * Which of them a text is has to be said (`versioning` of a group): 2026.11.1 is all three.
 */
#ifndef ARCCI_RELEASE_VERSION_H
#define ARCCI_RELEASE_VERSION_H

#include "arcci/api.h"
#include "arcci/error.h"
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

enum arc_versioning {
    ARC_VERSIONING_SEMVER, /* Semantic Versioning 2.0.0 */
    ARC_VERSIONING_CALVER, /* a year, then numbers: 2026.11.1, 26.04, 2026.12.0b1 (calver.org) */
    ARC_VERSIONING_LOOSE,  /* what starts with a digit: 1.43.3.10896-ab12cd, 26.10, 2.331.0-r2 */
};

/* A version taken apart. Everything points into the caller's text, which must outlive it. */
struct arc_release_version {
    enum arc_versioning versioning;
    const char *text;
    size_t len;
    const char *major; /* the numbers that floating tags name; NULL where it has no such numbers: a
                          loose version that is not a plain semantic one */
    const char *minor;
    const char *patch; /* or NULL: 26.04 has none */
    size_t major_len, minor_len, patch_len;
    bool prerelease; /* 1.0.0-rc.1; of the others, one with a, alpha, b, beta, c, rc, dev, pre or
                        preview behind its numbers */
};

/* Parses `len` bytes, which are borrowed. ARC_EINPUT says what is wrong. */
int arc_release_version_parse(const char *text, size_t len, enum arc_versioning versioning,
                              struct arc_release_version *out, struct arc_error *err);

/* The order of two versions of one kind: negative, 0 or positive. Semantic ones by §11; else
 * numbers count as numbers, a prerelease comes before its version, other words behind it. Of those
 * that are equal by this, what stands behind '+' decides, and none comes first; the hash of a commit
 * counts as none. */
int arc_release_version_compare(const struct arc_release_version *a,
                                const struct arc_release_version *b);

/* "semver", "calver" or "loose"; false for another word. */
bool arc_versioning_parse(const char *text, enum arc_versioning *out);

ARC_API_END

#endif
