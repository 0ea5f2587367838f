/* Any bytes up to the first NUL are a pattern, the rest a path: compiling and matching end, and
 * what the parts of the interface say fits together. */
#include "arcci/glob.h"
#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Whether git could have the path. */
static bool plain(const char *path, size_t len)
{
    for (size_t start = 0, i = 0; i <= len; i++) {
        if (i < len && path[i] != '/')
            continue;
        size_t part = i - start;
        if (part == 0 || (part <= 2 && !memcmp(path + start, "..", part)))
            return false;
        start = i + 1;
    }
    return true;
}

static void check_places(struct arc_glob *glob, const char *path, size_t len, bool match)
{
    for (size_t i = 0; i < len; i++) {
        if (path[i] != '/' && i > 0)
            continue;
        enum arc_glob_below below = arc_glob_below(glob, path, i);
        require(!match || below != ARC_GLOB_NONE);
        require(match || below != ARC_GLOB_ALL || arc_glob_line_break(path, len));
    }
}

static void check_set(const char *pattern, size_t len, const char *path, size_t path_len,
                      bool match)
{
    struct arc_glob_set *set = NULL;
    struct arc_glob_matcher *matcher = NULL;
    uint64_t ids[2];
    require(!arc_glob_set_new(&set, NULL));
    require(!arc_glob_set_add(set, "src/**", 6, 0, NULL));
    require(!arc_glob_set_add(set, pattern, len, 70, NULL));
    require(!arc_glob_set_add(set, "**/*.c", 6, 1, NULL));
    require(!arc_glob_matcher_new(set, &matcher, NULL));
    arc_glob_matcher_match(matcher, path, path_len, ids);
    require((ids[1] >> 6 & 1) == match);
    arc_glob_matcher_free(&matcher);
    arc_glob_set_free(&set);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const char *pattern = (const char *)data;
    size_t len = strnlen(pattern, size);
    const char *path = pattern + len + (len < size);
    size_t path_len = size - (size_t)(path - pattern);
    struct arc_glob *glob = NULL;
    struct arc_error err = {0};
    int code = arc_glob_compile(pattern, len, &glob, &err);
    require(code == err.code && !code == !!glob);
    arc_error_clear(&err);
    if (code)
        return 0;
    require(arc_glob_match(glob, pattern, len));
    bool match = arc_glob_match(glob, path, path_len);
    require(match == arc_glob_match(glob, path, path_len));
    if (plain(path, path_len))
        check_places(glob, path, path_len, match);
    check_set(pattern, len, path, path_len, match);
    arc_glob_free(&glob);
    return 0;
}
