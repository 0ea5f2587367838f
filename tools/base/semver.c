#include "arcci/semver.h"
#include "base/text.h"

static char peek(const struct arc_semver *version, const char *at)
{
    return at < version->text + version->len ? *at : '\0';
}

static int bad(const struct arc_semver *version, const char *at, const char *what,
               struct arc_error *err)
{
    return arc_error_set(err, ARC_EINPUT, "not a semantic version: %s at character %zu", what,
                         (size_t)(at - version->text) + 1);
}

/* §2: a non-negative integer without leading zeros. */
static int number(const struct arc_semver *version, const char **at, const char **part, size_t *len,
                  struct arc_error *err)
{
    const char *start = *at;

    while (arc_is_digit(peek(version, *at)))
        ++*at;
    *part = start;
    *len = (size_t)(*at - start);
    if (*len == 0)
        return bad(version, start, "a number is missing", err);
    if (*len > 1 && *start == '0')
        return bad(version, start, "a number has a leading zero", err);

    return ARC_OK;
}

static int dot(const struct arc_semver *version, const char **at, struct arc_error *err)
{
    if (peek(version, *at) != '.')
        return bad(version, *at, "a '.' and a number are missing", err);
    ++*at;
    return ARC_OK;
}

static bool all_digits(const char *text, size_t len)
{
    return arc_text_strip(text, len, "0123456789") == 0;
}

/* §9, §10: identifiers of [0-9A-Za-z-], separated by dots; numeric ones of a prerelease have no
 * leading zeros. */
static int identifiers(const struct arc_semver *version, const char **at, bool prerelease,
                       const char **part, size_t *part_len, struct arc_error *err)
{
    *part = *at;

    for (;;) {
        const char *start = *at;
        while (arc_is_alnum(peek(version, *at)) || peek(version, *at) == '-')
            ++*at;
        size_t len = (size_t)(*at - start);
        if (len == 0)
            return bad(version, start, "an identifier is empty or has a wrong character", err);
        if (prerelease && len > 1 && *start == '0' && all_digits(start, len))
            return bad(version, start, "a numeric identifier has a leading zero", err);
        if (peek(version, *at) != '.')
            break;
        ++*at;
    }
    *part_len = (size_t)(*at - *part);

    return ARC_OK;
}

int arc_semver_parse(const char *text, size_t len, struct arc_semver *out, struct arc_error *err)
{
    if (len > ARC_SEMVER_MAX)
        return arc_error_set(err, ARC_ELIMIT, "a version of %zu characters; at most %d are allowed",
                             len, ARC_SEMVER_MAX);
    *out = (struct arc_semver){.text = text, .len = len};
    const char *at = text;

    ARC_TRY(number(out, &at, &out->major, &out->major_len, err));
    ARC_TRY(dot(out, &at, err));
    ARC_TRY(number(out, &at, &out->minor, &out->minor_len, err));
    ARC_TRY(dot(out, &at, err));
    ARC_TRY(number(out, &at, &out->patch, &out->patch_len, err));

    if (peek(out, at) == '-') {
        at++;
        ARC_TRY(identifiers(out, &at, true, &out->prerelease, &out->prerelease_len, err));
    }

    if (peek(out, at) == '+') {
        at++;
        ARC_TRY(identifiers(out, &at, false, &out->build, &out->build_len, err));
    }

    return at == out->text + len ? ARC_OK : bad(out, at, "unexpected text", err);
}

/* Compares digits without leading zeros: the longer number is larger. */
static int compare_numbers(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len != b_len)
        return a_len < b_len ? -1 : 1;
    return memcmp(a, b, a_len);
}

/* §11.4: numeric identifiers compare as numbers, and are lower than others. */
static int compare_identifiers(const char *a, size_t a_len, const char *b, size_t b_len)
{
    bool a_number = all_digits(a, a_len), b_number = all_digits(b, b_len);
    if (a_number != b_number)
        return a_number ? -1 : 1;
    return a_number ? compare_numbers(a, a_len, b, b_len) : arc_text_compare(a, a_len, b, b_len);
}

static size_t identifier_length(const char *text, const char *end)
{
    const char *stop = memchr(text, '.', (size_t)(end - text));
    return (size_t)(arc_or(stop, end) - text);
}

static int compare_prereleases(const struct arc_semver *a, const struct arc_semver *b)
{
    const char *x = a->prerelease, *x_end = x + a->prerelease_len;
    const char *y = b->prerelease, *y_end = y + b->prerelease_len;

    for (;;) {
        size_t x_len = identifier_length(x, x_end), y_len = identifier_length(y, y_end);
        int order = compare_identifiers(x, x_len, y, y_len);
        if (order)
            return order;
        x += x_len;
        y += y_len;
        if (x == x_end || y == y_end)
            return (x != x_end) - (y != y_end); /* §11.4.4: more identifiers are higher */
        x++;
        y++;
    }
}

int arc_semver_compare(const struct arc_semver *a, const struct arc_semver *b)
{
    int order = compare_numbers(a->major, a->major_len, b->major, b->major_len);
    if (!order)
        order = compare_numbers(a->minor, a->minor_len, b->minor, b->minor_len);
    if (!order)
        order = compare_numbers(a->patch, a->patch_len, b->patch, b->patch_len);
    if (order || (!a->prerelease && !b->prerelease))
        return order;
    if (!a->prerelease || !b->prerelease) /* §11.3: a prerelease is lower than its release */
        return a->prerelease ? -1 : 1;

    return compare_prereleases(a, b);
}

bool arc_semver_is_prerelease(const struct arc_semver *version)
{
    return version->prerelease != NULL;
}
