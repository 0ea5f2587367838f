/* What jansson has no call for. */
#ifndef ARC_BASE_JSON_H
#define ARC_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

/* Sets a member to a text; nothing happens for NULL. 0, or -1 when out of memory. (The "s*" of
 * json_pack() leaves a member out for want of memory, too.) */
static inline int arc_json_set_text(json_t *object, const char *name, const char *text)
{
    return text ? json_object_set_new(object, name, json_string(text)) : 0;
}

/* The text of a member, "" where there is none or it is no text. Borrowed. */
static inline const char *arc_json_text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* Whether a text is in an array of texts (NULL: it is not). */
static inline bool arc_json_lists(const json_t *names, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (names, i, item)
        if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
            return true;
    return false;
}

#endif
