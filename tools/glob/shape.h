/* Patterns of a set that need no automaton, because their shape allows a lookup by a path's
 * directories or its name. Most patterns in practice have such a shape. */
#pragma once

#include "arcci/buf.h"
#include <stdint.h>

struct arc_glob;

enum glob_shape {
    GLOB_SHAPE_PATH,   /* a/b.c: this path */
    GLOB_SHAPE_BELOW,  /* a/b and two stars: this path and everything below */
    GLOB_SHAPE_NAME,   /* two stars and a name: this name in any directory */
    GLOB_SHAPE_ENDING, /* a/b, two stars, and a star with endings: .c, .{c,h} */
    GLOB_SHAPE_GROUP,  /* a/b: a group of the set's patterns with this prefix, for automata */
};

/* Patterns by shape, with the caller's ids. Initialise with {0}. */
struct glob_shapes {
    struct glob_shaped *list; /* sorted by directory once prepared */
    size_t count;
    uint32_t *dirs;  /* hash table by directory: index in `list` + 1 of a chain's first, or 0 */
    uint32_t *names; /* the same for GLOB_SHAPE_NAME, by the name's last segment */
    size_t table_size;
    size_t longest;     /* length of the longest directory */
    uint64_t *anywhere; /* bitmap of the ids that may match below any directory */
    size_t words;
};

/* Adds a copy of the pattern if it has a shape; sets *added to whether it has. Returns false if out
 * of memory. */
bool glob_shapes_add(struct glob_shapes *shapes, const char *pattern, size_t len, unsigned id,
                     bool *added);
/* Adds a group whose patterns match only `prefix` (borrowed) and paths below it. Returns false if
 * out of memory. */
bool glob_shapes_add_group(struct glob_shapes *shapes, const char *prefix, size_t len,
                           unsigned group);
/* Builds the tables after the last addition; `words` is the length of a bitmap of ids. Returns
 * false if out of memory. */
bool glob_shapes_prepare(struct glob_shapes *shapes, size_t words);
void glob_shapes_free(struct glob_shapes *shapes);

/* Caches the last directory that a matcher looked up, since paths come directory by directory.
 * Initialise with {0}. */
struct glob_lookup {
    struct arc_buf dir; /* without a slash at its end */
    uint64_t hash;      /* of `dir` and a slash */
    bool known;
    bool plain;                      /* its name needs no automaton */
    uint64_t *below;                 /* bitmap of the ids that match everything in it */
    const struct glob_shaped **some; /* the patterns that may match something in it */
    size_t some_count;
    /* By index in the list: compiled patterns, for paths where a lookup is not exact. NULL until
     * needed. */
    struct arc_glob **slow;
    size_t count;
};

/* For prepared shapes. Returns false if out of memory; the caller frees it in any case. */
bool glob_lookup_init(struct glob_lookup *lookup, const struct glob_shapes *shapes);
void glob_lookup_free(struct glob_lookup *lookup);

/* Adds the ids of matching patterns to `ids` and the groups to try to `met`. Returns whether a
 * pattern matches. */
bool glob_shapes_match(const struct glob_shapes *shapes, struct glob_lookup *lookup,
                       const char *path, size_t len, uint64_t *ids, uint64_t *met);

/* As arc_glob_matcher_below(), but adds to the bitmaps, and the groups to ask to `met`. */
bool glob_shapes_below(const struct glob_shapes *shapes, struct glob_lookup *lookup,
                       const char *dir, size_t len, uint64_t *some, uint64_t *all, uint64_t *met);
