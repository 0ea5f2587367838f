/* Filters: named lists of rules that select paths, in the YAML format of paths-filter.
 *
 *     flash: '*.conf'                         one pattern
 *     docs: ['*.md', '*.rst']                 any of them (or all: enum arc_quantifier)
 *     new:
 *       - added|copied: '*'                   only files with one of these statuses
 *       - modified: [a, b]                    a list under a status: any of them, always
 *       - *shared                             an alias; nested lists are one list
 */
#ifndef ARCCI_FILTERS_H
#define ARCCI_FILTERS_H

#include "arcci/api.h"
#include "arcci/arena.h"
#include "arcci/env.h"
#include "arcci/error.h"
#include "arcci/project.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

/* Most filters, and most rules of all filters together. */
#define ARC_FILTERS_MAX 10000
#define ARC_RULES_MAX   50000

/* What happened to a path, as a bit of arc_rule.statuses. */
enum arc_status {
    ARC_STATUS_ADDED = 1,
    ARC_STATUS_COPIED = 2,
    ARC_STATUS_DELETED = 4,
    ARC_STATUS_MODIFIED = 8,
    ARC_STATUS_RENAMED = 16,
    ARC_STATUS_UNMERGED = 32,
    ARC_STATUS_TYPE_CHANGED = 64, /* changed between file, link and submodule; counts as modified */
};

/* "added", …, "type-changed". A static string. */
const char *arc_status_name(enum arc_status status);

/* How the rules of one filter combine. */
enum arc_quantifier {
    ARC_QUANTIFIER_SOME,  /* one rule must match (`!x` matches all but x) */
    ARC_QUANTIFIER_EVERY, /* every rule must match */
    ARC_QUANTIFIER_LAST,  /* the last rule that applies decides, as in .gitignore: `!x` excludes x,
                             a later rule may include it again */
    ARC_QUANTIFIER_SOME_EXCLUDE, /* one rule without `!` must match, and no rule with `!` exclude */
};

struct arc_inputs;

/* One rule. */
struct arc_rule {
    char **patterns;           /* one must match; several only under a status */
    size_t pattern_count;      /* may be 0: never matches */
    unsigned statuses;         /* bits of enum arc_status; the path must have one of them */
    bool negated;              /* its (only) pattern starts with `!`: it matches what the rest does
                              not */
    size_t filter;             /* index of its filter */
    unsigned line, column;     /* in the text; 0 for a rule from the configuration */
    bool defines;              /* the file defines the service, and counts only if the definition
                              differs */
    struct arc_inputs *inputs; /* of an image: only these of the matching files count; NULL: all of
                                  them. Owned */
};

/* One filter: the rules [first, first + count) of arc_filters.rules. */
struct arc_filter {
    const char *name;
    const char *source; /* the text that it comes from, for messages */
    size_t first, count;
};

/* All filters, in the order of the text. */
struct arc_filters {
    struct arc_arena memory; /* holds the rest, but for `globs` and `warnings` */
    const char *name;        /* of the text that is being read, for messages */
    bool from_config;        /* made from services, not from a text */
    struct arc_filter *items;
    size_t count;
    struct arc_rule *rules;
    size_t rule_count;
    struct arc_glob_set *globs; /* every pattern, under the index of its rule */
    json_t *warnings;           /* array of strings: patterns that can never match, and why */
};

/* Reads filters as paths-filter does: `input` with a line break or a colon is YAML, anything
 * else is the path of a YAML file, relative to `root` (may be NULL). ARC_EINPUT with
 * file:line:column for an invalid filter or pattern, without a place for a missing file. *out is
 * owned by the caller. */
int arc_filters_load(const char *root, const char *input, struct arc_filters *out,
                     struct arc_error *err);

/* Reads the filters of several files; a filter name must not be in two of them. `names` is an array
 * of strings. Otherwise as arc_filters_load(). */
int arc_filters_load_files(const char *root, const json_t *names, struct arc_filters *out,
                           struct arc_error *err);

/* Parses `len` bytes of YAML; messages call it `name`. */
int arc_filters_parse(const char *text, size_t len, const char *name, struct arc_filters *out,
                      struct arc_error *err);

/* Makes one filter per service of the configuration, named by its codename: everything in its
 * directory, or what its Dockerfile below `root` reads (derive_inputs), plus its own `paths` and
 * its group's. A service of several groups gets one filter. */
int arc_filters_of_config(const char *root, const struct arc_config *config,
                          struct arc_filters *out, struct arc_error *err);

/* Reads the filters of a run: `input` as for arc_filters_load(), or those of the project's
 * configuration if it is NULL. *out is owned by the caller. */
int arc_filters_find(struct arc_project *project, const char *input, struct arc_filters *out,
                     struct arc_error *err);

void arc_filters_free(struct arc_filters *filters);

/* Returns the index of the filter with that name (`len` bytes); SIZE_MAX if there is no such
 * filter. */
size_t arc_filters_index(const struct arc_filters *filters, const char *name, size_t len);

ARC_API_END

#endif
