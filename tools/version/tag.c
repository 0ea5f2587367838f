/* Release tags, by their groups' patterns. */
#include "arcci/version.h"
#include "base/text.h"

#define REF_TAGS "refs/tags/"
#define VERSION  "{version}"
#define WORD     ARC_ALNUM "_"

/* A group has one or more segments; git rejects ".." and a trailing "." or ".lock" in each. */
static bool group_valid(const char *text, size_t len)
{
    for (size_t i = 0, start = 0; i <= len; i++) {
        bool first = i == start;

        if (i < len && text[i] != '/') {
            bool more = text[i] == '-' || (text[i] == '.' && (first || text[i - 1] != '.'));
            if (!strchr(WORD, text[i]) && (first || !more))
                return false;
            continue;
        }

        if (first || text[i - 1] == '.' ||
            (i - start >= 5 && memcmp(text + i - 5, ".lock", 5) == 0))
            return false;
        start = i + 1;
    }

    return true;
}

static int not_a_tag(const char *name, const char *why, struct arc_error *err)
{
    return arc_error_set(err, ARC_EINPUT,
                         "'%.120s%s' is not a release tag: %s; expected <group>/v<version>, for "
                         "example shop/v1.2.3",
                         name, strlen(name) > 120 ? "…" : "", why);
}

const char *arc_tag_name(const char *name)
{
    if (strncmp(name, REF_TAGS, strlen(REF_TAGS)) == 0)
        return name + strlen(REF_TAGS);
    return ARC_STARTS(name, "refs/") ? NULL : name;
}

/* ---- patterns ------------------------------------------------------------------------------- */

/* Finds the version's placeholder in a pattern, and its length. */
static const char *find_version(const char *pattern, size_t *len)
{
    const char *found = strstr(pattern, VERSION);
    size_t end = strlen(pattern);
    *len = strlen(VERSION);
    if (found || !end || pattern[end - 1] != '*')
        return found;
    *len = 1;
    return pattern + end - 1;
}

static bool names_service(const char *pattern)
{
    return strstr(pattern, "{codename}") || strstr(pattern, "{name}");
}

bool arc_tag_names_service(const struct arc_group *group)
{
    bool names = false;
    for (char **pattern = group->tags; *pattern; pattern++)
        names |= names_service(*pattern);
    return names;
}

static bool add_name(void *context, const char *name, struct arc_buf *out)
{
    const struct arc_service *service = context;
    bool codename = strcmp(name, "codename") == 0;
    if (!service || (!codename && strcmp(name, "name") != 0))
        return false;
    arc_buf_puts(out, codename ? service->codename : service->name);
    return true;
}

/* Appends a pattern with the service's names filled in. Returns the version's placeholder in it, and
 * its length. */
static const char *fill_names(const char *pattern, const struct arc_service *service,
                              struct arc_buf *out, size_t *len)
{
    arc_text_fill(pattern, add_name, (void *)service, out);
    return find_version(arc_buf_text(out), len);
}

char *arc_tag_name_version(const struct arc_group *group, const char *version,
                           struct arc_arena *memory)
{
    ARC_AUTO(arc_buf) struct arc_buf filled = {.max = 4096};
    const char *pattern = group->tags[0];
    const struct arc_service *service = group->service_count == 1 ? group->services : NULL;
    size_t mark;

    if (!service && names_service(pattern))
        return NULL;
    const char *at = fill_names(pattern, service, &filled, &mark);
    memory->failed |= filled.failed;
    if (filled.failed)
        return NULL;

    /* People also write "v1.2.3" or the whole tag: skip the pattern's text before the version. */
    for (const char *said = filled.data; said < at && !arc_is_digit(*version); said++) {
        size_t len = (size_t)(at - said);
        if (strncmp(version, said, len) == 0 && arc_is_digit(version[len]))
            version += len;
    }

    return arc_arena_printf(memory, "%.*s%s%s", (int)(at - filled.data), filled.data, version,
                            at + mark);
}

static int take(const char *name, size_t at, size_t len, enum arc_versioning versioning,
                struct arc_tag *out, struct arc_error *err)
{
    ARC_TRY(arc_text_copy(name, &out->text, err));
    int rc = arc_release_version_parse(out->text + at, len, versioning, &out->version, err);
    if (rc)
        arc_tag_free(out);
    else if (at > 2 && memcmp(name + at - 2, "/v", 2) == 0)
        out->group_len = at - 2;

    return rc;
}

/* ARC_EINPUT if the tag does not match the pattern of a service (NULL: of all), with the reason in
 * *why if the version is at fault; or if *shortest is not longer than the version, since "api-2-1.0"
 * is rather 1.0 of api-2 than 2-1.0 of api. */
static int match_pattern(const char *pattern, const struct arc_group *group,
                         const struct arc_service *service, const char *tag, size_t *shortest,
                         struct arc_tag *out, struct arc_error *why)
{
    ARC_AUTO(arc_buf) struct arc_buf filled = {.max = 4096};
    struct arc_tag read = {.service = service};
    size_t mark, whole = strlen(tag);

    if (strncmp(pattern, tag, strcspn(pattern, "{*")) != 0)
        return ARC_EINPUT; /* this rejects most tags */
    const char *version = fill_names(pattern, service, &filled, &mark);

    if (filled.failed)
        return filled.failed == ARC_ENOMEM ? ARC_ENOMEM : ARC_EINPUT;
    size_t before = (size_t)(version - filled.data), after = filled.len - before - mark;
    if (whole <= before + after || strncmp(tag, filled.data, before) != 0 ||
        strcmp(tag + whole - after, version + mark) != 0 || whole - before - after >= *shortest)
        return ARC_EINPUT;
    ARC_TRY(take(tag, before, whole - before - after, group->versioning, &read, why));
    *shortest = whole - before - after;
    arc_tag_free(out);
    *out = read;

    return ARC_OK;
}

bool arc_tag_pattern_valid(const char *pattern, const char **why)
{
    static const char *const words[] = {"{codename}", "{name}", VERSION};
    size_t mark, versions = 0;
    const char *version = find_version(pattern, &mark);

    *why = version ? "holds what no git tag may hold"
                   : "has no {version} (nor a '*' for it at its end), as in 'messaging/v*'";

    if (!version || strlen(pattern) > ARC_TAG_MAX / 2 || strchr("/-.", *pattern) ||
        strstr(pattern, "..") || strstr(pattern, "//"))
        return false;

    for (const char *at = pattern; *at;) {
        size_t i = 0;
        while (i < 3 && strncmp(at, words[i], strlen(words[i])) != 0)
            i++;
        bool star = *at == '*' && !at[1];
        versions += i == 2 || star;
        if (i == 3 && !star && ((unsigned char)*at <= ' ' || strchr("~^:?*[\\{}\x7f", *at))) {
            if (strchr("*[", *at)) /* as in a workflow's filter */
                *why = "is a glob; {version} stands for a whole version, as in 'v{version}'";
            return false;
        }
        at += i < 3 ? strlen(words[i]) : 1;
    }
    *why = "has more than one version";

    return versions == 1;
}

/* ---- tags ----------------------------------------------------------------------------------- */

/* A version contains no slash, so it is the last segment, after a 'v'. */
static int parse_plain(const char *name, struct arc_tag *out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    const char *slash = strrchr(name, '/');

    if (!slash || slash == name)
        return not_a_tag(name, "it names no group", err);
    if (slash[1] != 'v')
        return not_a_tag(name, "there is no 'v' before the version", err);
    size_t at = (size_t)(slash - name) + 2;
    if (!group_valid(name, at - 2))
        return not_a_tag(name, "the group may hold only letters, digits, '.', '_', '-' and '/'",
                         err);

    int rc = take(name, at, strlen(name) - at, ARC_VERSIONING_SEMVER, out, &why);
    ARC_TRY(arc_error_memory(rc, err));

    return rc ? not_a_tag(name, arc_error_text(&why), err) : ARC_OK;
}

/* Appends what would make such a tag one of the group's; nothing for a tag of another group. */
static void add_advice(const char *name, const struct arc_group *group, struct arc_buf *out)
{
    const enum arc_versioning tried[] = {group->versioning, ARC_VERSIONING_LOOSE};
    size_t len = strlen(name);

    arc_each_in (versioning, tried)
        for (size_t at = 0; at < len; at++) {
            ARC_AUTO(arc_tag) struct arc_tag read = {0};
            ARC_AUTO(arc_buf) struct arc_buf pattern = {.max = ARC_TAG_MAX};
            const char *why;
            /* A version may start at "1" of "v1.2" and "api-1.2", not of "k1s" and "a.1". */
            if (!arc_is_digit(name[at]) || (at && !strchr("vV/-_@+", name[at - 1])) ||
                take(name, at, len - at, *versioning, &read, NULL))
                continue;
            arc_buf_printf(&pattern, "%.*s" VERSION, (int)at, name);
            if (!arc_tag_pattern_valid(arc_buf_text(&pattern), &why))
                continue;
            arc_buf_printf(out, "; 'tag: \"%s\"'%s in the group would take it",
                           arc_buf_text(&pattern),
                           *versioning == group->versioning ? "" : " with 'versioning: loose'");
            return;
        }
}

int arc_tag_parse(const char *given, const struct arc_group *group, struct arc_tag *out,
                  struct arc_error *err)
{
    *out = (struct arc_tag){0};
    const char *name = arc_tag_name(given);
    if (!name)
        return not_a_tag(given, "it is the ref of a branch or a pull request", err);
    if (strnlen(name, ARC_TAG_MAX + 1) > ARC_TAG_MAX)
        return not_a_tag(name, "it is longer than 512 bytes", err);
    if (!group)
        return parse_plain(name, out, err);
    ARC_AUTO(arc_error) struct arc_error why = {0};
    int rc = ARC_EINPUT;

    /* Tries each pattern for every service that it may belong to, and that is released. */
    for (char **pattern = group->tags; rc == ARC_EINPUT && *pattern; pattern++) {
        bool each = names_service(*pattern);
        size_t count = each ? group->service_count : 1, shortest = SIZE_MAX;
        for (size_t i = 0; rc != ARC_ENOMEM && i < count; i++) {
            const struct arc_service *service = each ? &group->services[i] : NULL;
            int tried = ARC_EINPUT;
            if (!service || !service->linked)
                tried = match_pattern(*pattern, group, service, name, &shortest, out, &why);
            if (tried != ARC_EINPUT)
                rc = tried;
        }
    }

    if (rc == ARC_EINPUT && err) {
        ARC_AUTO(arc_buf) struct arc_buf advice = {.max = 2048};
        ARC_AUTO(arc_tag) struct arc_tag other = {0};
        if (why.message || parse_plain(name, &other, NULL))
            add_advice(name, group, &advice);
        const char *more = group->tags[1] ? ", …" : "";
        arc_error_set(err, rc, "'%.200s' is not a tag of group %s (%s%s)%s%s%s", name, group->name,
                      group->tags[0], more, why.message ? ": " : "", arc_or(why.message, ""),
                      arc_buf_text(&advice));
    }

    if (rc != ARC_ENOMEM)
        return rc;
    arc_tag_free(out);

    return arc_error_nomem(err);
}

size_t arc_tag_prefix(const struct arc_group *group)
{
    size_t len = strcspn(group->tags[0], "{*");
    for (char **pattern = group->tags; *pattern; pattern++) {
        size_t same = 0;
        while (same < len && (*pattern)[same] == group->tags[0][same])
            same++;
        len = same;
    }
    return len;
}

void arc_tag_keep_higher(struct arc_tag *kept, struct arc_tag *tag)
{
    if (kept->text && arc_release_version_compare(&tag->version, &kept->version) <= 0)
        return;
    arc_tag_free(kept);
    *kept = arc_steal(tag);
}

void arc_tag_free(struct arc_tag *tag)
{
    free(tag->text);
    *tag = (struct arc_tag){0};
}
