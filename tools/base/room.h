/* Arrays that grow one by one and are kept as a pointer and a count. */
#pragma once

#include <stdbool.h>
#include <stdlib.h>

/* Makes room for one more of `count` elements in the array whose pointer is at `items`: it has as
 * many places as the next power of two. False when memory ran out; the array is as it was. */
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
