/* What jansson has no call for. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>
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

/* Whether the text of a member is this one. */
static inline bool arc_json_says(const json_t *object, const char *name, const char *text)
{
    return strcmp(arc_json_text_of(object, name), text) == 0;
}

/* The whole number of a member, 0 where it is none; whether a member is true. */
static inline json_int_t arc_json_number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static inline bool arc_json_true_of(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* For each item of an array (NULL: none), which the loop declares. `break` and `continue` are as in
 * any loop. */
#define arc_json_each(item, array)                                                                 \
    for (size_t item##_at = 0, item##_goes = 1; item##_goes && item##_at < json_array_size(array); \
         item##_at++)                                                                              \
        for (json_t *item = (item##_goes = 0, json_array_get(array, item##_at)); item;             \
             item = NULL, item##_goes = 1)

/* The same for each member of an object (NULL: none), of which only `value` may be changed. */
#define arc_json_each_pair(key, value, object)                                                     \
    for (const char *key = json_object_iter_key(json_object_iter((json_t *)(object))),             \
                    *key##_goes = "";                                                              \
         key##_goes && key; key = key##_goes ? arc_json_next((json_t *)(object), key) : NULL)      \
        for (json_t *value =                                                                       \
                 (key##_goes = NULL, json_object_iter_value(json_object_key_to_iter(key)));        \
             value; value = NULL, key##_goes = "")

static inline const char *arc_json_next(json_t *object, const char *key)
{
    return json_object_iter_key(json_object_iter_next(object, json_object_key_to_iter(key)));
}

/* The first item of an array (NULL: it has none) whose member is this text; NULL for none. Borrowed. */
static inline json_t *arc_json_find(const json_t *array, const char *name, const char *text)
{
    arc_json_each (item, array)
        if (arc_json_says(item, name, text))
            return item;
    return NULL;
}

/* The text of a buffer; NULL when it is not whole, which no list or object takes. */
static inline json_t *arc_json_buf(const struct arc_buf *text)
{
    return text->failed ? NULL : json_stringn(arc_buf_text(text), text->len);
}

/* Whether a text is in an array of texts (NULL: it is not). */
static inline bool arc_json_lists(const json_t *names, const char *name)
{
    arc_json_each (item, names)
        if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
            return true;
    return false;
}

/* As json_copy(), which leaves members out when memory runs out: then NULL, as of NULL. */
static inline json_t *arc_json_copy(const json_t *value)
{
    json_t *copy = json_copy((json_t *)value);
    if (json_object_size(copy) == json_object_size(value) &&
        json_array_size(copy) == json_array_size(value))
        return copy;
    json_decref(copy);
    return NULL;
}

/* Adds an item to a list, a member to an object; both are the callee's. ARC_ENOMEM, also for NULL
 * as what is added. */
static inline int arc_json_append(json_t *list, json_t *item, struct arc_error *err)
{
    return json_array_append_new(list, item) ? arc_error_nomem(err) : ARC_OK;
}

static inline int arc_json_set(json_t *object, const char *name, json_t *value,
                               struct arc_error *err)
{
    return json_object_set_new(object, name, value) ? arc_error_nomem(err) : ARC_OK;
}

/* Adds an item to a list that is being made. Without the memory for either the list is NULL from
 * then on: half of one is never shown. */
static inline void arc_json_push(json_t **list, json_t *item)
{
    if (json_array_append_new(*list, item)) {
        json_decref(*list);
        *list = NULL;
    }
}

/* The same for a member of an object. */
static inline void arc_json_put(json_t **object, const char *name, json_t *value)
{
    if (json_object_set_new(*object, name, value)) {
        json_decref(*object);
        *object = NULL;
    }
}

static inline int arc_json_add_piece(const char *piece, size_t len, void *text)
{
    arc_buf_add(text, piece, len);
    return 0;
}

/* As json_dumps(), which gives a document without some names of its members when memory runs out as
 * they are written (jansson 2.14, dump.c). NULL when out of memory; the caller frees it. */
static inline char *arc_json_dumps(const json_t *value, size_t flags)
{
    struct arc_buf text = {0};
    if (json_dump_callback(value, arc_json_add_piece, &text, flags) && !text.failed)
        text.failed = ARC_ENOMEM;
    char *whole = arc_buf_steal(&text);
    arc_buf_free(&text);
    return whole;
}
