/* Patterns of a set that need no automaton: their shapes are looked up, by the directories of a
 * path and by its name. Most patterns that people write have one. */
#pragma once

#include "arcci/buf.h"
#include <stdint.h>

struct arc_glob;

enum glob_shape {
    GLOB_SHAPE_PATH,   /* a/b.c: this path */
    GLOB_SHAPE_BELOW,  /* a/b and two stars: it and what lies below */
    GLOB_SHAPE_NAME,   /* two stars and a name, anywhere */
    GLOB_SHAPE_ENDING, /* a/b, two stars, and a star with one of several endings: .c, .{c,h} */
    GLOB_SHAPE_GROUP,  /* a/b and what only automata know: a group of patterns of the set */
};

/* Patterns by shape; all are under ids of the caller's. Initialise with {0}. */
struct glob_shapes {
    struct glob_shaped *list; /* sorted by directory once prepared */
    size_t count;
    uint32_t *dirs;  /* by directory: 0, or the number + 1 of the first of a chain */
    uint32_t *names; /* by name, where that is the shape */
    size_t table_size;
    size_t longest;     /* of the directories */
    uint64_t *anywhere; /* ids of the patterns that may match below any directory */
    size_t words;
};

/* Adds the pattern when it has a shape: *added tells. The text is copied. False when memory ran
 * out. */
bool glob_shapes_add(struct glob_shapes *shapes, const char *pattern, size_t len, unsigned id,
                     bool *added);
/* Adds a group: every path that its patterns match is the prefix, which is borrowed, or below it.
 * False when memory ran out. */
bool glob_shapes_add_group(struct glob_shapes *shapes, const char *prefix, size_t len,
                           unsigned group);
/* To be called after the last one was added, with the words of a bitmap. False when memory ran
 * out. */
bool glob_shapes_prepare(struct glob_shapes *shapes, size_t words);
void glob_shapes_free(struct glob_shapes *shapes);

/* What a matcher knows of the directory that it looked up last, since paths come directory by
 * directory. Initialise with {0}. */
struct glob_lookup {
    struct arc_buf dir; /* without a slash at its end */
    uint64_t hash;      /* of it and a slash */
    bool known;
    bool plain;                      /* nothing in its name is left to an automaton */
    uint64_t *below;                 /* ids of the patterns that match all that is in it */
    const struct glob_shaped **some; /* those that may match what is in it */
    size_t some_count;
    struct arc_glob *
        *slow; /* one for each pattern, NULL until first needed: for paths that git could
                               not have, or that hold what only an automaton knows */
    size_t count;
};

/* For prepared shapes. False when memory ran out; to be freed in any case. */
bool glob_lookup_init(struct glob_lookup *lookup, const struct glob_shapes *shapes);
void glob_lookup_free(struct glob_lookup *lookup);

/* Adds the ids of the patterns that match, and the groups to try to `met`; whether any matches. */
bool glob_shapes_match(const struct glob_shapes *shapes, struct glob_lookup *lookup,
                       const char *path, size_t len, uint64_t *ids, uint64_t *met);

/* As arc_glob_matcher_below(), adding to the bitmaps, and the groups to ask to `met`. */
bool glob_shapes_below(const struct glob_shapes *shapes, struct glob_lookup *lookup,
                       const char *dir, size_t len, uint64_t *some, uint64_t *all, uint64_t *met);
