/* Locals that free themselves, and explicit transfer of ownership.
 *
 *     ARC_AUTO(arc_buf) struct arc_buf text = {0};
 *     ARC_AUTO_FREE char *name = strdup("…");
 *     *out = arc_steal(&name);
 *
 * ARC_AUTO(noun) calls noun_free(&local) at the end of the scope.
 */
#pragma once

#include "arcci/arena.h"
#include "arcci/buf.h"
#include <jansson.h>
#include <stdlib.h>

#define ARC_AUTO(noun) __attribute__((cleanup(noun##_free)))
#define ARC_AUTO_FREE  __attribute__((cleanup(arc_auto_free)))
#define ARC_AUTO_JSON  __attribute__((cleanup(arc_auto_json)))

/* For a type whose noun_free() takes the pointer itself, or NULL; its header says
 * ARC_HANDLE(noun). */
#define ARC_AUTO_HANDLE(noun) __attribute__((cleanup(noun##_drop)))
#define ARC_HANDLE(noun)                                                                           \
    static inline void noun##_drop(struct noun **handle)                                           \
    {                                                                                              \
        noun##_free(*handle);                                                                      \
    }

/* Returns from the function at the first call that fails: nothing runs on after an error. */
#define ARC_TRY(call)                                                                              \
    do {                                                                                           \
        int arc_rc_ = (call);                                                                      \
        if (arc_rc_)                                                                               \
            return arc_rc_;                                                                        \
    } while (0)

/* The same, with a formatted prefix for the message: arc_error_prefix(). `err` may be NULL. */
#define ARC_TRY_PREFIX(call, err, ...)                                                             \
    do {                                                                                           \
        int arc_rc_ = (call);                                                                      \
        if (arc_rc_) {                                                                             \
            arc_error_prefix(err, __VA_ARGS__);                                                    \
            return arc_rc_;                                                                        \
        }                                                                                          \
    } while (0)

/* Returns ARC_ENOMEM if `made`, a pointer or a condition, is NULL or false. */
#define ARC_TRY_ALLOC(made, err)                                                                   \
    do {                                                                                           \
        if (!(made))                                                                               \
            return arc_error_nomem(err);                                                           \
    } while (0)

/* The result of a call that fills *out; if it fails, noun_free(out) frees the partial result. */
#define arc_or_free(noun, out, call)                                                               \
    __extension__({                                                                                \
        int arc_code_ = (call);                                                                    \
        if (arc_code_)                                                                             \
            noun##_free(out);                                                                      \
        arc_code_;                                                                                 \
    })

/* Adds a value to an array that the arena holds: arc_arena_append(). */
#define ARC_APPEND(arena, list, count, err, ...)                                                   \
    do {                                                                                           \
        __typeof__(list) place_ = arc_arena_append(arena, &(list), &(count), sizeof *place_);      \
        ARC_TRY_ALLOC(place_, err);                                                                \
        *place_ = __VA_ARGS__; /* its texts may be the arena's, too */                             \
        ARC_TRY_ALLOC(!(arena)->failed, err);                                                      \
    } while (0)

static inline int arc_error_unless(bool made, struct arc_error *err)
{
    return made ? ARC_OK : arc_error_nomem(err);
}

/* Runs a statement with `args`, the variable arguments after the parameter `last`. */
#define ARC_WITH_ARGS(last, statement)                                                             \
    do {                                                                                           \
        va_list args;                                                                              \
        va_start(args, last);                                                                      \
        statement;                                                                                 \
        va_end(args);                                                                              \
    } while (0)

/* Loops over an array; declares `item`, a pointer to the current one. The array must not move or
 * grow meanwhile. */
#define arc_each(item, array, count)                                                               \
    for (__typeof__((array)[0]) *item = (array), *item##_end = item ? item + (count) : item;       \
         item < item##_end; item++)

/* The number of items of an array, and a loop over all of them. */
#define ARC_COUNT(array)         (sizeof(array) / sizeof *(array))
#define arc_each_in(item, array) arc_each (item, array, ARC_COUNT(array))

/* For plain values: each is evaluated twice. */
#define ARC_MIN(a, b) ((a) < (b) ? (a) : (b))
#define ARC_MAX(a, b) ((a) > (b) ? (a) : (b))

/* `value`, evaluated once, or `otherwise` if it is NULL or 0. Not for initializer lists, where
 * cppcheck fails to parse it. */
#define arc_or(value, otherwise)                                                                   \
    __extension__({                                                                                \
        __typeof__(value) arc_value_ = (value);                                                    \
        arc_value_ ? arc_value_ : (otherwise);                                                     \
    })

/* Returns the value of a variable, a pointer or a struct, and sets the variable to NULL or {0}. */
#define arc_steal(pointer)                                                                         \
    __extension__({                                                                                \
        __typeof__(*(pointer)) arc_stolen_ = *(pointer);                                           \
        *(pointer) = (__typeof__(arc_stolen_)){0};                                                 \
        arc_stolen_;                                                                               \
    })

static inline void arc_auto_free(void *pointer)
{
    free(*(void **)pointer);
}

static inline void arc_auto_json(json_t **value)
{
    json_decref(*value);
}

static inline void arc_error_free(struct arc_error *err)
{
    arc_error_clear(err);
}

/* Returns the code of a call after moving its error, which the caller has examined, from `kept` to
 * *err. */
static inline int arc_error_pass(int rc, struct arc_error *kept, struct arc_error *err)
{
    if (rc && err) {
        arc_error_clear(err);
        *err = *kept;
        err->code = rc;
        *kept = (struct arc_error){0};
    }
    return rc;
}

/* Returns ARC_ENOMEM if a call without an *err ran out of memory, ARC_OK for any other result. */
static inline int arc_error_memory(int rc, struct arc_error *err)
{
    return rc == ARC_ENOMEM ? arc_error_nomem(err) : ARC_OK;
}

/* Returns the code of a call, or ARC_OK with an empty *err for the failure that is harmless
 * here. */
static inline int arc_error_except(int harmless, int rc, struct arc_error *err)
{
    if (rc != harmless)
        return rc;
    arc_error_clear(err);
    return ARC_OK;
}
