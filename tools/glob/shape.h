/* Patterns of a set that need no automaton: their shapes are looked up, by the directories of a path
 * and by its name. Most patterns that people write have one. */
#ifndef ARC_GLOB_SHAPE_H
#define ARC_GLOB_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
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
    uint64_t *anywhere; /* ids of the patterns that may match below any directory */
    size_t words;
};

/* Adds the pattern when it has a shape: *added tells. The text is copied. False when memory ran out. */
bool glob_shapes_add(struct glob_shapes *shapes, const char *pattern, size_t len, unsigned id,
                     bool *added);
/* Adds a group: every path that its patterns match is the prefix, which is borrowed, or below it. False
 * when memory ran out. */
bool glob_shapes_add_group(struct glob_shapes *shapes, const char *prefix, size_t len,
                           unsigned group);
/* To be called after the last one was added, with the words of a bitmap. False when memory ran out. */
bool glob_shapes_prepare(struct glob_shapes *shapes, size_t words);
void glob_shapes_free(struct glob_shapes *shapes);

/* Adds the ids of the patterns that match, and the groups to try to `met`; whether any matches. Paths that git could not have, or that
 * hold what only an automaton knows, are left to those in `slow` (one for each pattern, NULL until
 * first needed; the caller frees them). */
bool glob_shapes_match(const struct glob_shapes *shapes, struct arc_glob **slow, const char *path,
                       size_t len, uint64_t *ids, uint64_t *met);

/* As arc_glob_matcher_below(), adding to the bitmaps, and the groups to ask to `met`. */
bool glob_shapes_below(const struct glob_shapes *shapes, const char *dir, size_t len,
                       uint64_t *some, uint64_t *all, uint64_t *met);

#endif
