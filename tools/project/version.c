#include "arcci/version.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/text.h"
#include <string.h>

#define REF_TAGS      "refs/tags/"
#define IMAGE_TAG_MAX 128

static bool group_char(char c, bool first)
{
    bool word =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    return word || (!first && (c == '.' || c == '-'));
}

/* One segment of a group: git refuses ".." and a trailing "." or ".lock" in a ref. */
static bool segment_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!group_char(text[i], i == 0) || (i && text[i] == '.' && text[i - 1] == '.'))
            return false;
    bool lock = len >= 5 && memcmp(text + len - 5, ".lock", 5) == 0;
    return len && text[len - 1] != '.' && !lock;
}

static bool group_valid(const char *text, size_t len)
{
    for (;;) {
        const char *slash = memchr(text, '/', len);
        size_t segment = slash ? (size_t)(slash - text) : len;
        if (!segment_valid(text, segment))
            return false;
        if (!slash)
            return true;
        text += segment + 1;
        len -= segment + 1;
    }
}

static int not_a_tag(const char *name, const char *why, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    size_t len = strlen(name);
    arc_text_visible(&shown, name, len > 120 ? 120 : len);
    return arc_error_set(err, ARC_EINPUT,
                         "'%s%s' is not a release tag: %s; expected <group>/v<version>, for "
                         "example messaging/v1.2.3",
                         arc_buf_text(&shown), len > 120 ? "…" : "", why);
}

/* A version holds no slash, so it is the last segment, behind a 'v'. */
static int split(const char *name, size_t *group_len, struct arc_error *err)
{
    const char *slash = strrchr(name, '/');
    if (!slash || slash == name)
        return not_a_tag(name, "it names no group", err);
    if (slash[1] != 'v')
        return not_a_tag(name, "there is no 'v' before the version", err);
    *group_len = (size_t)(slash - name);
    if (!group_valid(name, *group_len))
        return not_a_tag(name, "the group may hold only letters, digits, '.', '_', '-' and '/'",
                         err);
    return ARC_OK;
}

int arc_tag_parse(const char *name, struct arc_tag *out, struct arc_error *err)
{
    *out = (struct arc_tag){0};
    const char *given = name;
    if (strncmp(name, REF_TAGS, strlen(REF_TAGS)) == 0)
        name += strlen(REF_TAGS);
    else if (strncmp(name, "refs/", 5) == 0)
        return not_a_tag(given, "it is the ref of a branch or a pull request", err);
    if (strnlen(name, ARC_TAG_MAX + 1) > ARC_TAG_MAX)
        return not_a_tag(name, "it is longer than 512 bytes", err);
    int rc = split(name, &out->group_len, err);
    if (rc)
        return rc;
    out->text = strdup(name);
    if (!out->text)
        return arc_error_nomem(err);
    const char *version = out->text + out->group_len + 2;
    ARC_AUTO(arc_error) struct arc_error why = {0};
    rc = arc_semver_parse(version, strlen(version), &out->semver, &why);
    if (rc) {
        rc = not_a_tag(name, arc_error_text(&why), err);
        arc_tag_free(out);
    }
    return rc;
}

void arc_tag_free(struct arc_tag *tag)
{
    free(tag->text);
    *tag = (struct arc_tag){0};
}

int arc_tag_image(const struct arc_tag *tag, char **out, struct arc_error *err)
{
    size_t len = strlen(tag->text);
    if (len > IMAGE_TAG_MAX)
        return arc_error_set(err, ARC_EINPUT,
                             "the image tag of '%s' would have %zu characters; %d are allowed",
                             tag->text, len, IMAGE_TAG_MAX);
    char *text = strdup(tag->text);
    if (!text)
        return arc_error_nomem(err);
    for (char *c = text; *c; c++)
        if (*c == '/' || *c == '+')
            *c = '-';
    *out = text;
    return ARC_OK;
}

/* The standing of a tag among the others of its group. */
struct standing {
    bool unknown;            /* the other tags are not known */
    struct arc_tag higher;   /* the highest stable version above it; text is NULL for none */
    struct arc_tag previous; /* the highest version below it */
    struct arc_tag released; /* … that has a published release */
    bool major_beaten;       /* a higher stable version has the same major */
    bool minor_beaten;       /* … and the same minor */
};

static void standing_free(struct standing *standing)
{
    arc_tag_free(&standing->higher);
    arc_tag_free(&standing->previous);
    arc_tag_free(&standing->released);
}

static void keep_higher(struct arc_tag *kept, struct arc_tag *tag)
{
    if (kept->text && arc_semver_compare(&tag->semver, &kept->semver) <= 0)
        return;
    arc_tag_free(kept);
    *kept = *tag;
    *tag = (struct arc_tag){0};
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static bool listed(const json_t *names, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (names, i, item)
        if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
            return true;
    return false;
}

/* `released`: whether the other has a published release. */
static void weigh(struct standing *standing, const struct arc_tag *tag, struct arc_tag *other,
                  bool released)
{
    if (other->group_len != tag->group_len || memcmp(other->text, tag->text, tag->group_len) != 0)
        return;
    int order = arc_semver_compare(&other->semver, &tag->semver);
    bool stable = !arc_semver_is_prerelease(&other->semver);
    if (order > 0 && stable) {
        bool major = same(other->semver.major, other->semver.major_len, tag->semver.major,
                          tag->semver.major_len);
        bool minor = same(other->semver.minor, other->semver.minor_len, tag->semver.minor,
                          tag->semver.minor_len);
        standing->major_beaten |= major;
        standing->minor_beaten |= major && minor;
        keep_higher(&standing->higher, other);
    } else if (order < 0 && (stable || arc_semver_is_prerelease(&tag->semver)))
        keep_higher(released ? &standing->released : &standing->previous, other);
}

/* Tags that are not releases are no concern of ours. Only running out of memory stops it. */
static int stand(const struct arc_tag *tag, const struct arc_version_options *options,
                 struct standing *standing, struct arc_error *err)
{
    size_t i;
    json_t *name;
    json_array_foreach (options->tags, i, name) {
        ARC_AUTO(arc_tag) struct arc_tag other = {0};
        int rc = arc_tag_parse(json_string_value(name), &other, NULL);
        if (rc == ARC_ENOMEM)
            return arc_error_nomem(err);
        if (!rc)
            weigh(standing, tag, &other, listed(options->published, other.text));
    }
    return ARC_OK;
}

/* The previous release: what was given, else the last that was published, else the last tag, else
 * what the group had before it was one. NULL for none. */
static const char *previous_tag(const struct standing *standing,
                                const struct arc_version_options *options)
{
    if (options->previous)
        return options->previous;
    if (standing->released.text)
        return standing->released.text;
    return standing->previous.text ? standing->previous.text : options->predecessor;
}

static json_t *latest_reason(const struct arc_tag *tag, const struct standing *standing,
                             const struct arc_version_options *options, bool prerelease)
{
    if (prerelease)
        return json_string("a prerelease is never latest");
    if (standing->unknown)
        return json_sprintf("the other tags are not known: %s",
                            options->tags_unknown ? options->tags_unknown : "none were given");
    if (standing->higher.text)
        return json_sprintf("%s is a higher stable version", standing->higher.text);
    return json_sprintf("highest stable version of %.*s", (int)tag->group_len, tag->text);
}

static json_t *document(const struct arc_tag *tag, const char *image_tag,
                        const struct standing *standing, const struct arc_version_options *options,
                        bool prerelease)
{
    const struct arc_semver *v = &tag->semver;
    bool floats = !prerelease && !standing->unknown;
    /* clang-format off */
    return json_pack("{s:s, s:i, s:s, s:o, s:s, s:s, s:b, s:b, s:b, s:b, s:o, s:b, s:o, s:o, s:o, s:s?}",
                     "document", "version", "format", ARC_DOCUMENT_FORMAT, "tag", tag->text,
                     "group", json_stringn(tag->text, tag->group_len),
                     "version", v->text,
                     "image-tag", image_tag,
                     "prerelease", prerelease,
                     "latest", floats && !standing->higher.text,
                     "latest-major", floats && !standing->major_beaten,
                     "latest-minor", floats && !standing->minor_beaten,
                     "latest-reason", latest_reason(tag, standing, options, prerelease),
                     "tags-known", !standing->unknown,
                     "major", json_stringn(v->major, v->major_len),
                     "minor", json_stringn(v->minor, v->minor_len),
                     "patch", json_stringn(v->patch, v->patch_len),
                     "previous-tag", previous_tag(standing, options));
    /* clang-format on */
}

int arc_version(const char *name, const struct arc_version_options *options, json_t **out,
                struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    ARC_AUTO(standing) struct standing standing = {.unknown = !options->tags};
    ARC_AUTO_FREE char *image_tag = NULL;
    int rc = arc_tag_parse(name, &tag, err);
    if (!rc)
        rc = arc_tag_image(&tag, &image_tag, err);
    if (!rc)
        rc = stand(&tag, options, &standing, err);
    if (rc)
        return rc;
    bool zero = tag.semver.major_len == 1 && *tag.semver.major == '0';
    bool prerelease = arc_semver_is_prerelease(&tag.semver) || (zero && options->zero_prerelease);
    *out = document(&tag, image_tag, &standing, options, prerelease);
    return *out ? ARC_OK : arc_error_nomem(err);
}

bool arc_version_alone(const json_t *version)
{
    return json_is_false(json_object_get(version, "tags-known"));
}
