/* Filters: named lists of rules that say which paths count, in the YAML of paths-filter.
 *
 *     flash: '*.conf'                         one pattern
 *     docs: ['*.md', '*.rst']                 any of them (or every one: enum arc_quantifier)
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
    ARC_STATUS_TYPE_CHANGED = 64, /* file, link, submodule became another; counts as modified */
};

/* "added", …, "type-changed". A static string. */
const char *arc_status_name(enum arc_status status);

/* How the rules of one filter combine. */
enum arc_quantifier {
    ARC_QUANTIFIER_SOME,  /* one that matches is enough (`!x` matches all but x) */
    ARC_QUANTIFIER_EVERY, /* all must match */
    ARC_QUANTIFIER_LAST,  /* the last one that applies decides: `!x` leaves x out, a later one takes
                            it in again, as in .gitignore */
    ARC_QUANTIFIER_SOME_EXCLUDE, /* one without `!` matches, and none with `!` refuses */
};

struct arc_inputs;

/* One rule. */
struct arc_rule {
    char **patterns;       /* any of them; more than one only under a status */
    size_t pattern_count;  /* may be 0: never matches */
    unsigned statuses;     /* of enum arc_status; the path must have one of them */
    bool negated;          /* its (only) pattern starts with `!` and so matches all but the rest */
    size_t filter;         /* index of its filter */
    unsigned line, column; /* in the text; 0 when it comes from the configuration */
    bool defines;          /* the file says what the service is: it counts if that differs */
    struct arc_inputs *inputs; /* of an image: of what the patterns match only these files count;
                                  NULL: all do. Owned */
};

/* One filter: the rules [first, first + count) of arc_filters.rules. */
struct arc_filter {
    const char *name;
    const char *source; /* the text it stands in, for messages */
    size_t first, count;
};

/* All filters, in the order of the text. */
struct arc_filters {
    struct arc_arena memory; /* holds the rest, but for `globs` and `warnings` */
    const char *name;        /* of the text under way, for messages */
    bool from_config;        /* made of services, not of a text */
    struct arc_filter *items;
    size_t count;
    struct arc_rule *rules;
    size_t rule_count;
    struct arc_glob_set *globs; /* every pattern, under the index of its rule */
    json_t *warnings;           /* array of strings: what can never match and why */
};

/* Reads filters as paths-filter takes them: a text that holds a line break or a colon is YAML,
 * anything else is the path of a YAML file, relative to `root` (may be NULL). ARC_EINPUT with
 * file:line:column for what is not a filter or no pattern, ARC_ENOTFOUND for a missing file. *out
 * is owned by the caller. */
int arc_filters_load(const char *root, const char *input, struct arc_filters *out,
                     struct arc_error *err);

/* Reads files of filters, one behind the other: a name in two of them is an error. `names` is an
 * array of strings; otherwise as arc_filters_load(). */
int arc_filters_load_files(const char *root, const json_t *names, struct arc_filters *out,
                           struct arc_error *err);

/* Parses YAML of `len` bytes; `name` stands for it in messages. */
int arc_filters_parse(const char *text, size_t len, const char *name, struct arc_filters *out,
                      struct arc_error *err);

/* One filter per service of the configuration, of its codename: everything in its directory, or
 * what its Dockerfile below `root` reads (derive_inputs); its own `paths` and its group's. A
 * service of several groups gives one filter. */
int arc_filters_of_config(const char *root, const struct arc_config *config,
                          struct arc_filters *out, struct arc_error *err);

/* The filters of a run: `input` as arc_filters_load() takes it, or, when it is NULL, those of the
 * project's configuration. Owned by the caller. */
int arc_filters_find(struct arc_project *project, const char *input, struct arc_filters *out,
                     struct arc_error *err);

void arc_filters_free(struct arc_filters *filters);

/* The index of the filter with that name, of `len` bytes; SIZE_MAX when there is none. */
size_t arc_filters_index(const struct arc_filters *filters, const char *name, size_t len);

ARC_API_END

#endif
