/* Any bytes are filters, or an error with a place; and filters match any path without harm. */
#include "arcci/filters.h"
#include "arcci/glob.h"
#include <stdlib.h>
#include <string.h>

static void match(const struct arc_filters *filters, const char *path, size_t len)
{
    struct arc_glob_matcher *matcher = NULL;
    if (!filters->globs || arc_glob_matcher_new(filters->globs, &matcher, NULL))
        return;
    uint64_t *ids = calloc(filters->rule_count / 64 + 1, sizeof *ids);
    if (ids) {
        arc_glob_matcher_match(matcher, path, len, ids);
        arc_glob_matcher_below(matcher, path, len, ids, NULL);
    }
    free(ids);
    arc_glob_matcher_free(&matcher);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct arc_filters filters;
    struct arc_error err = {0};
    int rc = arc_filters_parse(text, size, "fuzz", &filters, &err);
    if (rc ? !err.code : err.code)
        abort();
    if (!rc) {
        for (size_t i = 0; i < filters.rule_count; i++)
            if (filters.rules[i].filter >= filters.count)
                abort();
        match(&filters, text, size < 200 ? size : 200);
        arc_filters_free(&filters);
    }
    arc_error_clear(&err);
    return 0;
}
