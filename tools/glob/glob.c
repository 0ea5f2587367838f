#include "base/text.h"
#include "glob/dfa.h"
#include "glob/pattern.h"

/* Bytes of cached states: plenty for all but the largest patterns. */
#define BUDGET ((size_t)1 << 20)

struct arc_glob {
    struct glob_pattern pattern;
    struct arc_dfa dfa;
    struct arc_reach reach;
};

int arc_glob_compile(const char *pattern, size_t len, struct arc_glob **out, struct arc_error *err)
{
    ARC_AUTO(arc_glob) struct arc_glob *glob = calloc(1, sizeof *glob);
    ARC_TRY_ALLOC(glob, err);
    ARC_TRY(glob_pattern_compile(&glob->pattern, pattern, len, err));

    ARC_TRY_ALLOC(arc_dfa_init(&glob->dfa, &glob->pattern.program, BUDGET) &&
                      arc_reach_init(&glob->reach, glob->pattern.program.node_count),
                  err);
    *out = arc_steal(&glob);

    return 0;
}

void arc_glob_free(struct arc_glob **glob)
{
    if (!*glob)
        return;
    arc_dfa_free(&(*glob)->dfa);
    arc_reach_free(&(*glob)->reach);
    glob_pattern_free(&(*glob)->pattern);
    free(*glob);
    *glob = NULL;
}

bool arc_glob_match(struct arc_glob *glob, const char *path, size_t len)
{
    return len > 0 && (arc_dfa_run(&glob->dfa, path, len)[0] & 1);
}

bool arc_glob_any(char *const *patterns, const char *path)
{
    bool matched = false;
    for (; patterns && *patterns && !matched; patterns++) {
        struct arc_glob *glob = NULL;
        matched = arc_glob_compile(*patterns, strlen(*patterns), &glob, NULL) == ARC_OK &&
                  arc_glob_match(glob, path, strlen(path));
        arc_glob_free(&glob);
    }
    return matched;
}

const char *arc_glob_defect(const struct arc_glob *glob)
{
    return glob->pattern.defect;
}

bool arc_glob_negated(const struct arc_glob *glob)
{
    return glob->pattern.negated;
}

enum arc_glob_below arc_glob_below(struct arc_glob *glob, const char *dir, size_t len)
{
    return glob_pattern_below(&glob->pattern, &glob->reach, dir, len);
}

bool arc_glob_line_break(const char *path, size_t len)
{
    for (size_t i = arc_text_printable(path, len); i < len; i++) {
        if (path[i] == '\n' || path[i] == '\r')
            return true;
        if (len - i >= 3 && !memcmp(path + i, "\xe2\x80", 2) &&
            (path[i + 2] == '\xa8' || path[i + 2] == '\xa9'))
            return true;
    }
    return false;
}
