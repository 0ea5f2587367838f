/* An arena: many small allocations that are freed together.
 *
 * A text for which memory runs out is "", an array NULL; the arena remembers it, and one
 * arc_arena_check() at the end reports it.
 */
#ifndef ARCCI_ARENA_H
#define ARCCI_ARENA_H

#include "arcci/api.h"
#include "arcci/error.h"
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

struct arc_arena_block;

struct arc_arena {
    struct arc_arena_block *blocks; /* owned; the newest first */
    bool failed;                    /* memory ran out */
};

/* Returns `count` zeroed elements of `size` bytes, at least one; NULL when out of memory. */
void *arc_arena_array(struct arc_arena *arena, size_t count, size_t size);

/* Appends a zeroed element to an array and returns it; NULL when out of memory. `items` is the
 * address of the array's pointer, `count` of its length. The array may move. Only for an array that
 * began as NULL with length 0 and that nothing else makes longer: its room follows from its length. */
void *arc_arena_append(struct arc_arena *arena, void *items, size_t *count, size_t size);

/* A copy of a text, or of its first `len` bytes; NULL gives NULL. */
char *arc_arena_text(struct arc_arena *arena, const char *text);
char *arc_arena_cut(struct arc_arena *arena, const char *text, size_t len);

/* Adds a copy of a text to a list that ends with NULL; NULL is an empty list. */
int arc_texts_add(struct arc_arena *arena, char ***texts, const char *text, struct arc_error *err);

/* Formatted text. */
char *arc_arena_printf(struct arc_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ARC_ENOMEM if memory ran out at any time. */
int arc_arena_check(const struct arc_arena *arena, struct arc_error *err);

/* Frees all of the arena's memory; *arena becomes {0}. */
void arc_arena_free(struct arc_arena *arena);

ARC_API_END

#endif
