/* Arrays that grow by one item at a time, stored as a pointer and a count. */
#pragma once

#include <stdbool.h>
#include <stdlib.h>

/* Makes room for one more element in an array of `count` elements, whose pointer is at `items`; its
 * capacity is the next power of two. Returns false, with the array unchanged, if out of memory. */
static inline bool arc_room(void *items, size_t count, size_t element)
{
    void **list = items;
    if (count && (count & (count - 1)))
        return true;
    void *grown = realloc(*list, (count ? 2 * count : 1) * element);
    if (grown)
        *list = grown;
    return grown != NULL;
}
