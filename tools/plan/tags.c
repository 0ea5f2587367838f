/* The image tags of a plan: templates filled in, and which of them move. */
#include "plan/tags.h"
#include "arcci/documents.h"
#include "arcci/glob.h"
#include "arcci/semver.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/json.h"
#include "os/hash.h"
#include <string.h>
#include <time.h>

#define IMAGE_TAG_MAX  128
#define BRANCH_TAG_MAX 100 /* of a branch's name; a longer one ends in its hash */

/* One template of one service. */
struct reading {
    const struct arc_plan_options *options;
    const struct arc_service *service;
    const struct arc_image_tag *tag;
    const char *image; /* of the service, that gets it */
};

static bool has(const struct reading *reading, const char *placeholder)
{
    return strstr(reading->tag->name, placeholder) != NULL;
}

/* ---- placeholders --------------------------------------------------------------------------- */

static bool prerelease_of(const json_t *version, const char **out, size_t *len)
{
    struct arc_semver semver;
    const char *text = arc_json_text_of(version, "version");
    if (arc_semver_parse(text, strlen(text), &semver, NULL) || !semver.prerelease_len)
        return false;
    *out = semver.prerelease;
    *len = semver.prerelease_len;
    return true;
}

/* A branch's name, cut to what a tag can hold; two long ones stay two. */
static void add_branch(struct arc_buf *out, const char *branch)
{
    char hash[ARC_SHA256_HEX];
    size_t len = strlen(branch);
    arc_buf_add(out, branch, len < BRANCH_TAG_MAX ? len : BRANCH_TAG_MAX);
    if (len <= BRANCH_TAG_MAX)
        return;
    if (arc_sha256(branch, len, hash, NULL))
        out->failed = ARC_ENOMEM;
    else
        arc_buf_printf(out, "-%.8s", hash);
}

static bool moment_of(const struct arc_plan_options *options, struct tm *out)
{
    time_t when = (time_t)options->moment.now;
    return gmtime_r(&when, out) != NULL;
}

/* Appends the value of a placeholder; false if this plan has none (a ci plan has no version). */
static bool add_value(const struct reading *reading, const char *name, struct arc_buf *out)
{
    static const char *const of_version[] = {"image-tag", "version", "major", "minor", "patch"};
    const struct arc_plan_options *options = reading->options;
    const struct arc_plan_moment *moment = &options->moment;
    const char *prerelease;
    struct tm now;
    size_t len;
    for (size_t i = 0; i < sizeof of_version / sizeof *of_version; i++)
        if (strcmp(of_version[i], name) == 0) {
            const char *value = json_string_value(json_object_get(options->version, name));
            arc_buf_puts(out, value ? value : "");
            return value != NULL; /* 1.43.3.10896 has no {major} */
        }
    if (strcmp(name, "prerelease") == 0) {
        if (!prerelease_of(options->version, &prerelease, &len))
            return false;
        arc_buf_add(out, prerelease, len);
    } else if (strcmp(name, "sha") == 0) {
        arc_buf_add(out, options->revision, ARC_SHORT_SHA);
    } else if (strcmp(name, "sha7") == 0) {
        arc_buf_add(out, options->revision, 7);
    } else if (strcmp(name, "revision") == 0) {
        arc_buf_puts(out, options->revision);
    } else if (strcmp(name, "group") == 0) {
        arc_buf_puts(out, options->group->name);
    } else if (strcmp(name, "codename") == 0) {
        arc_buf_puts(out, reading->service->codename);
    } else if (strcmp(name, "suffix") == 0 && reading->service->suffix) {
        arc_buf_puts(out, reading->service->suffix);
    } else if (strcmp(name, "name") == 0) {
        arc_buf_puts(out, reading->service->name);
    } else if (strcmp(name, "date") == 0 && moment_of(options, &now)) {
        arc_buf_printf(out, "%04d%02d%02d", now.tm_year + 1900, now.tm_mon + 1, now.tm_mday);
    } else if (strcmp(name, "time") == 0 && moment_of(options, &now)) {
        arc_buf_printf(out, "%02d%02d%02d", now.tm_hour, now.tm_min, now.tm_sec);
    } else if (strcmp(name, "branch") == 0 && moment->branch && !options->version) {
        add_branch(out, moment->branch);
    } else if (strcmp(name, "pr") == 0 && moment->pull && !options->version) {
        arc_buf_printf(out, "%lld", (long long)moment->pull);
    } else {
        return false;
    }
    return true;
}

/* [A-Za-z0-9_.-]: what an image tag may hold (OCI distribution spec 1.1). */
static bool tag_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("_.-", c));
}

/* Appends the value of a placeholder, every run of characters that no tag may hold as one '-'. */
static bool fill_placeholder(const struct reading *reading, const char *name, size_t len,
                             struct arc_buf *out)
{
    char key[32] = "";
    ARC_AUTO(arc_buf) struct arc_buf value = {.max = 4096};
    memcpy(key, name, len < sizeof key ? len : sizeof key - 1);
    bool known = add_value(reading, key, &value);
    for (const char *c = arc_buf_text(&value); *c; c++) {
        bool legal = tag_char(*c) && (out->len || (*c != '.' && *c != '-'));
        bool more = c > value.data && !tag_char(c[-1]);
        if (legal || (out->len && !more))
            arc_buf_putc(out, legal ? *c : '-');
    }
    if (value.failed)
        out->failed = value.failed;
    return known;
}

/* Fills a template in. *filled is false if a placeholder has no value here. */
static int fill_template(const struct reading *reading, struct arc_buf *out, bool *filled,
                         struct arc_error *err)
{
    const char *text = reading->tag->name;
    *filled = true;
    while (*text) {
        size_t literal = strcspn(text, "{");
        arc_buf_add(out, text, literal);
        text += literal;
        if (!*text)
            break;
        size_t len = strcspn(text, "}");
        *filled &= fill_placeholder(reading, text + 1, len - 1, out);
        text += len + (text[len] == '}');
    }
    return arc_buf_check(out, "image tag", err);
}

static bool image_tag_valid(const char *tag)
{
    size_t len = 0;
    while (tag_char(tag[len]))
        len++;
    return len && len <= IMAGE_TAG_MAX && !tag[len] && *tag != '.' && *tag != '-';
}

/* ---- which of them move --------------------------------------------------------------------- */

/* Whether a template gives a tag that only this version has. "1.2.3" alone names a release, not the
 * prereleases before it. */
static bool names_version(const struct reading *reading)
{
    const char *prerelease;
    size_t len;
    bool numbers = has(reading, "{major}") && has(reading, "{minor}") && has(reading, "{patch}");
    return has(reading, "{image-tag}") || has(reading, "{version}") ||
           (numbers && (has(reading, "{prerelease}") ||
                        !prerelease_of(reading->options->version, &prerelease, &len)));
}

/* "latest", "latest-alpine", "debug-latest": the word, between the characters that part words. */
static bool names_latest(const char *name)
{
    for (const char *at = name; (at = strstr(at, "latest")); at += 6) {
        bool starts = at == name || strchr("-_.", at[-1]);
        if (starts && (!at[6] || strchr("-_.", at[6])))
            return true;
    }
    return false;
}

static bool has_part(const struct reading *reading)
{
    return has(reading, "{major}") || has(reading, "{minor}") || has(reading, "{patch}") ||
           has(reading, "{prerelease}");
}

static enum arc_tag_kind kind_of(const struct reading *reading)
{
    static const unsigned releases =
        ARC_WHEN_LATEST | ARC_WHEN_STABLE | ARC_WHEN_PRERELEASE | ARC_WHEN_RELEASE;
    const struct arc_image_tag *tag = reading->tag;
    if (names_version(reading))
        return ARC_TAG_VERSION;
    if (has(reading, "{sha}") || has(reading, "{sha7}") || has(reading, "{revision}"))
        return ARC_TAG_COMMIT;
    bool of_releases = tag->when ? !(tag->when & ~releases) : names_latest(tag->name);
    return has_part(reading) || of_releases ? ARC_TAG_FLOATING : ARC_TAG_MOVING;
}

/* The conditions that hold for this plan. A name that several versions have in turn would go back
 * with a fix of an old line, so for it a stable release is the latest one. */
static unsigned conditions(const struct reading *reading, enum arc_tag_kind kind)
{
    const json_t *version = reading->options->version;
    const char *event = reading->options->moment.event;
    bool latest = json_is_true(json_object_get(version, "latest"));
    bool own = kind == ARC_TAG_VERSION || kind == ARC_TAG_COMMIT || has_part(reading);
    if (version && json_is_true(json_object_get(version, "prerelease")))
        return ARC_WHEN_RELEASE | ARC_WHEN_PRERELEASE;
    if (version)
        return ARC_WHEN_RELEASE | (latest ? ARC_WHEN_LATEST : 0) |
               (own || latest ? ARC_WHEN_STABLE : 0);
    static const struct {
        const char *name;
        unsigned when;
    } events[] = {{"push", ARC_WHEN_PUSH},
                  {"pull_request", ARC_WHEN_PULL_REQUEST},
                  {"schedule", ARC_WHEN_SCHEDULE}};
    for (size_t i = 0; event && i < sizeof events / sizeof *events; i++)
        if (strcmp(events[i].name, event) == 0)
            return events[i].when;
    return 0;
}

static bool on_branch(const struct reading *reading)
{
    const struct arc_plan_options *options = reading->options;
    const char *name = options->version ? NULL : options->moment.branch;
    char *const *branch = reading->tag->branches;
    return !branch || !*branch || (name && arc_glob_any(branch, name));
}

/* Whether the plan is what the tag is for; if not, *reason says so. */
static bool applies(const struct reading *reading, enum arc_tag_kind kind, const char **reason)
{
    static const unsigned releases =
        ARC_WHEN_LATEST | ARC_WHEN_STABLE | ARC_WHEN_PRERELEASE | ARC_WHEN_RELEASE;
    const json_t *version = reading->options->version;
    unsigned when = reading->tag->when;
    bool stable = version && !json_is_true(json_object_get(version, "prerelease"));
    if (!on_branch(reading)) {
        *reason = "its 'when' names other branches";
        return false;
    }
    if (!when || (when & conditions(reading, kind)))
        return true;
    if (stable && (when & (ARC_WHEN_LATEST | ARC_WHEN_STABLE)))
        *reason = arc_json_text_of(version, "latest-reason");
    else if (version && (when & releases))
        *reason =
            stable ? "its 'when' asks for a prerelease" : "its 'when' asks for a stable version";
    else
        *reason = version ? "its 'when' asks for another event than a release"
                          : "its 'when' does not name this event";
    return false;
}

/* Whether a tag that several versions have in turn moves, and why: "latest" and templates with a
 * part of the version move to the highest stable version that they stand for. */
static bool floats(const struct reading *reading, const char **reason)
{
    const json_t *version = reading->options->version;
    const char *name = reading->tag->name;
    unsigned when = reading->tag->when;
    bool part = has_part(reading);
    bool latest = !part && (!when || (when & (ARC_WHEN_LATEST | ARC_WHEN_STABLE)));
    if (!version || (names_latest(name) && reading->options->hold_latest)) {
        *reason = version ? "held back: latest-tag is false" : "moves on a release only";
        return false;
    }
    if (!part && !latest) { /* "next", when: prerelease */
        *reason = "moves unless a higher version has it";
        return true;
    }
    const char *line = latest || (when & ARC_WHEN_LATEST) || !has(reading, "{major}") ? "latest"
                       : has(reading, "{minor}") ? "latest-minor"
                                                 : "latest-major";
    bool moves = json_is_true(json_object_get(version, line));
    if (latest || arc_version_alone(version))
        *reason = arc_json_text_of(version, "latest-reason");
    else if (json_is_true(json_object_get(version, "prerelease")))
        *reason = "a prerelease moves no floating tag";
    else
        *reason = moves ? "highest stable version that it stands for"
                        : "a higher stable version that it stands for exists";
    return moves;
}

/* A branch "1.2.3" or "latest" must not take the tags of releases. */
static bool passes_for_version(const struct reading *reading, const char *tag)
{
    struct arc_semver semver;
    const char *group = reading->options->group->name;
    if (!has(reading, "{branch}"))
        return false;
    tag += strncmp(tag, group, strlen(group)) == 0 ? strlen(group) : 0;
    tag += *tag == '-';
    tag += *tag == 'v';
    return strcmp(tag, "latest") == 0 ||
           arc_semver_parse(tag, strlen(tag), &semver, NULL) == ARC_OK;
}

static bool moves(const struct reading *reading, const char *tag, enum arc_tag_kind kind,
                  const char **reason)
{
    static const char *const reasons[] = {
        [ARC_TAG_VERSION] = "names this version",
        [ARC_TAG_COMMIT] = "names this commit",
        [ARC_TAG_MOVING] = "always moves",
    };
    if (!applies(reading, kind, reason))
        return false;
    if (passes_for_version(reading, tag)) {
        *reason = "not moved: the branch has the name of a version";
        return false;
    }
    if (kind == ARC_TAG_FLOATING)
        return floats(reading, reason);
    *reason = reasons[kind];
    return true;
}

/* ---- the list ------------------------------------------------------------------------------- */

static const char *const kinds[] = {"version", "commit", "floating", "moving"};

static enum arc_tag_kind row_kind(const json_t *row)
{
    enum arc_tag_kind kind = ARC_TAG_VERSION;
    while (kind < ARC_TAG_MOVING && strcmp(kinds[kind], arc_json_text_of(row, "kind")) != 0)
        kind++;
    return kind;
}

/* Of two templates that give one tag, the stricter kind counts. */
static int add_row(json_t *tags, json_t *row, struct arc_error *err)
{
    size_t i;
    json_t *other;
    if (!row)
        return arc_error_nomem(err);
    json_array_foreach (tags, i, other) {
        if (strcmp(arc_json_text_of(other, "tag"), arc_json_text_of(row, "tag")) != 0 ||
            strcmp(arc_json_text_of(other, "ref"), arc_json_text_of(row, "ref")) != 0)
            continue;
        bool stricter = row_kind(row) < row_kind(other);
        bool moves = row_kind(row) == row_kind(other) && json_is_true(json_object_get(row, "move"));
        if (!stricter && !moves)
            json_decref(row);
        else if (json_array_set_new(tags, i, row))
            return arc_error_nomem(err);
        return ARC_OK;
    }
    return json_array_append_new(tags, row) ? arc_error_nomem(err) : ARC_OK;
}

static int add_tag(const struct reading *reading, json_t *tags, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf tag = {.max = 4096};
    enum arc_tag_kind kind = kind_of(reading);
    const char *reason = "";
    bool filled;
    ARC_TRY(fill_template(reading, &tag, &filled, err));
    if (!filled)
        return ARC_OK;
    if (!image_tag_valid(arc_buf_text(&tag)))
        return arc_error_set(
            err, ARC_EINPUT,
            "image tag template '%s' of group %s gives '%s', which is not an image "
            "tag (1 to 128 of [A-Za-z0-9._-], not starting with '.' or '-')",
            reading->tag->name, reading->options->group->name, arc_buf_text(&tag));
    bool move = moves(reading, arc_buf_text(&tag), kind, &reason);
    json_t *row = json_pack("{s:s, s:s, s:b, s:s}", "tag", arc_buf_text(&tag), "kind", kinds[kind],
                            "move", move, "reason", reason);
    if (row && strcmp(reading->image, reading->service->images[0]) != 0 &&
        json_object_set_new(row, "ref",
                            json_sprintf("%s:%s", reading->image, arc_buf_text(&tag)))) {
        json_decref(row);
        return arc_error_nomem(err);
    }
    return add_row(tags, row, err);
}

/* A release whose images nobody could pull is a mistake in the configuration. */
static int check_moves(const struct arc_plan_options *options, const json_t *tags,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 4096};
    size_t i;
    json_t *row;
    json_array_foreach (tags, i, row) {
        if (json_is_true(json_object_get(row, "move")))
            return ARC_OK;
        arc_buf_printf(&why, "%s%s: %s", i ? "; " : "", arc_json_text_of(row, "tag"),
                       arc_json_text_of(row, "reason"));
    }
    return arc_error_set(err, ARC_EINPUT,
                         "the release %s would move no image tag, so nobody could pull it (%s): "
                         "add {image-tag} or {version} to the image-tags of group %s",
                         arc_json_text_of(options->version, "tag"),
                         why.len ? arc_buf_text(&why) : "no template has a value",
                         options->group->name);
}

int arc_plan_tags(const struct arc_plan_options *options, const struct arc_service *service,
                  json_t *tags, struct arc_error *err)
{
    const struct arc_image_tag *first =
        service->image_tags ? service->image_tags : options->group->image_tags;
    for (char **image = service->images; *image; image++)
        for (const struct arc_image_tag *tag = first; tag->name; tag++) {
            const struct reading reading = {options, service, tag, *image};
            if (!tag->image || strcmp(tag->image, *image) == 0)
                ARC_TRY(add_tag(&reading, tags, err));
        }
    return options->version && !service->linked ? check_moves(options, tags, err) : ARC_OK;
}

/* Whether a name is one of the placeholders at all. */
static bool is_placeholder(const char *name)
{
    static const char *const names[] = {"image-tag",  "version", "major", "minor",    "patch",
                                        "prerelease", "sha",     "sha7",  "revision", "branch",
                                        "pr",         "date",    "time",  "group",    "suffix",
                                        "codename",   "name",    "latest"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

int arc_plan_fill(const struct arc_plan_options *options, const struct arc_service *service,
                  const char *text, struct arc_buf *out, bool *whole, struct arc_error *err)
{
    const struct reading reading = {.options = options, .service = service};
    *whole = true;
    while (*text) {
        char name[32] = "";
        size_t len = *text == '{' ? strcspn(text + 1, "{}") : 0;
        if (len && len < sizeof name && text[1 + len] == '}')
            memcpy(name, text + 1, len);
        if (!*name || !is_placeholder(name)) {
            arc_buf_putc(out, *text++);
            continue;
        }
        if (strcmp(name, "latest") == 0 && options->version)
            arc_buf_puts(out, json_is_true(json_object_get(options->version, "latest")) ? "true"
                                                                                        : "false");
        else
            *whole &= add_value(&reading, name, out);
        text += len + 2;
    }
    return arc_buf_check(out, "a text with placeholders", err);
}
