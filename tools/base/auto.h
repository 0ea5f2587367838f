/* Locals that free themselves, and visible handing over of ownership.
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

/* The same, with what the call was for in front of its message, as arc_error_prefix() has it. */
#define ARC_TRY_PREFIX(call, err, ...)                                                             \
    do {                                                                                           \
        if (call)                                                                                  \
            return arc_error_prefix(err, __VA_ARGS__);                                             \
    } while (0)

/* As ARC_TRY() where what was just made (a pointer, a condition) is not there for want of memory. */
#define ARC_TRY_ALLOC(made, err)                                                                   \
    do {                                                                                           \
        if (!(made))                                                                               \
            return arc_error_nomem(err);                                                           \
    } while (0)

/* The code of a call that fills *out: when it fails, noun_free() is called for what is there. */
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
        *place_ = __VA_ARGS__;                                                                     \
    } while (0)

static inline int arc_error_unless(bool made, struct arc_error *err)
{
    return made ? ARC_OK : arc_error_nomem(err);
}

/* Runs a statement with the arguments behind the parameter `last`, which are its `args`. */
#define ARC_WITH_ARGS(last, statement)                                                             \
    do {                                                                                           \
        va_list args;                                                                              \
        va_start(args, last);                                                                      \
        statement;                                                                                 \
        va_end(args);                                                                              \
    } while (0)

/* For each item of an array, which the loop declares as a pointer to it. The array stays where it
 * is meanwhile, as long as it is. */
#define arc_each(item, array, count)                                                               \
    for (__typeof__((array)[0]) *item = (array), *item##_end = item ? item + (count) : item;       \
         item < item##_end; item++)

/* How many items an array has, and a loop over all of them. */
#define ARC_COUNT(array)         (sizeof(array) / sizeof *(array))
#define arc_each_in(item, array) arc_each (item, array, ARC_COUNT(array))

/* Of plain values: both are read twice. */
#define ARC_MIN(a, b) ((a) < (b) ? (a) : (b))
#define ARC_MAX(a, b) ((a) > (b) ? (a) : (b))

/* The value, read once, or what stands for it where it is NULL or 0. Not in a list of initial
 * values: cppcheck does not read it there. */
#define arc_or(value, otherwise)                                                                   \
    __extension__({                                                                                \
        __typeof__(value) arc_value_ = (value);                                                    \
        arc_value_ ? arc_value_ : (otherwise);                                                     \
    })

/* Takes the value of a variable, a pointer or a struct, and leaves NULL or {0} behind. */
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

/* The code of a call whose error was looked at first, in `kept`: *err takes it over now, with its
 * place. */
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

/* The code of a call that was given no *err, and may fail in any way but for want of memory. */
static inline int arc_error_memory(int rc, struct arc_error *err)
{
    return rc == ARC_ENOMEM ? arc_error_nomem(err) : ARC_OK;
}

/* The code of a call, or ARC_OK, and nothing in *err, for the one failure that is none to the
 * caller. */
static inline int arc_error_except(int harmless, int rc, struct arc_error *err)
{
    if (rc != harmless)
        return rc;
    arc_error_clear(err);
    return ARC_OK;
}
