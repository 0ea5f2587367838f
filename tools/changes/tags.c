/* The tag before a tag: what a tag push is compared with. Every grammar of versions counts, since
 * a tag that is compared with nothing says that nothing changed. */
#include "arcci/semver.h"
#include "base/auto.h"
#include "changes/base.h"
#include "git/fetch.h"
#include <string.h>

/* A tag with a version at its end: numbers, and what follows them. */
struct version {
    const char *tag;
    size_t prefix;  /* bytes before the first number: the tag's family */
    size_t numbers; /* bytes of the numbers and what separates them */
    bool is_semantic;
    struct arc_semver semver;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool starts_word(const char *tag, size_t at)
{
    return !at || strchr("/-_.", tag[at - 1]);
}

/* Numbers with single separators between them: "2024.02.10", "2024-02-10", "18". */
static size_t count_numbers(const char *text)
{
    size_t len = strspn(text, "0123456789");
    while (strchr(".-_", text[len]) && text[len] && is_digit(text[len + 1])) {
        len++;
        len += strspn(text + len, "0123456789");
    }
    return len;
}

/* Where the numbers of a tag start: behind a "v" that starts a word, else where a word starts with
 * a digit, else at the first digit; in the last segment. */
static bool find_numbers(const char *tag, size_t *prefix)
{
    const char *slash = strrchr(tag, '/');
    size_t first = slash ? (size_t)(slash + 1 - tag) : 0, len = strlen(tag);
    size_t best = len, rank = 3;
    for (size_t at = first; at < len; at++) {
        if (!is_digit(tag[at]) || (at > first && is_digit(tag[at - 1])))
            continue;
        bool after_v = at > first && strchr("vV", tag[at - 1]) && starts_word(tag, at - 1);
        size_t own = after_v ? 0 : starts_word(tag, at) ? 1 : 2;
        if (own < rank) {
            rank = own;
            best = at;
        }
    }
    *prefix = best;
    return best < len;
}

/* A Semantic Version starts at the earliest place from which the rest is one. */
static bool find_semantic(const char *tag, struct version *out)
{
    size_t len = strlen(tag);
    for (size_t at = 0; at < len; at++) {
        bool starts = is_digit(tag[at]) && !(at && is_digit(tag[at - 1]));
        if (!starts || len - at > ARC_SEMVER_MAX)
            continue;
        if (arc_semver_parse(tag + at, len - at, &out->semver, NULL) == ARC_OK) {
            out->prefix = at;
            return true;
        }
    }
    return false;
}

static bool read_version(const char *tag, struct version *out)
{
    *out = (struct version){.tag = tag};
    out->is_semantic = find_semantic(tag, out);
    if (!out->is_semantic && !find_numbers(tag, &out->prefix))
        return false;
    out->numbers = count_numbers(tag + out->prefix);
    return true;
}

static const char *suffix_of(const struct version *version)
{
    return version->tag + version->prefix + version->numbers;
}

/* "v1.2-rc1", "2024.1b2": what a stable version skips. */
static bool is_prerelease(const struct version *version)
{
    const char *suffix = suffix_of(version);
    return version->is_semantic ? arc_semver_is_prerelease(&version->semver)
                                : is_letter(suffix[strspn(suffix, "-._~")]);
}

/* Compares the numbers that the texts start with, of any length, and moves behind them. */
static int compare_number(const char **a, const char **b)
{
    *a += strspn(*a, "0");
    *b += strspn(*b, "0");
    size_t x = strspn(*a, "0123456789"), y = strspn(*b, "0123456789");
    int order = x != y ? (x > y) - (x < y) : memcmp(*a, *b, x);
    *a += x;
    *b += y;
    return order;
}

/* Digits as numbers, everything else by byte; the end comes first. */
static int compare_text(const char *a, const char *b)
{
    int order = 0;
    while (!order && (*a || *b)) {
        if (is_digit(*a) && is_digit(*b)) {
            order = compare_number(&a, &b);
            continue;
        }
        order = (unsigned char)*a - (unsigned char)*b;
        a += *a != '\0';
        b += *b != '\0';
    }
    return order;
}

static int compare_numbers(const struct version *one, const struct version *two)
{
    const char *a = one->tag + one->prefix, *a_end = a + one->numbers;
    const char *b = two->tag + two->prefix, *b_end = b + two->numbers;
    int order = 0;
    while (!order && (a < a_end || b < b_end)) {
        order = compare_number(&a, &b); /* a missing number is zero */
        a += a < a_end;
        b += b < b_end;
    }
    return order;
}

static int compare(const struct version *a, const struct version *b)
{
    if (a->is_semantic && b->is_semantic)
        return arc_semver_compare(&a->semver, &b->semver);
    int order = compare_numbers(a, b);
    if (order)
        return order;
    if (is_prerelease(a) != is_prerelease(b))
        return is_prerelease(a) ? -1 : 1;
    return compare_text(suffix_of(a), suffix_of(b));
}

/* Whether `version` is a better answer than `best` for the tag before `own`. */
static bool is_better(const struct version *own, const struct version *version,
                      const struct version *best)
{
    if (compare(version, own) >= 0)
        return false;
    if (is_prerelease(version) && !is_prerelease(own))
        return false;
    return !best->tag || compare(version, best) > 0;
}

int arc_base_previous_tag(const struct arc_base_request *request, const char *tag, char **out,
                          bool *is_semantic, struct arc_error *err)
{
    struct version own, best = {0};
    size_t i;
    json_t *item;
    *out = NULL;
    if (!read_version(tag, &own))
        return arc_error_set(err, ARC_EINPUT, "the tag '%.200s' holds no version", tag);
    *is_semantic = own.is_semantic;
    ARC_TRY(arc_project_load_tags(request->project, err));

    const struct arc_repository *repository = &request->project->repository;
    if (!repository->tags)
        return arc_error_set(err, ARC_ENOTFOUND, "%s", repository->tags_unknown);
    json_array_foreach (repository->tags, i, item) {
        const char *other = json_string_value(item);
        struct version version;
        if (strncmp(other, tag, own.prefix) == 0 && read_version(other, &version) &&
            version.prefix == own.prefix && is_better(&own, &version, &best))
            best = version;
    }
    *out = best.tag ? strdup(best.tag) : NULL;
    return best.tag && !*out ? arc_error_nomem(err) : ARC_OK;
}
