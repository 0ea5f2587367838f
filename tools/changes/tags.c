/* Finds the tag before a tag, to compare a tag push with. Accepts every form of version, since a
 * tag compared with nothing would show no changes. */
#include "arcci/version.h"
#include "base/json.h"
#include "base/text.h"
#include "changes/base.h"

/* A tag with a version. Its family are the group's tags for the same services, else those with the
 * same text before the version. */
struct versioned {
    const char *tag;
    bool is_group;
    const struct arc_service *service; /* of the group; NULL: all of them */
    size_t prefix;                     /* length before the version */
    struct arc_release_version version;
};

static bool starts_word(const char *tag, size_t at)
{
    return !at || strchr("/-_.", tag[at - 1]);
}

/* Where the numbers of a tag start in its last segment: after a "v" that starts a word, else at a
 * word that starts with a digit, else at the first digit. */
static bool find_numbers(const char *tag, size_t *prefix)
{
    const char *slash = strrchr(tag, '/');
    size_t first = slash ? (size_t)(slash + 1 - tag) : 0, len = strlen(tag);
    size_t best = len, rank = 3;

    for (size_t at = first; at < len; at++) {
        bool goes_on = at > first + 1 && tag[at - 1] == '.' && arc_is_digit(tag[at - 2]);
        if (!arc_is_digit(tag[at]) || goes_on || (at > first && arc_is_digit(tag[at - 1])))
            continue;
        bool after_v = at > first && strchr("vV", tag[at - 1]) && starts_word(tag, at - 1);
        size_t own = starts_word(tag, at) ? 1 : 2;
        own = after_v ? 0 : own;
        if (own < rank) {
            rank = own;
            best = at;
        }
    }
    *prefix = best;

    return best < len;
}

static bool parse_at(const char *tag, size_t at, enum arc_versioning versioning,
                     struct versioned *out)
{
    *out = (struct versioned){.tag = tag, .prefix = at};
    return arc_release_version_parse(tag + at, strlen(tag + at), versioning, &out->version, NULL) ==
           ARC_OK;
}

/* A Semantic Version, starting at the earliest place where the rest is one, else another. */
static bool read_version(const char *tag, struct versioned *out)
{
    size_t prefix;

    for (size_t at = 0; tag[at]; at++) {
        bool starts = arc_is_digit(tag[at]) && !(at && arc_is_digit(tag[at - 1]));
        if (starts && parse_at(tag, at, ARC_VERSIONING_SEMVER, out))
            return true;
    }
    return find_numbers(tag, &prefix) && (parse_at(tag, prefix, ARC_VERSIONING_CALVER, out) ||
                                          parse_at(tag, prefix, ARC_VERSIONING_LOOSE, out));
}

/* A tag of the group, by its patterns. */
static bool read_of_group(const struct arc_group *group, const char *tag, struct versioned *out)
{
    ARC_AUTO(arc_tag) struct arc_tag parsed = {0};
    if (!group || arc_tag_parse(tag, group, &parsed, NULL))
        return false;
    *out = (struct versioned){.tag = tag, .is_group = true, .service = parsed.service};
    const char *version = tag + (parsed.version.text - parsed.text);
    return arc_release_version_parse(version, parsed.version.len, group->versioning, &out->version,
                                     NULL) == ARC_OK;
}

int arc_base_previous_tag(const struct arc_base_request *request, const char *tag, char **out,
                          bool *is_first, struct arc_error *err)
{
    const struct arc_group *group = arc_project_group_of(request->project, tag);
    struct versioned own, best = {0};
    *out = NULL;
    if (!read_of_group(group, tag, &own) && !read_version(tag, &own))
        return arc_error_set(err, ARC_EINPUT, "the tag '%.200s' holds no version", tag);
    *is_first = own.is_group || own.version.versioning == ARC_VERSIONING_SEMVER;
    ARC_TRY(arc_project_load_tags(request->project, err));

    const struct arc_repository *repository = &request->project->repository;
    if (!repository->tags)
        return arc_error_set(err, ARC_ENOTFOUND, "%s", repository->tags_unknown);

    arc_json_each (item, repository->tags) {
        const char *other = json_string_value(item);
        struct versioned found;
        bool akin = own.is_group && read_of_group(group, other, &found);
        akin = akin && found.service == own.service;
        if (!own.is_group) /* the same text before the version */
            akin = strncmp(other, tag, own.prefix) == 0 && read_version(other, &found) &&
                   found.prefix == own.prefix;
        if (!akin)
            continue;
        int order = arc_release_version_compare(&found.version, &own.version);
        size_t len = strcspn(tag, "+");
        bool is_build = strcspn(other, "+") == len && strncmp(other, tag, len) == 0;
        if (!own.is_group && (order == 0 || is_build) && strcmp(other, tag) != 0)
            *is_first = false; /* an equal version may have come before */
        if (order >= 0 || (found.version.prerelease && !own.version.prerelease))
            continue;
        if (!best.tag || arc_release_version_compare(&found.version, &best.version) > 0)
            best = found;
    }
    const char *predecessor = own.is_group ? group->predecessor : NULL;
    if (!best.tag && predecessor && arc_json_lists(repository->tags, predecessor))
        best.tag = predecessor;

    return arc_text_copy(best.tag, out, err);
}
