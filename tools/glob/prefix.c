/* Finds the directories where a pattern can match. */
#include "glob/pattern.h"
#include <stdlib.h>
#include <string.h>

bool glob_plain_path(const char *path, size_t len)
{
    for (size_t start = 0, end; start <= len; start = end + 1) {
        const char *slash = start < len ? memchr(path + start, '/', len - start) : NULL;
        end = slash ? (size_t)(slash - path) : len;
        size_t part = end - start;
        if (part == 0 || (part == 1 && path[start] == '.') ||
            (part == 2 && path[start] == '.' && path[start + 1] == '.'))
            return false;
    }

    return true;
}

/* Appends a unit as UTF-8 to `text`, which has room for three bytes. Returns false for half a
 * surrogate pair and for U+FFFD, which may represent bytes that are not UTF-8. */
static bool add_unit(char *text, size_t *len, int unit)
{
    if (unit < 0 || unit == 0xfffd || (unit >= 0xd800 && unit <= 0xdfff))
        return false;

    if (unit < 0x80) {
        text[(*len)++] = (char)unit;
    } else if (unit < 0x800) {
        text[(*len)++] = (char)(0xc0 | unit >> 6);
        text[(*len)++] = (char)(0x80 | (unit & 0x3f));
    } else {
        text[(*len)++] = (char)(0xe0 | unit >> 12);
        text[(*len)++] = (char)(0x80 | (unit >> 6 & 0x3f));
        text[(*len)++] = (char)(0x80 | (unit & 0x3f));
    }

    return true;
}

/* Writes what every matching path starts with to `text`; returns the length of its whole
 * segments. */
static size_t read_prefix(struct arc_reach *reach, const struct arc_program *p, uint32_t start,
                          char *text, size_t units_max)
{
    size_t len = 0;

    arc_reach_start(reach, p, start);

    for (size_t units = 0; units < units_max && !reach->end; units++) {
        int unit = arc_reach_only(reach, p);
        if (!add_unit(text, &len, unit))
            break;
        arc_reach_unit(reach, p, (uint16_t)unit);
    }

    if (reach->cell_count && arc_reach_only(reach, p) != '/')
        while (len > 0 && text[len - 1] != '/')
            len--;

    while (len > 0 && text[len - 1] == '/')
        len--;

    return len;
}

bool glob_means_itself(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte && strchr("-_./ ", byte));
}

/* Sets pattern->all if the pattern is a literal directory and two stars, perhaps with another slash
 * and star. */
static void find_all(struct glob_pattern *pattern)
{
    const char *text = pattern->bytes;
    size_t len = pattern->len;

    if (len >= 4 && !memcmp(text + len - 4, "**/*", 4))
        len -= 4;
    else if (len >= 2 && !memcmp(text + len - 2, "**", 2))
        len -= 2;
    else
        return;

    for (size_t i = 0; i < len; i++)
        if (!glob_means_itself(text[i]))
            return;

    if (len >= 2 && text[0] == '.' && text[1] == '/') {
        text += 2;
        len -= 2;
    }

    if (len && (text[--len] != '/' || !glob_plain_path(text, len)))
        return;
    pattern->all = text;
    pattern->all_len = len;
}

bool glob_pattern_find_prefix(struct glob_pattern *pattern)
{
    struct arc_reach reach;
    size_t units = pattern->program.node_count;

    pattern->prefix = malloc(units * 3 + 1);
    if (!pattern->prefix || !arc_reach_init(&reach, pattern->program.node_count))
        return false;
    const struct arc_program *p = &pattern->program;
    pattern->prefix_len = read_prefix(&reach, p, p->starts[0], pattern->prefix, units);
    arc_reach_free(&reach);
    find_all(pattern);

    return true;
}

enum arc_glob_below glob_pattern_below(const struct glob_pattern *pattern, struct arc_reach *reach,
                                       const char *dir, size_t len)
{
    const struct arc_program *p = &pattern->program;
    size_t top = pattern->all_len;

    if (pattern->all && (top == 0 || (len >= top && !memcmp(dir, pattern->all, top) &&
                                      (len == top || dir[top] == '/'))))
        return ARC_GLOB_ALL;

    /* If the pattern's own text is no path of git, no path can equal it. */
    bool skip = pattern->literal && !pattern->plain_path;
    arc_reach_start(reach, p, skip ? p->nodes[p->starts[0]].next : p->starts[0]);
    bool some = len == 0 ? reach->cell_count > 0
                         : arc_reach_text(reach, p, dir, len) && arc_reach_unit(reach, p, '/');
    return some ? ARC_GLOB_SOME : ARC_GLOB_NONE;
}
