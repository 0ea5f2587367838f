/* The tag before a tag: what a tag push is compared with. */
#include "arcci/semver.h"
#include "base/auto.h"
#include "changes/base.h"
#include "git/fetch.h"
#include <string.h>

/* Where the version of a tag starts: behind the last "/v", "-v", "v" or at the first digit, at the
 * earliest place from which the rest is a Semantic Version. */
static bool split(const char *tag, size_t *prefix, struct arc_semver *version)
{
    size_t len = strlen(tag);
    for (size_t at = 0; at < len; at++) {
        bool digit = tag[at] >= '0' && tag[at] <= '9';
        bool after_digit = at && tag[at - 1] >= '0' && tag[at - 1] <= '9';
        if (!digit || after_digit || len - at > ARC_SEMVER_MAX)
            continue;
        if (arc_semver_parse(tag + at, len - at, version, NULL) == ARC_OK) {
            *prefix = at;
            return true;
        }
    }
    return false;
}

/* Whether `version` is a better answer than `best` for the tag before `own`. */
static bool better(const struct arc_semver *own, const struct arc_semver *version,
                   const struct arc_semver *best)
{
    if (arc_semver_compare(version, own) >= 0)
        return false;
    if (arc_semver_is_prerelease(version) && !arc_semver_is_prerelease(own))
        return false;
    return !best->text || arc_semver_compare(version, best) > 0;
}

int arc_base_previous_tag(const struct arc_base_request *request, const char *tag, char **out,
                          struct arc_error *err)
{
    struct arc_semver own, best = {0};
    const char *best_tag = NULL;
    size_t prefix, i;
    json_t *item;
    *out = NULL;
    if (!split(tag, &prefix, &own))
        return arc_error_set(err, ARC_EINPUT, "the tag '%.200s' does not end in a version", tag);
    ARC_TRY(arc_project_load_tags(request->project, err));

    const struct arc_repository *repository = &request->project->repository;
    if (!repository->tags)
        return arc_error_set(err, ARC_ENOTFOUND, "%s", repository->tags_unknown);
    json_array_foreach (repository->tags, i, item) {
        const char *other = json_string_value(item);
        struct arc_semver version;
        size_t other_prefix;
        if (strncmp(other, tag, prefix) != 0 || !split(other, &other_prefix, &version) ||
            other_prefix != prefix || !better(&own, &version, &best))
            continue;
        best = version;
        best_tag = other;
    }
    *out = best_tag ? strdup(best_tag) : NULL;
    return best_tag && !*out ? arc_error_nomem(err) : ARC_OK;
}
