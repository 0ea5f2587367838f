/* Checks of values of the configuration. */
#include "arcci/glob.h"
#include "arcci/version.h"
#include "base/path.h"
#include "base/platform.h"
#include "base/suggest.h"
#include "config/fields.h"
#include <arpa/inet.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

bool arc_check_fails(struct arc_buf *why, const char *text)
{
    arc_buf_puts(why, text);
    return false;
}

static bool only(const char *text, size_t len, const char *allowed)
{
    return strspn(text, allowed) >= len;
}

bool arc_check_text(const char *text, struct arc_buf *why)
{
    if (!*text)
        return arc_check_fails(why, "is empty");
    for (const char *c = text; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f)
            return arc_check_fails(why, "holds a control character");
    return true;
}

bool arc_check_line(const char *text, struct arc_buf *why)
{
    const char *end = strchr(text, '\n');
    if (end && end[strspn(end, "\n")])
        return arc_check_fails(why, "must be one line");
    return arc_check_text(text, why);
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* : one component of a repository name. */
static bool component(const char *text, size_t len)
{
    for (size_t at = 0;;) {
        size_t word = strspn(text + at, LOWER DIGITS);
        at += word;
        if (!word || at >= len)
            return word && at == len;

        /* The length of a separator: ".", "_", "__" or hyphens. */
        size_t between = strspn(text + at, "-");
        if (text[at] == '.' || text[at] == '_')
            between = ARC_STARTS(text + at, "__") ? 2 : 1;
        if (!between)
            return false;
        at += between;
    }
}

bool arc_check_name(const char *text, struct arc_buf *why)
{
    return component(text, strlen(text)) ||
           arc_check_fails(why, "is not an image name: lower-case letters and digits, with '.', "
                                "'_' or '-' between them");
}

bool arc_check_codename(const char *text, struct arc_buf *why)
{
    size_t len = strlen(text);
    bool valid = len && len <= 64 && *text >= 'a' && *text <= 'z' &&
                 only(text, len, LOWER DIGITS "-") && text[len - 1] != '-';
    return valid || arc_check_fails(why, "is not a codename: a lower-case letter, then lower-case "
                                         "letters, digits and '-', 64 at most");
}

bool arc_check_group(const char *text, struct arc_buf *why)
{
    ARC_AUTO(arc_buf) struct arc_buf tag = {.max = 1024};
    ARC_AUTO(arc_tag) struct arc_tag parsed = {0};

    arc_buf_printf(&tag, "%s/v1.0.0", text);
    int rc = arc_or(tag.failed, arc_tag_parse(arc_buf_text(&tag), NULL, &parsed, NULL));
    if (rc == ARC_OK && !ARC_STARTS(text, "refs/"))
        return true;
    if (rc == ARC_ENOMEM)
        why->failed = ARC_ENOMEM;
    return arc_check_fails(
        why, "cannot stand in a tag: letters, digits, '.', '_', '-', and '/' between parts");
}

bool arc_check_tag(const char *text, struct arc_buf *why)
{
    const char *wrong;
    if (arc_tag_pattern_valid(text, &wrong))
        return true;
    arc_buf_printf(why, "is not a pattern of tags: it %s", wrong);
    return false;
}

bool arc_check_versioning(const char *text, struct arc_buf *why)
{
    enum arc_versioning versioning;
    return arc_versioning_parse(text, &versioning) ||
           arc_check_fails(why, "is neither 'semver', 'calver' nor 'loose'");
}

/* "[::1]"; distribution's reference grammar has no zone. */
static bool address_in_brackets(const char *text, size_t len)
{
    char bare[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;

    if (len < 2 || text[len - 1] != ']' || len - 2 >= sizeof bare)
        return false;
    memcpy(bare, text + 1, len - 2);

    return inet_pton(AF_INET6, bare, &address) == 1;
}

/* Host name or address, with a port; RFC 1123 labels. */
static bool host(const char *text, size_t len)
{
    size_t open = *text == '[' ? strcspn(text, "]") : 0;
    const char *colon = open < len ? memchr(text + open, ':', len - open) : NULL;
    size_t name = colon ? (size_t)(colon - text) : len;

    if (colon && (len - name < 2 || len - name > 6 || !only(colon + 1, len - name - 1, DIGITS)))
        return false;
    if (*text == '[')
        return address_in_brackets(text, name);

    for (size_t start = 0, i = 0; i <= name; i++) {
        if (i < name && text[i] != '.')
            continue;
        if (i == start || text[start] == '-' || text[i - 1] == '-' ||
            !only(text + start, i - start, ARC_ALNUM "-"))
            return false;
        start = i + 1;
    }

    bool local = arc_text_is(text, name, "localhost");
    return colon || local || memchr(text, '.', name);
}

bool arc_check_registry(const char *text, struct arc_buf *why)
{
    if (strstr(text, "://"))
        return arc_check_fails(why, "starts with a scheme; leave it out: 'ghcr.io/owner'");
    size_t len = strlen(text);
    if (len && text[len - 1] == '/')
        return arc_check_fails(why, "ends with a slash; leave it out");
    size_t first = strcspn(text, "/");
    if (!host(text, first))
        return arc_check_fails(
            why,
            "does not start with a registry's host, as in 'ghcr.io/owner' or 'localhost:5000'");

    for (const char *at = text + first; *at;) {
        size_t part = strcspn(++at, "/");
        if (!component(at, part))
            return arc_check_fails(why, "is not an image prefix: behind the host only lower-case "
                                        "letters, digits and '.', '_', '-' between them");
        at += part;
    }

    return true;
}

/* Attributes of how an image is written; the plan sets its destination and annotations
 * (docs.docker.com/build/exporters/image-registry). */
bool arc_check_output(const char *text, struct arc_buf *why)
{
    static const char *const names[] = {"compression=", "compression-level=", "force-compression=",
                                        "oci-artifact=", "rewrite-timestamp="};

    if (!*text)
        return arc_check_fails(why, "is empty");
    if (arc_text_ends(text, ",")) /* buildx would parse it as another field */
        return arc_check_fails(why, "ends with a comma");

    arc_each_piece (field, text, ",") {
        const char *value = NULL;
        for (size_t i = 0; i < ARC_COUNT(names) && !value; i++)
            value = arc_text_after(field.text, names[i]);
        size_t len = value ? field.len - (size_t)(value - field.text) : 0;
        if (!len || !only(value, len, LOWER DIGITS))
            return arc_check_fails(why, "is not a list of compression=, compression-level=, "
                                        "force-compression=, oci-artifact= and "
                                        "rewrite-timestamp=, with commas between them");
    }

    return true;
}

bool arc_check_among(const char *text, const char *const *words, const char *wrong,
                     const char *otherwise, struct arc_buf *why)
{
    const char *meant = arc_suggest(text, words);
    if (arc_text_among(text, words))
        return true;
    if (meant)
        arc_buf_printf(why, "%s; did you mean '%s'?", wrong, meant);
    else
        arc_buf_printf(why, "%s%s", wrong, otherwise);
    return false;
}

bool arc_check_platform(const char *text, struct arc_buf *why)
{
    static const char *const systems[] = {"linux", "windows", "darwin", "freebsd", "wasip1", NULL};
    static const char *const machines[] = {"amd64",  "arm64",   "arm",     "386",      "ppc64le",
                                           "s390x",  "riscv64", "loong64", "mips64le", "mips64",
                                           "mipsle", "mips",    "wasm",    NULL};
    static const char otherwise[] = "; a platform is written as in 'linux/amd64'";
    char copy[ARC_PLATFORM_SIZE];

    if (!arc_platform_normalize(text, copy) || !only(copy, strlen(copy), LOWER DIGITS "/._-"))
        return arc_check_fails(why, "is not a platform, as in 'linux/amd64' or 'linux/arm/v7'");
    char *machine = strchr(copy, '/');
    *machine++ = '\0';
    char *variant = strchr(machine, '/');
    if (variant)
        *variant++ = '\0';

    if (variant && !(*variant == 'v' && variant[1] && only(variant, strlen(variant), "v." DIGITS) &&
                     !strchr(variant + 1, 'v')))
        return arc_check_fails(why,
                               "has a wrong variant; it is 'v' and a number, as in 'linux/arm/v7'");

    return arc_check_among(copy, systems, "names an unknown operating system", otherwise, why) &&
           arc_check_among(machine, machines, "names an unknown architecture", otherwise, why);
}

/* Whether a text consists of plain characters and {placeholders}; `odd` says what is wrong with
 * others. */
static bool check_template(const char *text, const char *plain, const char *const *names,
                           const char *odd, struct arc_buf *why)
{
    if (!*text)
        return arc_check_fails(why, "is empty");

    for (const char *at = text; *(at += strspn(at, plain));) {
        size_t inner = *at == '{' ? strcspn(at + 1, "{}") : 0;
        char name[32] = "";

        if (*at != '{' || at[1 + inner] != '}')
            return arc_check_fails(why, odd);
        memcpy(name, at + 1, inner < sizeof name ? inner : sizeof name - 1);
        if (!arc_text_among(name, names)) {
            arc_buf_puts(why, "has an unknown placeholder; there are");
            for (size_t i = 0; names[i]; i++)
                arc_buf_printf(why, i ? ", {%s}" : " {%s}", names[i]);
            return false;
        }
        at += inner + 2;
    }

    return true;
}

const char *const arc_placeholders[] = {
    "image-tag", "version",  "major",  "minor",    "patch", "prerelease", "sha",
    "sha7",      "revision", "branch", "pr",       "date",  "year",       "month",
    "day",       "time",     "group",  "codename", "name",  "suffix",     NULL};

static bool inside(const char *text, struct arc_buf *why)
{
    if (*text == '/')
        return arc_check_fails(why, "is absolute; it must be relative to the repository");

    if (arc_path_goes_up(text))
        return arc_check_fails(why, "leaves the repository by '..'");

    return arc_check_line(text, why);
}

bool arc_check_glob(const char *text, struct arc_buf *why)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;

    if (!inside(text[0] == '!' ? text + 1 : text, why))
        return false;
    int rc = arc_glob_compile(text, strlen(text), &glob, &err);
    const char *defect = rc ? arc_error_text(&err) : arc_glob_defect(glob);
    if (rc == ARC_ENOMEM)
        why->failed = ARC_ENOMEM;
    else if (defect)
        arc_buf_printf(why, "is not a glob: %s", defect);

    return !rc && !defect;
}

bool arc_check_image_tag(const char *text, struct arc_buf *why)
{
    if (*text == '.' || *text == '-')
        return arc_check_fails(why, "is not an image tag: it starts with '.' or '-'");
    return check_template(text, ARC_ALNUM "_.-", arc_placeholders,
                          "is not an image tag: letters, digits, '_', '.', '-' and {placeholders}",
                          why);
}

bool arc_check_image(const char *text, struct arc_buf *why)
{
    static const char *const names[] = {"registry", "name", "codename", "group", "suffix", NULL};
    return check_template(text, ARC_ALNUM "/:._-[]", names,
                          "is not an image's name: 'HOST/PATH', with {registry}, {name}, "
                          "{codename}, {group} and {suffix}",
                          why);
}

bool arc_check_day(const char *text, struct arc_buf *why)
{
    int64_t day;
    return arc_day_parse(text, &day) ||
           arc_check_fails(why, "is not a valid day, such as 2026-12-31");
}

bool arc_check_path(const char *text, struct arc_buf *why)
{
    if (!inside(text, why))
        return false;

    arc_each_piece (part, text, "/")
        if (!part.len || arc_text_is(part.text, part.len, "."))
            return arc_check_fails(
                why, "has an empty part or a '.': write it plainly, as in 'services/cart'");

    return strchr(text, '\\')
               ? arc_check_fails(why, "holds a backslash; paths are written with '/'")
               : true;
}

bool arc_check_build_arg(const char *text, struct arc_buf *why)
{
    bool valid = *text && !strchr(DIGITS, *text) && only(text, strlen(text), ARC_ALNUM "_");
    return valid ||
           arc_check_fails(why, "is not a name of a build argument: letters, digits and '_'");
}

bool arc_check_secret(const char *text, struct arc_buf *why)
{
    bool valid = *text && *text != '.' && only(text, strlen(text), ARC_ALNUM "_.-");
    return valid ||
           arc_check_fails(why, "is not an id of a secret: letters, digits, '_', '.' and '-'");
}

bool arc_check_target(const char *text, struct arc_buf *why)
{
    bool valid = !strchr("-.", *text) && only(text, strlen(text), ARC_ALNUM "_.*-");
    return valid ||
           arc_check_fails(why, "is not a name of a target: letters, digits, '_', '.' and '-'");
}
