#include "dockerfile/ignore.h"

#define RULES_MAX 10000

size_t arc_path_depth(const char *path)
{
    size_t parts = *path != '\0';
    for (; *path; path++)
        parts += *path == '/';
    return parts;
}

static int add_line(struct arc_arena *memory, struct arc_ignore *ignore, const char *line,
                    size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf clean = {.max = (size_t)64 << 10};

    if (len && *line == '#')
        return ARC_OK;
    arc_text_trim(&line, &len);
    if (!len)
        return ARC_OK;

    bool takes_in = *line == '!';
    line += takes_in;
    len -= takes_in;
    arc_text_trim(&line, &len);
    if (!len)
        return ARC_EINPUT; /* "!" alone */
    arc_path_clean(line, len, *line == '/', &clean);
    ARC_TRY(clean.failed);
    if (!clean.len) /* "." and "/" match no path in the context */
        return ARC_OK;

    if (ignore->count == RULES_MAX)
        return ARC_ELIMIT;
    struct arc_ignore_rule *rule =
        arc_arena_append(memory, &ignore->rules, &ignore->count, sizeof *rule);
    if (!rule)
        return ARC_ENOMEM;
    rule->takes_in = takes_in;
    int rc = arc_path_pattern_new(memory, arc_buf_text(&clean), true, &rule->pattern);
    if (rc != ARC_EINPUT)
        return rc;

    /* Not understood: what it may stand for must not be left out. */
    if (takes_in)
        return arc_path_pattern_new(memory, "", true, &rule->pattern);
    ignore->count--;

    return ARC_OK;
}

int arc_ignore_parse(struct arc_arena *memory, const char *text, struct arc_ignore *out)
{
    struct arc_ignore ignore = {0};
    *out = ignore;
    if (ARC_STARTS(text, "\xef\xbb\xbf"))
        text += 3;

    arc_each_piece (line, text, "\n")
        ARC_TRY(add_line(memory, &ignore, line.text, line.len));
    *out = ignore;

    return ARC_OK;
}

bool arc_ignore_match(const struct arc_ignore *ignore, const char *path, size_t len)
{
    bool out = false;
    arc_each (rule, ignore->rules, ignore->count) {
        if (rule->takes_in == out && arc_path_pattern_match(rule->pattern, path, len))
            out = !rule->takes_in;
    }
    return out;
}
