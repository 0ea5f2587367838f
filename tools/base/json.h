/* Calls that jansson lacks. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>
#include <string.h>

/* json_loadb(), but memory that ran out leaves an empty text in `at` (which may be NULL). jansson 2.14
 * then sets none, or takes a string that it could not keep for an invalid token: reading again shows
 * which of the two it was. */
static inline json_t *arc_json_load(const char *text, size_t len, size_t flags, json_error_t *at)
{
    json_t *value = json_loadb(text, len, flags, at);
    return value ? value : json_loadb(text, len, flags, at);
}

/* The text of a member; "" if it is missing or not a text. Borrowed. */
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

/* The whole number of a member, 0 for anything else; whether a member is true. */
static inline json_int_t arc_json_number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static inline bool arc_json_true_of(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* Loops over an array (NULL: nothing) and declares `item`. `break` and `continue` work as in any
 * loop. */
#define arc_json_each(item, array)                                                                 \
    for (size_t item##_at = 0, item##_goes = 1; item##_goes && item##_at < json_array_size(array); \
         item##_at++)                                                                              \
        for (json_t *item = (item##_goes = 0, json_array_get(array, item##_at)); item;             \
             item = NULL, item##_goes = 1)

/* The same for an object (NULL: nothing). The body may change `value`, but not the object's
 * members. */
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

/* The first item of an array (NULL: empty) whose member is this text, or NULL. Borrowed. */
static inline json_t *arc_json_find(const json_t *array, const char *name, const char *text)
{
    arc_json_each (item, array)
        if (arc_json_says(item, name, text))
            return item;
    return NULL;
}

/* A buffer's text as a string; NULL if the buffer failed (adding NULL to a list or object fails,
 * too). */
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

/* json_copy() that returns NULL if out of memory, instead of omitting members; NULL for NULL. */
static inline json_t *arc_json_copy(const json_t *value)
{
    json_t *copy = json_copy((json_t *)value);
    if (json_object_size(copy) == json_object_size(value) &&
        json_array_size(copy) == json_array_size(value))
        return copy;
    json_decref(copy);
    return NULL;
}

/* Adds an item to a list or a member to an object, and takes ownership of it. ARC_ENOMEM also if it
 * is NULL. */
static inline int arc_json_append(json_t *list, json_t *item, struct arc_error *err)
{
    return json_array_append_new(list, item) ? arc_error_nomem(err) : ARC_OK;
}

static inline int arc_json_set(json_t *object, const char *name, json_t *value,
                               struct arc_error *err)
{
    return json_object_set_new(object, name, value) ? arc_error_nomem(err) : ARC_OK;
}

/* Adds an item to a list that is being built, and takes ownership of it. If out of memory, or if
 * the item is NULL, the list becomes and stays NULL, so that nobody uses half a list. */
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

/* json_dumps() that returns NULL if out of memory, instead of a document that lacks members' names
 * (jansson 2.14, dump.c). Owned by the caller. */
static inline char *arc_json_dumps(const json_t *value, size_t flags)
{
    struct arc_buf text = {0};
    if (json_dump_callback(value, arc_json_add_piece, &text, flags) && !text.failed)
        text.failed = ARC_ENOMEM;
    char *whole = arc_buf_steal(&text);
    arc_buf_free(&text);
    return whole;
}
