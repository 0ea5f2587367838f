/* Release versions of three schemes: semantic, calendar and loose.
 *
 * A text does not show its scheme (2026.11.1 fits all three), so the group's `versioning` says it.
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
    ARC_VERSIONING_LOOSE,  /* anything that starts with a digit: 1.43.3.10896-ab12cd, 26.10,
                              2.331.0-r2 */
};

/* A version taken apart. Everything points into the caller's text, which must outlive it. */
struct arc_release_version {
    enum arc_versioning versioning;
    const char *text;
    size_t len;
    const char *major; /* the numbers for floating tags; NULL for a loose version that is not a
                          plain semantic one */
    const char *minor;
    const char *patch; /* or NULL: 26.04 has none */
    size_t major_len, minor_len, patch_len;
    bool prerelease; /* 1.0.0-rc.1; in the other schemes alpha, beta, rc, dev, pre or preview after
                        the numbers, or a, b or c, unless that ends a date: 2026-07a */
};

/* Parses `len` bytes, which are borrowed. ARC_EINPUT says what is wrong. */
int arc_release_version_parse(const char *text, size_t len, enum arc_versioning versioning,
                              struct arc_release_version *out, struct arc_error *err);

/* Compares two versions of one scheme: negative, 0 or positive. Semantic ones by §11. In the
 * others, numbers compare as numbers; a prerelease sorts before its version, other words after
 * it. If still equal, the text after '+' decides: none sorts first, and a commit hash counts as
 * none. */
int arc_release_version_compare(const struct arc_release_version *a,
                                const struct arc_release_version *b);

/* Parses "semver", "calver" or "loose"; false for another word. */
bool arc_versioning_parse(const char *text, enum arc_versioning *out);

ARC_API_END

#endif
