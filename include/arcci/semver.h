/* Semantic Versioning 2.0.0, to the letter (semver.org/spec/v2.0.0). */
#ifndef ARCCI_SEMVER_H
#define ARCCI_SEMVER_H

#include "arcci/api.h"
#include "arcci/error.h"
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

/* Longest version that is accepted; an image tag holds 128 characters at most. */
#define ARC_SEMVER_MAX 255

/* A parsed version. Everything points into the caller's text, which must outlive it. */
struct arc_semver {
    const char *text; /* the whole version, as given */
    size_t len;
    const char *major; /* digits without leading zeros; any length (§2) */
    const char *minor;
    const char *patch;
    const char *prerelease; /* dot-separated identifiers without the hyphen, or NULL (§9) */
    const char *build;      /* dot-separated identifiers without the plus, or NULL (§10) */
    size_t major_len, minor_len, patch_len, prerelease_len, build_len;
};

/* Parses `len` bytes; `text` is borrowed. Returns 0, or ARC_EINPUT with a message that says what is
 * wrong and at which character; ARC_ELIMIT when longer than ARC_SEMVER_MAX. */
int arc_semver_parse(const char *text, size_t len, struct arc_semver *out, struct arc_error *err);

/* Precedence (§11): negative, 0 or positive as a is lower than, equal to or higher than b. Build
 * metadata is ignored. */
int arc_semver_compare(const struct arc_semver *a, const struct arc_semver *b);

/* Whether the version has a prerelease part. */
bool arc_semver_is_prerelease(const struct arc_semver *version);

ARC_API_END

#endif
