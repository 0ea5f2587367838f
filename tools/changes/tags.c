/* Finds the tag before a tag, to compare a tag push with. Accepts every form of version, since a
 * tag compared with nothing would show no changes. */
#include "arcci/version.h"
#include "base/json.h"
#include "base/text.h"
#include "changes/base.h"
#include "project/repository.h"

/* A tag with a version. Its family are those with the same text before the version. */
struct versioned {
    const char *tag;
    size_t prefix; /* length before the version */
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

/* The tag before a group's, as for its notes. */
static int find_of_group(const struct arc_project *project, const struct arc_group *group,
                         const char *tag, char **out, struct arc_error *err)
{
    const struct arc_version_options options = arc_project_version_options(project, group);
    ARC_AUTO(arc_version_info) struct arc_version_info version = {0};

    ARC_TRY(arc_version(tag, &options, &version, err));
    const char *previous = version.previous_tag;
    bool known = previous && arc_json_lists(options.tags, previous);

    return arc_text_copy(known ? previous : NULL, out, err);
}

int arc_base_previous_tag(const struct arc_base_request *request, const char *tag, char **out,
                          bool *is_first, struct arc_error *err)
{
    const struct arc_group *group = arc_project_group_of(request->project, tag);
    struct versioned own, best = {0};
    *out = NULL;
    if (!group && !read_version(tag, &own))
        return arc_error_set(err, ARC_EINPUT, "the tag '%.200s' holds no version", tag);
    *is_first = group || own.version.versioning == ARC_VERSIONING_SEMVER;
    ARC_TRY(arc_project_load_tags(request->project, err));

    const struct arc_repository *repository = &request->project->repository;
    if (!repository->tags)
        return arc_error_set(err, ARC_ENOTFOUND, "%s", repository->tags_unknown);
    if (group)
        return find_of_group(request->project, group, tag, out, err);

    arc_json_each (item, repository->tags) {
        const char *other = json_string_value(item);
        struct versioned found;
        if (strncmp(other, tag, own.prefix) != 0 || !read_version(other, &found) ||
            found.prefix != own.prefix)
            continue;
        int order = arc_release_version_compare(&found.version, &own.version);
        size_t len = strcspn(tag, "+");
        bool is_build = strcspn(other, "+") == len && strncmp(other, tag, len) == 0;
        if ((order == 0 || is_build) && strcmp(other, tag) != 0)
            *is_first = false; /* an equal version may have come before */
        if (order >= 0 || (found.version.prerelease && !own.version.prerelease))
            continue;
        if (!best.tag || arc_release_version_compare(&found.version, &best.version) > 0)
            best = found;
    }

    return arc_text_copy(best.tag, out, err);
}
