#include "arcci/version.h"
#include "arcci/documents.h"
#include "base/json.h"
#include "base/text.h"

#define IMAGE_TAG_START ARC_ALNUM "_"
#define IMAGE_TAG_CHARS IMAGE_TAG_START ".-"
#define IMAGE_TAG_MAX   128

int arc_tag_image(const struct arc_tag *tag, char **out, struct arc_error *err)
{
    size_t len = strlen(tag->text);
    if (len > IMAGE_TAG_MAX)
        return arc_error_set(err, ARC_EINPUT,
                             "the image tag of '%s' would have %zu characters; %d are allowed",
                             tag->text, len, IMAGE_TAG_MAX);

    ARC_TRY(arc_text_copy(tag->text + strcspn(tag->text, IMAGE_TAG_START), out, err));
    for (char *c = *out; *c; c++)
        if (!strchr(IMAGE_TAG_CHARS, *c))
            *c = '-';

    return ARC_OK;
}

/* A tag's position among the other tags of its group. */
struct standing {
    bool unknown;            /* the other tags are unknown */
    bool withdrawn;          /* the tag's own release was rolled back */
    bool marked;             /* … or marked as a prerelease */
    struct arc_tag higher;   /* the highest stable version above it; NULL text for none */
    struct arc_tag previous; /* the highest version below it */
    struct arc_tag released; /* … that has a published release */
    bool outrun;             /* some prerelease is higher */
    bool major_beaten;       /* a higher stable version has the same major */
    bool minor_beaten;       /* … and the same minor */
    bool minor_named;        /* another version is called by its major and minor: 26.04 */
};

static void standing_free(struct standing *standing)
{
    arc_tag_free(&standing->higher);
    arc_tag_free(&standing->previous);
    arc_tag_free(&standing->released);
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (!a || !b)
        return a == b;
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* The previous release: the given one, else the last published one, else the last tag, else the
 * predecessor. NULL for none. */
static const char *previous_tag(const struct standing *standing,
                                const struct arc_version_options *options)
{
    if (options->previous)
        return options->previous;
    if (standing->released.text)
        return standing->released.text;
    return arc_or(standing->previous.text, options->predecessor);
}

static char *explain_latest(const struct arc_tag *tag, const struct standing *standing,
                            const struct arc_version_options *options, bool prerelease,
                            struct arc_arena *memory)
{
    if (standing->marked)
        return arc_arena_text(memory, "its release is marked as a prerelease");
    if (prerelease)
        return arc_arena_text(memory, "a prerelease is never latest");

    if (standing->unknown)
        return arc_arena_printf(memory, "the other tags are not known: %s",
                                arc_or(options->tags_unknown, "none were given"));

    if (standing->withdrawn)
        return arc_arena_text(memory, "its release was withdrawn");
    if (standing->higher.text)
        return arc_arena_printf(memory, "%s is a higher stable version", standing->higher.text);
    if (tag->service)
        return arc_arena_printf(memory, "highest stable version of %s", tag->service->codename);

    if (tag->group_len || !options->group)
        return arc_arena_printf(memory, "highest stable version of %.*s", (int)tag->group_len,
                                tag->text);

    return arc_arena_printf(memory, "highest stable version of %s", options->group->name);
}

/* Whether a version is a prerelease: by its name, by the mark of its release, or as a 0.x. */
static bool is_prerelease(const struct arc_release_version *v, bool marked,
                          const struct arc_group *group)
{
    bool zero =
        group && group->zero_prerelease && v->major && arc_text_is(v->major, v->major_len, "0");
    return zero || marked || v->prerelease;
}

static int describe_version(const struct arc_tag *tag, const struct standing *standing,
                            const struct arc_version_options *options, struct arc_version_info *out,
                            struct arc_error *err)
{
    const struct arc_release_version *v = &tag->version;
    bool prerelease = is_prerelease(v, standing->marked, options->group);
    bool floats = !prerelease && !standing->unknown && !standing->withdrawn;
    ARC_AUTO_FREE char *image_tag = NULL;

    ARC_TRY(arc_tag_image(tag, &image_tag, err));

    struct arc_arena *memory = &out->memory;
    out->tag = arc_arena_text(memory, tag->text);
    if (options->group) /* its tags may have another form, or no placeholder for the service */
        out->group = arc_arena_text(memory, options->group->name);
    else if (tag->group_len)
        out->group = arc_arena_cut(memory, tag->text, tag->group_len);
    out->version = arc_arena_cut(memory, v->text, v->len);
    out->image_tag = arc_arena_text(memory, image_tag);
    out->prerelease = prerelease;
    out->latest = floats && !standing->higher.text;
    out->latest_major = floats && !standing->major_beaten;
    out->latest_minor = floats && !standing->minor_beaten;
    out->outrun = standing->outrun;
    out->beaten = standing->higher.text != NULL;
    out->minor_named = standing->minor_named;
    out->withdrawn = standing->withdrawn;
    out->latest_reason = explain_latest(tag, standing, options, prerelease, memory);
    out->tags_known = !standing->unknown;
    out->major = arc_arena_cut(memory, v->major, v->major_len);
    out->minor = arc_arena_cut(memory, v->minor, v->minor_len);
    out->patch = arc_arena_cut(memory, v->patch, v->patch_len);
    out->previous_tag = arc_arena_text(memory, previous_tag(standing, options));
    return arc_or_free(arc_version_info, out, arc_arena_check(memory, err));
}

int arc_version(const char *name, const struct arc_version_options *options,
                struct arc_version_info *out, struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    ARC_AUTO(standing) struct standing standing = {.unknown = !options->tags};
    *out = (struct arc_version_info){0};
    ARC_TRY(arc_tag_parse(name, options->group, &tag, err));

    const struct arc_release_version *ours = &tag.version;
    standing.withdrawn = arc_json_lists(options->withdrawn, tag.text);
    standing.marked = arc_json_lists(options->marked, tag.text);

    /* Compares with the other tags; ignores those that are not releases. */
    arc_json_each (item, options->tags) {
        ARC_AUTO(arc_tag) struct arc_tag other = {0};
        const struct arc_release_version *theirs = &other.version;
        if (arc_json_lists(options->withdrawn, json_string_value(item)))
            continue;
        int rc = arc_tag_parse(json_string_value(item), options->group, &other, NULL);
        ARC_TRY(arc_error_memory(rc, err));
        if (rc || other.service != tag.service ||
            (!options->group && (other.group_len != tag.group_len ||
                                 memcmp(other.text, tag.text, tag.group_len) != 0)))
            continue;

        int order = arc_release_version_compare(theirs, ours);
        bool marked = arc_json_lists(options->marked, other.text);
        bool prerelease = is_prerelease(theirs, marked, options->group);
        bool major = same(theirs->major, theirs->major_len, ours->major, ours->major_len);
        bool minor = major && same(theirs->minor, theirs->minor_len, ours->minor, ours->minor_len);
        standing.minor_named |= order && minor && theirs->major && !theirs->patch && !prerelease &&
                                theirs->major[theirs->major_len] == '.';
        /* 1.0.0 comes after 0.9.0, also where that counts as a prerelease. */
        bool stable = !theirs->prerelease && !marked;
        standing.outrun |= order > 0 && prerelease;
        if (order > 0 && !prerelease) {
            standing.major_beaten |= major;
            standing.minor_beaten |= minor;
            arc_tag_keep_higher(&standing.higher, &other);
        } else if (order < 0 && (stable || ours->prerelease || standing.marked)) {
            bool released = arc_json_lists(options->published, other.text);
            arc_tag_keep_higher(released ? &standing.released : &standing.previous, &other);
        }
    }

    return describe_version(&tag, &standing, options, out, err);
}

int arc_version_of_file(const char *text, const struct arc_group *group,
                        struct arc_version_info *out, struct arc_error *err)
{
    bool marked = text[0] == 'v' && text[1] >= '0' && text[1] <= '9';
    ARC_AUTO(arc_tag) struct arc_tag tag = {.text = strdup(text + marked)};
    ARC_AUTO(standing) struct standing standing = {.unknown = false};
    const struct arc_version_options options = {.group = group};
    *out = (struct arc_version_info){0};
    ARC_TRY_ALLOC(tag.text, err);
    ARC_TRY(arc_release_version_parse(tag.text, strlen(tag.text), group->versioning, &tag.version,
                                      err));
    return describe_version(&tag, &standing, &options, out, err);
}
