#include "base/text.h"
#include <stdio.h>

struct arc_arena_block {
    struct arc_arena_block *next;
    max_align_t data[];
};

static char nothing[1];

void *arc_arena_array(struct arc_arena *arena, size_t count, size_t size)
{
    size_t room = arc_or(count, 1);
    if (size > (SIZE_MAX - sizeof(struct arc_arena_block)) / room) {
        arena->failed = true;
        return NULL;
    }

    struct arc_arena_block *block = calloc(1, sizeof *block + room * size);
    if (!block) {
        arena->failed = true;
        return NULL;
    }

    block->next = arena->blocks;
    arena->blocks = block;

    return block->data;
}

void *arc_arena_append(struct arc_arena *arena, void *items, size_t *count, size_t size)
{
    char *array;

    memcpy(&array, items, sizeof array); /* `items` may point to an array of any type */

    if ((*count & (*count - 1)) == 0) { /* full at every power of two */
        char *grown = arc_arena_array(arena, *count ? 2 * *count : 1, size);
        if (!grown)
            return NULL;
        if (*count)
            memcpy(grown, array, *count * size);
        array = grown;
        memcpy(items, &array, sizeof array);
    }

    return array + (*count)++ * size;
}

char *arc_arena_text(struct arc_arena *arena, const char *text)
{
    return text ? arc_arena_cut(arena, text, strlen(text)) : NULL;
}

char *arc_arena_cut(struct arc_arena *arena, const char *text, size_t len)
{
    if (!text)
        return NULL;

    len = strnlen(text, len);
    char *copy = arc_arena_array(arena, len + 1, 1);
    return copy ? memcpy(copy, text, len) : nothing;
}

int arc_texts_add(struct arc_arena *arena, char ***texts, const char *text, struct arc_error *err)
{
    size_t count = arc_texts_count(*texts);
    char **grown = arc_arena_array(arena, count + 2, sizeof *grown);
    ARC_TRY_ALLOC(grown, err);
    if (count)
        memcpy(grown, *texts, count * sizeof *grown);
    grown[count] = arc_arena_text(arena, text);
    *texts = grown;

    return arc_arena_check(arena, err);
}

char *arc_arena_printf(struct arc_arena *arena, const char *format, ...)
{
    int len;
    ARC_WITH_ARGS(format, len = vsnprintf(NULL, 0, format, args));

    char *text = len < 0 ? NULL : arc_arena_array(arena, (size_t)len + 1, 1);
    if (!text)
        return nothing;
    ARC_WITH_ARGS(format, vsnprintf(text, (size_t)len + 1, format, args));

    return text;
}

int arc_arena_check(const struct arc_arena *arena, struct arc_error *err)
{
    return arena->failed ? arc_error_nomem(err) : ARC_OK;
}

void arc_arena_free(struct arc_arena *arena)
{
    while (arena->blocks) {
        struct arc_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->failed = false;
}
