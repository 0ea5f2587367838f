#include "arcci/release_version.h"
#include "arcci/semver.h"
#include "base/text.h"

bool arc_versioning_parse(const char *text, enum arc_versioning *out)
{
    static const char *const names[] = {"semver", "calver", "loose"};
    for (unsigned i = 0; i < ARC_COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (enum arc_versioning)i;
            return true;
        }
    return false;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static bool letter(char c)
{
    return arc_is_alnum(c) && !arc_is_digit(c);
}

#define HASH_MIN 7 /* digits of an abbreviated commit hash */

/* A number or a word of a version; other characters only separate. */
struct part {
    const char *text;
    size_t len;
    bool number;
    bool last;     /* nothing follows: 2026-07a */
    bool counted;  /* a word followed by a number: 1.2-M1 */
    bool attached; /* and directly after the version's numbers, as in PEP 440: 1.2a1 */
};

/* The next part at *at; false at the end. Build metadata after '+' is not a part (semver §10). */
static bool next_part(const char *start, const char **at, const char *end, struct part *out)
{
    while (*at < end && !arc_is_alnum(**at))
        if (*(*at)++ == '+')
            *at = end;

    if (*at == end)
        return false;
    *out = (struct part){.text = *at, .number = arc_is_digit(**at)};
    while (*at < end && (out->number ? arc_is_digit(**at) : letter(**at)))
        ++*at;
    out->len = (size_t)(*at - out->text);

    const char *behind = *at, *piece = out->text;
    while (behind < end && arc_is_digit(*behind))
        behind++;
    while (piece > start && piece[-1] != '.')
        piece--;
    out->last = *at == end || **at == '+';
    out->counted = behind > *at && (behind == end || !letter(*behind));
    out->attached = out->counted && behind - piece < HASH_MIN &&
                    strspn(start, "0123456789.") == (size_t)(out->text - start);

    return true;
}

/* Words for prereleases in PEP 440 ("Pre-releases", "Developmental releases"), Maven and others. A
 * single letter at the end names a patch (2026-07a); in a loose version, one may be of a commit
 * hash. */
static bool names_prerelease(const struct part *part, enum arc_versioning versioning)
{
    static const char *const words[] = {
        "alpha",        "beta",     "rc",        "cr",       "dev",      "pre",    "preview",
        "prerelease",   "snapshot", "milestone", "nightly",  "unstable", "canary", "next",
        "experimental", "ea",       "eap",       "insiders", "test"};
    if (part->len == 1 && strchr("abcABC", *part->text))
        return part->attached || (!part->last && versioning == ARC_VERSIONING_CALVER);
    if (part->len == 1 && strchr("mM", *part->text))
        return part->counted;

    arc_each_in (word, words)
        if (!part->number && arc_text_is_caseless(part->text, part->len, *word))
            return true;
    return false;
}

/* Compares numbers of any length, with leading zeros. */
static int compare_numbers(const struct part *a, const struct part *b)
{
    struct part x = *a, y = *b;
    while (x.len > 1 && *x.text == '0')
        x.text++, x.len--;
    while (y.len > 1 && *y.text == '0')
        y.text++, y.len--;
    if (x.len != y.len)
        return x.len < y.len ? -1 : 1;
    return memcmp(x.text, y.text, x.len);
}

/* The order of parts: a prerelease's word comes before the end of the version, that before another
 * word, and that before a number. `kind` is NULL if no word means a prerelease. */
static int rank(bool there, const struct part *part, const enum arc_versioning *kind)
{
    if (!there)
        return 1;
    if (part->number)
        return 3;
    return kind && names_prerelease(part, *kind) ? 0 : 2;
}

static int compare_parts(const char *a, const char *a_end, const char *b, const char *b_end,
                         const enum arc_versioning *kind)
{
    for (const char *p_at = a, *q_at = b;;) {
        struct part p = {0}, q = {0};
        bool more_p = next_part(a, &p_at, a_end, &p), more_q = next_part(b, &q_at, b_end, &q);
        if (!more_p && !more_q)
            return 0;
        int order = rank(more_p, &p, kind) - rank(more_q, &q, kind);
        if (!order && p.number)
            order = compare_numbers(&p, &q);
        else if (!order && more_p) { /* 1.2.dev3 comes before 1.2a1 */
            order = arc_text_is_caseless(q.text, q.len, "dev") -
                    arc_text_is_caseless(p.text, p.len, "dev");
            order = order ? order : strncasecmp(p.text, q.text, ARC_MIN(p.len, q.len));
            order = order ? order : (p.len > q.len) - (p.len < q.len);
        }
        if (order)
            return order;
    }
}

/* The build metadata after '+'; the end if there is none, or it is a commit hash, which has no
 * order. */
static const char *build_of(const struct arc_release_version *version)
{
    const char *end = version->text + version->len;
    const char *plus = memchr(version->text, '+', version->len);
    const char *build = plus ? plus + 1 : end, *hash = build + (build < end && *build == 'g');
    bool letters = false;

    for (const char *c = hash; c < end; c++) {
        if (!arc_is_digit(*c) && !(*c >= 'a' && *c <= 'f'))
            return build;
        letters = letters || !arc_is_digit(*c);
    }

    return letters && end - hash >= HASH_MIN ? end : build;
}

int arc_release_version_compare(const struct arc_release_version *a,
                                const struct arc_release_version *b)
{
    const char *a_end = a->text + a->len, *b_end = b->text + b->len;
    struct arc_semver x, y;
    int order;

    if (a->versioning == ARC_VERSIONING_SEMVER && b->versioning == ARC_VERSIONING_SEMVER &&
        arc_semver_parse(a->text, a->len, &x, NULL) == ARC_OK &&
        arc_semver_parse(b->text, b->len, &y, NULL) == ARC_OK)
        order = arc_semver_compare(&x, &y);
    else
        order = compare_parts(a->text, a_end, b->text, b_end, &a->versioning);

    /* Builds of a version are equal by §10, but +k3s2 is made after +k3s1. */
    return order ? order : compare_parts(build_of(a), a_end, build_of(b), b_end, NULL);
}

/* ---- parsing -------------------------------------------------------------------------------- */

/* Only characters that image tags and git tags allow too. */
static bool plain(const struct arc_release_version *version)
{
    for (size_t i = 0; i < version->len; i++)
        if (!arc_is_alnum(version->text[i]) && !strchr("._-+~", version->text[i]))
            return false;
    return version->len && version->len <= ARC_SEMVER_MAX && arc_is_digit(*version->text);
}

/* The first three numbers, and whether a prerelease's word follows. */
static void find_parts(struct arc_release_version *out)
{
    const char *at = out->text, *end = out->text + out->len;
    const char **texts[] = {&out->major, &out->minor, &out->patch};
    size_t *lens[] = {&out->major_len, &out->minor_len, &out->patch_len};
    struct part part;
    bool numbers = true;

    for (size_t i = 0; next_part(out->text, &at, end, &part); i++) {
        numbers = numbers && part.number;
        if (numbers && i < 3) {
            *texts[i] = part.text;
            *lens[i] = part.len;
        }
        out->prerelease = out->prerelease || names_prerelease(&part, out->versioning);
    }
}

int arc_release_version_parse(const char *text, size_t len, enum arc_versioning versioning,
                              struct arc_release_version *out, struct arc_error *err)
{
    struct arc_semver semver;
    int shown = (int)ARC_MIN(len, 100);

    *out = (struct arc_release_version){.versioning = versioning, .text = text, .len = len};

    if (versioning == ARC_VERSIONING_SEMVER) {
        ARC_TRY(arc_semver_parse(text, len, &semver, err));
        out->major = semver.major;
        out->minor = semver.minor;
        out->patch = semver.patch;
        out->major_len = semver.major_len;
        out->minor_len = semver.minor_len;
        out->patch_len = semver.patch_len;
        out->prerelease = arc_semver_is_prerelease(&semver);
        return ARC_OK;
    }

    find_parts(out);

    if (versioning == ARC_VERSIONING_CALVER) {
        bool year =
            out->major_len == 2 || (out->major_len == 4 && memcmp(out->major, "19", 2) >= 0);
        if (plain(out) && out->minor && year)
            return ARC_OK;
        return arc_error_set(err, ARC_EINPUT,
                             "'%.*s' is not a calendar version, such as 2026.11.1 or 26.04", shown,
                             text);
    }

    if (!plain(out))
        return arc_error_set(err, ARC_EINPUT,
                             "'%.*s' is not a version: a digit, then letters, digits and "
                             "'.', '_', '-', '+', '~'",
                             shown, text);

    /* {major}.{minor} is only for versioning schemes that give it a meaning. */
    if (arc_semver_parse(text, len, &semver, NULL) || arc_semver_is_prerelease(&semver))
        out->major = out->minor = out->patch = NULL;

    return ARC_OK;
}
