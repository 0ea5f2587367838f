/* The image tags of a plan: templates filled in, and which of them move. */
#include "plan/tags.h"
#include "arcci/documents.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/json.h"
#include <string.h>

#define IMAGE_TAG_MAX 128

/* The value of a placeholder; NULL if this plan has none (a ci plan has no version). */
static const char *placeholder(const struct arc_plan_options *options, const char *name, size_t len,
                               char sha[ARC_SHORT_SHA + 1])
{
    static const char *const of_version[] = {"image-tag", "version", "major", "minor", "patch"};
    for (size_t i = 0; i < sizeof of_version / sizeof *of_version; i++)
        if (strlen(of_version[i]) == len && memcmp(of_version[i], name, len) == 0)
            return options->version ? arc_json_text_of(options->version, of_version[i]) : NULL;
    if (len == 3 && memcmp(name, "sha", 3) == 0) {
        memcpy(sha, options->revision, ARC_SHORT_SHA);
        sha[ARC_SHORT_SHA] = '\0';
        return sha;
    }
    return len == 5 && memcmp(name, "group", 5) == 0 ? options->group->name : NULL;
}

/* Fills a template in. *filled is false if a placeholder has no value here. Characters that an
 * image tag may not hold ('/' of a group, '+' of a version) become '-'. */
static int fill_template(const struct arc_plan_options *options, const char *text,
                         struct arc_buf *out, bool *filled, struct arc_error *err)
{
    char sha[ARC_SHORT_SHA + 1];
    *filled = true;
    while (*text) {
        size_t literal = strcspn(text, "{");
        arc_buf_add(out, text, literal);
        text += literal;
        if (!*text)
            break;
        size_t len = strcspn(text, "}");
        const char *value = placeholder(options, text + 1, len - 1, sha);
        *filled = *filled && value;
        for (; value && *value; value++)
            arc_buf_putc(out, strchr("/+#", *value) ? '-' : *value);
        text += len + (text[len] == '}');
    }
    return arc_buf_check(out, "image tag", err);
}

/* OCI distribution spec 1.1: [A-Za-z0-9_][A-Za-z0-9._-]{0,127}. */
static bool image_tag_valid(const char *tag)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = strlen(tag);
    return len && len <= IMAGE_TAG_MAX && strchr(word, tag[0]) &&
           strspn(tag + strspn(tag, word), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                           "0123456789_.-") == len - strspn(tag, word);
}

/* Whether a template gives a tag that only this version has. "1.2.3" alone names a release, not the
 * prereleases before it. */
static bool names_version(const struct arc_plan_options *options, const char *template)
{
    const char *version = options->version ? arc_json_text_of(options->version, "version") : "";
    bool numbers =
        strstr(template, "{major}") && strstr(template, "{minor}") && strstr(template, "{patch}");
    return strstr(template, "{image-tag}") || strstr(template, "{version}") ||
           (numbers && version[strcspn(version, "-+")] != '-');
}

/* Whether a tag that several versions have in turn moves, and why: "latest" and templates with a
 * part of the version move to the highest stable version that they stand for. */
static bool floats(const struct arc_plan_options *options, const char *template,
                   const char **reason)
{
    const json_t *version = options->version;
    bool latest = strcmp(template, "latest") == 0;
    const char *line = !strstr(template, "{major}")  ? "latest"
                       : strstr(template, "{minor}") ? "latest-minor"
                                                     : "latest-major";
    bool moves = json_is_true(json_object_get(version, line));
    if (!version || (latest && options->hold_latest)) {
        *reason = version ? "held back: latest-tag is false" : "moves on a release only";
        return false;
    }
    if (latest || arc_version_alone(version))
        *reason = arc_json_text_of(version, "latest-reason");
    else if (json_is_true(json_object_get(version, "prerelease")))
        *reason = "a prerelease moves no floating tag";
    else
        *reason = moves ? "highest stable version that it stands for"
                        : "a higher stable version that it stands for exists";
    return moves;
}

/* What a template's tag names. */
static enum arc_tag_kind name_kind(const struct arc_plan_options *options, const char *template)
{
    if (names_version(options, template))
        return ARC_TAG_VERSION;
    return strstr(template, "{sha}") ? ARC_TAG_COMMIT : ARC_TAG_FLOATING;
}

static bool moves(const struct arc_plan_options *options, const char *template,
                  enum arc_tag_kind kind, const char **reason)
{
    bool part = strstr(template, "{major}") || strstr(template, "{minor}") ||
                strstr(template, "{patch}") || strcmp(template, "latest") == 0;
    if (part && kind != ARC_TAG_VERSION)
        return floats(options, template, reason);

    static const char *const reasons[] = {
        [ARC_TAG_VERSION] = "names this version",
        [ARC_TAG_COMMIT] = "names this commit",
        [ARC_TAG_FLOATING] = "always moves",
    };
    *reason = reasons[kind];
    return true;
}

static int add_tag(const struct arc_plan_options *options, const char *template, json_t *tags,
                   struct arc_error *err)
{
    static const char *const kinds[] = {"version", "commit", "floating"};
    ARC_AUTO(arc_buf) struct arc_buf tag = {.max = 1024};
    bool filled;
    int rc = fill_template(options, template, &tag, &filled, err);
    if (rc || !filled)
        return rc;
    if (!image_tag_valid(arc_buf_text(&tag)))
        return arc_error_set(err, ARC_EINPUT,
                             "image tag template '%s' of group %s gives '%s', which is no image "
                             "tag (1 to 128 of [A-Za-z0-9._-], not starting with '.' or '-')",
                             template, options->group->name, arc_buf_text(&tag));

    const char *reason = "";
    enum arc_tag_kind kind = name_kind(options, template);
    bool move = moves(options, template, kind, &reason);
    json_t *row = json_pack("{s:s, s:s, s:b, s:s}", "tag", arc_buf_text(&tag), "kind", kinds[kind],
                            "move", move, "reason", reason);
    return json_array_append_new(tags, row) ? arc_error_nomem(err) : ARC_OK;
}

int arc_plan_tags(const struct arc_plan_options *options, json_t *tags, struct arc_error *err)
{
    int rc = ARC_OK;
    for (char **template = options->group->image_tags; !rc && *template; template ++)
        rc = add_tag(options, *template, tags, err);
    return rc;
}
