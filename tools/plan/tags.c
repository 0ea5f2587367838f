/* The image tags of a plan: fills in templates and decides which tags move. */
#include "plan/tags.h"
#include "arcci/glob.h"
#include "arcci/semver.h"
#include "config/fields.h"
#include "os/hash.h"
#include <time.h>

#define IMAGE_TAG_MAX  128
#define LETTERS        ARC_ALNUM "_"
#define BRANCH_TAG_MAX 100 /* limit of a branch's name; a longer one ends with its hash */

/* The conditions of `when` that only releases meet. */
static const unsigned releases =
    ARC_WHEN_LATEST | ARC_WHEN_STABLE | ARC_WHEN_PRERELEASE | ARC_WHEN_RELEASE;

/* One template of one service. */
struct reading {
    const struct arc_plan_options *options;
    const struct arc_service *service;
    const struct arc_image_tag *tag;
    const char *image; /* of the service, that it belongs to */
    bool lacks;        /* a placeholder that was filled in has no value */
};

/* The version in a file is for other branches than the default one where a name says so. */
static const struct arc_version_info *version_of(const struct reading *reading)
{
    const struct arc_plan_options *options = reading->options;
    bool other = !options->version && reading->tag && reading->tag->branches;
    return other ? options->own : options->version;
}

static bool has(const struct reading *reading, const char *placeholder)
{
    return strstr(reading->tag->name, placeholder) != NULL;
}

/* ---- placeholders --------------------------------------------------------------------------- */

/* Appends the part `name` of the plan's time, in UTC; false if it is not part of a time. */
static bool add_moment(struct arc_buf *out, const struct arc_plan_options *options,
                       const char *name)
{
    time_t when = (time_t)options->moment.now;
    struct tm at;
    if (!gmtime_r(&when, &at))
        return false;

    int year = at.tm_year + 1900, month = at.tm_mon + 1;
    const struct {
        const char *name;
        int digits, value;
    } all[] = {
        {"date", 8, (year * 100 + month) * 100 + at.tm_mday},
        {"year", 4, year},
        {"month", 2, month},
        {"day", 2, at.tm_mday},
        {"time", 6, (at.tm_hour * 100 + at.tm_min) * 100 + at.tm_sec},
    };

    arc_each_in (part, all)
        if (strcmp(part->name, name) == 0) {
            arc_buf_printf(out, "%0*d", part->digits, part->value);
            return true;
        }

    return false;
}

/* Appends a branch's name as a tag, cut and with a hash if necessary, so that different names stay
 * different. */
static void add_branch(struct arc_buf *out, const char *branch)
{
    char hash[ARC_SHA256_HEX];
    size_t len = strlen(branch);
    bool lost = len > BRANCH_TAG_MAX || !strpbrk(branch, LETTERS);

    arc_buf_printf(out, "%.*s", BRANCH_TAG_MAX, branch);
    if (lost && arc_sha256(branch, len, hash, NULL))
        out->failed = ARC_ENOMEM;
    else if (lost)
        arc_buf_printf(out, "-%.8s", hash);
}

/* Appends the value of a placeholder; false if this plan has none: a ci plan has no version,
 * 1.43.3.10896 no {major}. */
static bool add_value(const struct reading *reading, const char *name, struct arc_buf *out)
{
    static const struct arc_version_info none = {0};
    const struct arc_plan_options *options = reading->options;
    const struct arc_version_info *version = arc_or(version_of(reading), &none);
    const struct arc_plan_moment *moment = &options->moment;
    const char *branch = options->version ? NULL : moment->branch;
    const char *text = arc_or(version->version, "");
    struct arc_semver semver = {0};
    bool semantic = arc_semver_parse(text, strlen(text), &semver, NULL) == ARC_OK;
    const struct {
        const char *name, *value;
        int len; /* length; -1: all */
    } all[] = {
        {"image-tag", version->image_tag, -1},
        {"version", version->version, -1},
        {"major", version->major, -1},
        {"minor", version->minor, -1},
        {"patch", version->patch, -1},
        {"prerelease", semantic ? semver.prerelease : NULL, (int)semver.prerelease_len},
        {"revision", options->revision, -1},
        {"sha", options->revision, ARC_SHORT_SHA},
        {"sha7", options->revision, 7},
        {"group", options->group->name, -1},
        {"codename", reading->service->codename, -1},
        {"suffix", reading->service->suffix, -1},
        {"name", reading->service->name, -1},
    };

    arc_each_in (value, all)
        if (strcmp(value->name, name) == 0) {
            if (value->value)
                arc_buf_printf(out, "%.*s", value->len, value->value);
            return value->value != NULL;
        }

    if ((reading->tag || !moment->past) && add_moment(out, options, name))
        return true;
    bool pull = strcmp(name, "pr") == 0 && moment->pull && !options->version;
    bool named = strcmp(name, "branch") == 0 && branch;
    if (pull)
        arc_buf_printf(out, "%lld", (long long)moment->pull);
    else if (named)
        add_branch(out, branch);

    return pull || named;
}

/* [A-Za-z0-9_.-]: the characters of an image tag (OCI distribution spec 1.1). */
static bool tag_char(char c)
{
    return arc_is_word(c) || c == '.' || c == '-';
}

/* Appends the value of a placeholder, replacing runs of invalid characters with '-'. */
static bool add_to_tag(void *context, const char *name, struct arc_buf *out)
{
    struct reading *reading = context;
    ARC_AUTO(arc_buf) struct arc_buf value = {.max = 4096};

    reading->lacks |= !add_value(reading, name, &value);

    for (const char *c = arc_buf_text(&value); *c; c++) {
        bool legal = tag_char(*c) && (out->len || (*c != '.' && *c != '-'));
        bool more = c > value.data && !tag_char(c[-1]);
        if (legal || (out->len && !more))
            arc_buf_putc(out, legal ? *c : '-');
    }

    if (value.failed)
        out->failed = value.failed;

    return true;
}

/* ---- which of them move --------------------------------------------------------------------- */

/* Whether a tag contains the word "latest": "latest-alpine", "debug-latest". */
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
    return ARC_HOLDS(reading->tag->name, "{major}", "{minor}", "{patch}", "{prerelease}");
}

/* Whether prereleases have the tag, too: "next", and "{major}.{minor}-rc" if only they have it. */
static bool has_prereleases(const struct reading *reading)
{
    unsigned when = reading->tag->when;
    return when == ARC_WHEN_PRERELEASE ||
           (!has_part(reading) && (when & (ARC_WHEN_PRERELEASE | ARC_WHEN_RELEASE)));
}

static bool has_numbers(const struct reading *reading)
{
    return has(reading, "{major}") && has(reading, "{minor}") && has(reading, "{patch}");
}

/* Whether the version is its three numbers, and nothing more. */
static bool is_plain(const struct arc_version_info *version)
{
    return version->patch && strlen(version->version) == strlen(version->major) +
                                                             strlen(version->minor) +
                                                             strlen(version->patch) + 2;
}

/* Whether the tag consists of three numbers that several versions share: 1.2.3+b1 and 1.2.3+b2, or
 * 26.11.5 and 26.11.5.1. A rolled-back release does not count. */
static bool is_shared(const struct reading *reading)
{
    const struct arc_version_info *version = version_of(reading);
    return version && !version->prerelease && !version->withdrawn && version->patch &&
           has_numbers(reading) && !is_plain(version);
}

static enum arc_tag_kind kind_of(const struct reading *reading)
{
    const struct arc_image_tag *tag = reading->tag;
    const struct arc_version_info *version = version_of(reading);

    /* "1.2.3" names only that release, not its prereleases. */
    bool numbers = has_numbers(reading) && !is_shared(reading) &&
                   (has(reading, "{prerelease}") || !version->prerelease || is_plain(version));
    if (numbers || has(reading, "{image-tag}") || has(reading, "{version}"))
        return ARC_TAG_VERSION;
    if (has(reading, "{sha}") || has(reading, "{sha7}") || has(reading, "{revision}"))
        return ARC_TAG_COMMIT;

    bool of_releases = names_latest(tag->name);
    if (tag->when || tag->branches)
        of_releases = !(tag->when & ~releases) && !tag->branches;

    return has_part(reading) || of_releases ? ARC_TAG_FLOATING : ARC_TAG_MOVING;
}

/* The conditions that this plan meets. For a floating tag, only the latest release counts as
 * stable, or a fix of an old line would move it back. */
static unsigned conditions(const struct reading *reading, enum arc_tag_kind kind)
{
    const struct arc_version_info *version = reading->options->version;
    const char *given = reading->options->moment.event, *event = arc_or(given, "");
    bool own = kind == ARC_TAG_VERSION || kind == ARC_TAG_COMMIT || has_part(reading);

    if (version && version->prerelease)
        return ARC_WHEN_RELEASE | ARC_WHEN_PRERELEASE;
    if (version && version->latest)
        return ARC_WHEN_RELEASE | ARC_WHEN_LATEST | ARC_WHEN_STABLE;
    if (version)
        return own ? ARC_WHEN_RELEASE | ARC_WHEN_STABLE : ARC_WHEN_RELEASE;

    if (strcmp(event, "push") == 0)
        return ARC_WHEN_PUSH;
    if (strcmp(event, "pull_request") == 0)
        return ARC_WHEN_PULL_REQUEST;
    return strcmp(event, "schedule") == 0 ? ARC_WHEN_SCHEDULE : 0;
}

/* Briefly why the version is latest or not; a warning says why other tags are unknown. */
static const char *explain_latest(const struct arc_version_info *version)
{
    if (version->tags_known || version->prerelease)
        return version->latest_reason;
    return "the other tags are not known";
}

/* Whether the plan meets the tag's conditions; if not, *reason says so. A release has no branch and
 * is not another event, so its conditions are checked separately from those of other runs. */
static bool applies(const struct reading *reading, enum arc_tag_kind kind, const char **reason)
{
    const struct arc_version_info *version = reading->options->version;
    unsigned when = reading->tag->when, holds = when & conditions(reading, kind);
    unsigned event = when & ~releases & ~(unsigned)ARC_WHEN_PULL_REQUEST; /* that has no branch */
    bool stable = version && !version->prerelease;
    const char *name = reading->options->moment.branch;
    char *const *branches = reading->tag->branches;

    if ((!when && !branches) || (version && holds) || (holds & ARC_WHEN_PULL_REQUEST))
        return true;

    if (!version && branches && (!name || !arc_glob_any(branches, name))) {
        *reason = "its 'when' names other branches";
        return false;
    }

    if (!version && (holds || (branches && !event)))
        return true;

    if (stable && (when & (ARC_WHEN_LATEST | ARC_WHEN_STABLE)))
        *reason = explain_latest(version);
    else if (!version)
        *reason = "its 'when' does not name this event";
    else if (!(when & releases))
        *reason = "its 'when' requires another event than a release";
    else if (stable)
        *reason = "its 'when' requires a prerelease";
    else
        *reason = "its 'when' requires a stable version";

    return false;
}

/* Whether versions have the tag as their own, "{version}-x" beside "{major}.{minor}-x": then 26.04
 * stays with the version of that name. */
static bool is_versions(const struct reading *reading)
{
    static const char numbers[] = "{major}.{minor}";
    const struct arc_group *group = reading->options->group;
    const struct arc_image_tag *tag = arc_or(reading->service->image_tags, group->image_tags);
    const char *name = reading->tag->name, *at = strstr(name, numbers);

    for (; at && tag->name; tag++) {
        size_t len = (size_t)(at - name);
        if ((tag->image && strcmp(tag->image, reading->image) != 0) ||
            strncmp(tag->name, name, len) != 0)
            continue;
        const char *rest = arc_text_after(tag->name + len, "{version}");
        if (rest && strcmp(rest, at + strlen(numbers)) == 0)
            return true;
    }

    return false;
}

/* Whether a floating tag moves, and why: "latest" and templates with part of the version move to
 * the highest stable version that they can name. */
static bool floats(const struct reading *reading, const char **reason)
{
    const struct arc_version_info *version = version_of(reading);
    unsigned when = reading->tag->when;
    bool part = has_part(reading);
    bool any = has_prereleases(reading);
    bool latest = !part && !any;

    if (!version) {
        *reason = "moves only on a release";
        return false;
    }

    bool beaten = version->beaten && (when & ~(unsigned)ARC_WHEN_PRERELEASE);
    bool outrun = version->outrun && !part; /* else it may be of another line */
    if (any && (outrun || beaten)) {
        *reason =
            outrun ? "a higher prerelease has this tag" : "a higher stable version has this tag";
        return false;
    }

    if (any || (is_shared(reading) && version->tags_known)) {
        *reason = "moves unless a higher version has it";
        return true;
    }

    if (version->minor_named && is_versions(reading)) {
        *reason = "another version is called so";
        return false;
    }

    bool moves = version->latest_major;
    if (latest || (when & ARC_WHEN_LATEST) || !has(reading, "{major}"))
        moves = version->latest;
    else if (has(reading, "{minor}"))
        moves = version->latest_minor;

    if (latest || !version->tags_known)
        *reason = explain_latest(version);
    else if (version->prerelease)
        *reason = "a prerelease moves no floating tag";
    else
        *reason =
            moves ? "highest stable version with this tag" : "a higher stable version has this tag";

    return moves;
}

/* The image tags of a pattern of release tags, as a template: "web-{version}" for "web@{version}"
 * and "web@*". See arc_tag_image(). */
static void add_image_tags(const char *pattern, struct arc_buf *out)
{
    for (const char *c = pattern + strcspn(pattern, LETTERS "{*"); *c; c++)
        if (*c == '*')
            arc_buf_puts(out, "{version}");
        else
            arc_buf_putc(out, tag_char(*c) || *c == '{' || *c == '}' ? *c : '-');
}

/* Whether a template may give a tag, with `pattern` for the release tags. Out of memory, it may. */
static bool may_give(const struct reading *reading, const char *pattern, const char *tag)
{
#define NUMBER "+([0-9])"
#define TWO    "[0-9][0-9]"
#define DIGIT  "[0-9a-f]"
#define SEVEN  DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT
#define TWELVE SEVEN DIGIT DIGIT DIGIT DIGIT DIGIT
    static const struct arc_word forms[] = {
        {"pr", NUMBER},
        {"major", NUMBER},
        {"minor", NUMBER},
        {"patch", NUMBER},
        {"date", TWO TWO TWO TWO},
        {"year", TWO TWO},
        {"month", TWO},
        {"day", TWO},
        {"time", TWO TWO TWO},
        {"sha7", SEVEN},
        {"sha", TWELVE},
        {"revision", TWELVE TWELVE TWELVE "[0-9a-f]*"},
        {"prerelease", "*"},
        {NULL, NULL},
    };
    const struct arc_group *group = reading->options->group;
    ARC_AUTO(arc_buf) struct arc_buf whole = {.max = 4096}, named = {.max = 4096};
    ARC_AUTO(arc_buf) struct arc_buf released = {.max = 4096}, form = {.max = 8192};
    const struct arc_word no_more = {NULL, NULL};

    add_image_tags(pattern, &released);
    const struct arc_word image_tag[] = {{"image-tag", arc_buf_text(&released)}, no_more};
    arc_words_fill(reading->tag->name, image_tag, &whole);
    arc_service_fill(arc_buf_text(&whole), group, reading->service, no_more, &named);
    arc_words_fill(arc_buf_text(&named), forms, &form);

    char *text = form.failed ? NULL : form.data, *const globs[] = {text, NULL};
    const char *at = text ? strstr(text, "{version}") : NULL;
    if (!at)
        return !text || arc_glob_any(globs, tag);

    const char *rest = at + strlen("{version}");
    size_t before = (size_t)(at - text), after = strlen(rest), len = strlen(tag);
    struct arc_release_version version;

    return len > before + after && strncmp(text, tag, before) == 0 &&
           strcmp(rest, tag + len - after) == 0 &&
           arc_release_version_parse(tag + before, len - before - after, group->versioning,
                                     &version, NULL) == ARC_OK;
}

/* Whether another template of the image, without a branch, may give this tag too: "edge", "1.2"
 * from {major}.{minor}, "pr-7" from pr-{pr}; or a release's tag is called so, "release-1.2.3"; or
 * a signature's, "sha256-…" (distribution spec 1.1, "Referrers Tag Schema"; cosign). */
static bool is_anothers(const struct reading *reading, const char *tag)
{
    static const struct arc_image_tag released = {.name = "{image-tag}"};
    const struct arc_group *group = reading->options->group;
    const struct arc_image_tag *next = arc_or(reading->service->image_tags, group->image_tags);
    struct reading other = *reading;
    const char *about = arc_text_after(tag, "sha256-");

    if (about && strspn(about, "0123456789abcdef") >= 64)
        return true;

    for (other.tag = &released; other.tag->name; other.tag = next++) {
        if ((other.tag->image && strcmp(other.tag->image, reading->image) != 0) ||
            has(&other, "{branch}"))
            continue;
        for (char **pattern = group->tags; *pattern; pattern++)
            if (may_give(&other, *pattern, tag))
                return true;
    }

    return false;
}

int arc_tag_pulls(const struct arc_group *group, const struct arc_service *service,
                  const char *image, struct arc_arena *memory, char ***out, struct arc_error *err)
{
    static const char pull[] = "{pr}";
    const struct arc_image_tag *tag = arc_or(service->image_tags, group->image_tags);

    for (; tag->name; tag++) {
        ARC_AUTO(arc_buf) struct arc_buf name = {.max = 4096};
        size_t letters = 0;
        if ((tag->image && strcmp(tag->image, image) != 0) || !strstr(tag->name, pull))
            continue;
        arc_service_fill(tag->name, group, service, (struct arc_word){NULL, NULL}, &name);
        const char *text = arc_buf_text(&name), *at = strstr(text, pull);
        for (const char *c = text; *c; c++)
            letters += arc_is_word(*c) && !arc_is_digit(*c) && *c != '_';
        if (at && !memchr(text, '{', (size_t)(at - text)) && !strchr(at + 1, '{') &&
            letters >= strlen("pr") + 2)
            ARC_TRY(arc_texts_add(memory, out, text, err));
    }

    return ARC_OK;
}

bool arc_tag_is_pull(const char *name, const char *tag, int64_t *pull)
{
    const char *at = strstr(name, "{pr}");
    size_t before = (size_t)(at - name);

    if (strncmp(name, tag, before) != 0)
        return false;
    size_t digits = strspn(tag + before, "0123456789");
    *pull = digits && digits < 18 ? strtoll(tag + before, NULL, 10) : 0;

    return *pull && tag[before] != '0' && strcmp(tag + before + digits, at + 4) == 0;
}

/* Whether a build moves the tag itself. */
static bool is_builds(const char *tag)
{
    return arc_tag_is_staging(tag) || arc_tag_is_cache(tag);
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

    /* A branch called "1.2.3", "latest" or "edge" must not take another template's tag. */
    const struct arc_group *group = reading->options->group;
    struct arc_release_version read;
    bool anothers = has(reading, "{branch}") && (is_anothers(reading, tag) || is_builds(tag));
    tag += *tag == 'v';
    if (has(reading, "{branch}") &&
        (anothers || strcmp(tag, "latest") == 0 ||
         !arc_release_version_parse(tag, strlen(tag), group->versioning, &read, NULL))) {
        *reason = "not moved: the branch has the name of a version, or of another tag";
        return false;
    }

    const struct arc_version_info *version = version_of(reading);
    if (kind >= ARC_TAG_FLOATING && version && version->withdrawn) {
        *reason = "its release was withdrawn";
        return false;
    }

    if (kind >= ARC_TAG_FLOATING && names_latest(reading->tag->name) &&
        reading->options->hold_latest) {
        *reason = "held back: latest-tag is false";
        return false;
    }

    if (kind == ARC_TAG_FLOATING)
        return floats(reading, reason);
    *reason = reasons[kind];

    return true;
}

/* ---- the list ------------------------------------------------------------------------------- */

/* If two templates give the same tag, the stricter kind counts. */
static int keep_tag(struct arc_planned_tag tag, struct arc_planned_service *out,
                    struct arc_arena *memory, struct arc_error *err)
{
    arc_each (other, out->tags, out->tag_count) {
        bool same = arc_text_same(other->ref, tag.ref);
        if (!same || strcmp(other->tag, tag.tag) != 0)
            continue;
        if (tag.kind < other->kind || (tag.kind == other->kind && tag.move))
            *other = tag;
        return ARC_OK;
    }

    ARC_APPEND(memory, out->tags, out->tag_count, err, tag);

    return ARC_OK;
}

bool arc_tag_is_staging(const char *tag)
{
    const char *commit = arc_text_after(tag, "staging-");
    if (!commit)
        return false;
    return ARC_STARTS(commit, "probe-") ||
           (strspn(commit, "0123456789abcdef") == ARC_SHORT_SHA &&
            (!commit[ARC_SHORT_SHA] || commit[ARC_SHORT_SHA] == '-'));
}

bool arc_tag_is_cache(const char *tag)
{
    const char *rest = arc_text_after(tag, "buildcache");
    return rest && (!*rest || *rest == '-');
}

static int add_tag(struct reading *reading, struct arc_planned_service *out,
                   struct arc_arena *memory, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf tag = {.max = 4096};
    const char *reason = "";
    size_t len = 0;

    arc_text_fill(reading->tag->name, add_to_tag, reading, &tag);
    ARC_TRY(arc_buf_check(&tag, "image tag", err));
    if (reading->lacks || !tag.len)
        return ARC_OK;

    while (len < tag.len && tag_char(tag.data[len]))
        len++;
    if (!len || len > IMAGE_TAG_MAX || len < tag.len || strchr(".-", *tag.data))
        return arc_error_set(err, ARC_EINPUT,
                             "image tag template '%s' of group %s gives '%s', which is not an "
                             "image tag (1 to 128 of [A-Za-z0-9._-], not starting with '.' or '-')",
                             reading->tag->name, reading->options->group->name, arc_buf_text(&tag));

    if (is_builds(arc_buf_text(&tag)) && !ARC_STARTS(reading->tag->name, "{branch}"))
        return arc_error_set(err, ARC_EINPUT,
                             "image tag template '%s' of group %s gives '%s', which every build "
                             "moves before the gate and `prune` removes: use another name",
                             reading->tag->name, reading->options->group->name, arc_buf_text(&tag));

    struct arc_planned_tag planned = {.tag = arc_arena_text(memory, arc_buf_text(&tag)),
                                      .kind = kind_of(reading)};
    planned.move = moves(reading, planned.tag, planned.kind, &reason);
    planned.prereleases = planned.kind == ARC_TAG_FLOATING && has_prereleases(reading);
    planned.reason = arc_arena_text(memory, reason);
    if (strcmp(reading->image, reading->service->images[0]) != 0)
        planned.ref = arc_arena_printf(memory, "%s:%s", reading->image, planned.tag);
    ARC_TRY(arc_arena_check(memory, err));

    return keep_tag(planned, out, memory, err);
}

int arc_plan_add_tags(const struct arc_plan_options *options, const struct arc_service *service,
                      bool all, struct arc_planned_service *out, struct arc_arena *memory,
                      struct arc_error *err)
{
    const struct arc_image_tag *first = arc_or(service->image_tags, options->group->image_tags);

    for (char **image = service->images; *image; image++)
        for (const struct arc_image_tag *tag = first; tag->name; tag++) {
            struct reading reading = {options, service, tag, *image, false};
            bool wanted = all || tag->branches || (tag->when & ~releases) ||
                          has(&reading, "{branch}") || has(&reading, "{pr}");
            if (wanted && (!tag->image || strcmp(tag->image, *image) == 0))
                ARC_TRY(add_tag(&reading, out, memory, err));
        }

    return ARC_OK;
}

int arc_plan_tags(const struct arc_plan_options *options, const struct arc_service *service,
                  struct arc_planned_service *out, struct arc_arena *memory, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 4096};

    ARC_TRY(arc_plan_add_tags(options, service, true, out, memory, err));

    if (!options->version || service->linked)
        return ARC_OK;
    const struct arc_image_tag *given = arc_or(service->image_tags, options->group->image_tags);
    for (; service->version && given->name; given++)
        if (given->branches) /* it may be published from those */
            return ARC_OK;

    /* A release without a public tag is a mistake in the configuration. */
    arc_each (tag, out->tags, out->tag_count) {
        if (tag->move)
            return ARC_OK;
        arc_text_item(&why, "; ", "%s: %s", tag->tag, tag->reason);
    }

    return arc_error_set(err, ARC_EINPUT,
                         "the release %s would move no image tag, so nobody could pull it (%s): "
                         "add {image-tag} or {version} to the image-tags of group %s",
                         options->version->tag,
                         why.len ? arc_buf_text(&why) : "no template has a value",
                         options->group->name);
}

static bool add_to_text(void *context, const char *name, struct arc_buf *out)
{
    struct reading *reading = context;
    const struct arc_version_info *version = reading->options->version;
    bool latest = strcmp(name, "latest") == 0;

    if (!latest && !arc_text_among(name, arc_placeholders))
        return false;
    if (latest && version)
        arc_buf_puts(out, arc_true_or_false(version->latest));
    else
        reading->lacks |= !add_value(reading, name, out);

    return true;
}

int arc_plan_fill(const struct arc_plan_options *options, const struct arc_service *service,
                  const char *text, struct arc_buf *out, bool *whole, struct arc_error *err)
{
    struct reading reading = {.options = options, .service = service};
    arc_text_fill(text, add_to_text, &reading, out);
    *whole = !reading.lacks;
    return arc_buf_check(out, "a text with placeholders", err);
}
