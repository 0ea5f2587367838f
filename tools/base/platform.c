#include "base/platform.h"
#include "base/text.h"
#include <stdio.h>

/* Another spelling of an architecture; a variant "" keeps the given one. */
struct spelling {
    const char *architecture, *variant;
    const char *plain, *plain_variant;
};

/* containerd/platforms, database.go: normalizeArch(). */
static const struct spelling spellings[] = {
    {"i386", "", "386", ""},          {"x86_64", "", "amd64", ""},
    {"x86-64", "", "amd64", ""},      {"amd64", "v1", "amd64", NULL},
    {"aarch64", "", "arm64", ""},     {"armhf", "", "arm", "v7"},
    {"armel", "", "arm", "v6"},       {"arm64", "8", "arm64", NULL},
    {"arm64", "v8", "arm64", NULL},   {"arm64", "8.0", "arm64", NULL},
    {"arm64", "v8.0", "arm64", NULL}, {"arm", "", "arm", "v7"},
    {"arm", "7", "arm", "v7"},        {"arm", "5", "arm", "v5"},
    {"arm", "6", "arm", "v6"},        {"arm", "8", "arm", "v8"},
};

/* Rewrites both in place, once. True when something changed: "x86_64/v1" takes two steps. */
static bool respell(char architecture[40], char variant[40])
{
    arc_each_in (s, spellings) {
        bool renames = strcmp(s->architecture, s->plain) != 0;
        if (strcmp(architecture, s->architecture) != 0 ||
            (!renames && strcmp(variant, s->variant) != 0))
            continue;
        snprintf(architecture, 40, "%s", s->plain);
        if (!s->plain_variant)
            variant[0] = '\0';
        else if (*s->plain_variant)
            snprintf(variant, 40, "%s", s->plain_variant);
        return true;
    }

    return false;
}

void arc_platform_join(const char *os, const char *architecture, const char *variant,
                       char out[ARC_PLATFORM_SIZE])
{
    char system[40], machine[40], kind[40];
    snprintf(system, sizeof system, "%s", os);
    snprintf(machine, sizeof machine, "%s", architecture);
    snprintf(kind, sizeof kind, "%s", variant);
    arc_text_lower(machine);
    arc_text_lower(kind);
    if (strcmp(arc_text_lower(system), "macos") == 0)
        snprintf(system, sizeof system, "darwin");
    if (respell(machine, kind))
        respell(machine, kind);
    snprintf(out, ARC_PLATFORM_SIZE, "%s/%s%s%s", system, machine, *kind ? "/" : "", kind);
}

bool arc_platform_normalize(const char *text, char out[ARC_PLATFORM_SIZE])
{
    char parts[3][40] = {"", "", ""};
    size_t count = 0;
    *out = '\0';

    for (const char *at = text;;) {
        size_t len = strcspn(at, "/");
        if (!len || len >= sizeof parts[0] || count == 3)
            return false;
        memcpy(parts[count++], at, len);
        if (!at[len])
            break;
        at += len + 1;
    }

    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;

    if (count == 1)
        arc_platform_join("linux", parts[0], "", out);
    else
        arc_platform_join(parts[0], parts[1], parts[2], out);

    return true;
}

bool arc_platform_listed(const char *line, const char *platform)
{
    size_t len = strlen(platform);

    for (size_t word; *line && *line != '\n'; line += word + strspn(line + word, ",* ")) {
        word = strcspn(line, ",* \n");
        if (word == len && strncmp(line, platform, len) == 0)
            return true;
    }

    return false;
}

void arc_inspect_values(const char *text, const char *name, struct arc_buf *out)
{
    arc_each_piece (line, text, "\n") {
        const char *value = arc_text_after(line.text, name);
        if (!value)
            continue;
        value += strspn(value, " \t");
        size_t len = strcspn(value, "\r\n");
        if (len)
            arc_text_item(out, ", ", "%.*s", (int)ARC_MIN(len, 4096), value);
    }
}
