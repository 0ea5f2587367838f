/* Warnings for people, collected in an array of texts until they are shown. */
#pragma once

#include "arcci/error.h"
#include <jansson.h>

/* Adds a warning to a list, which is created if NULL. Control characters in it become visible, so
 * that it stays on one line. */
__attribute__((format(printf, 3, 4))) int arc_warn(json_t **warnings, struct arc_error *err,
                                                   const char *format, ...);

/* Where warnings about files go. */
struct arc_warner {
    /* Any value but 0 ends what warns, which returns it. `place` may be NULL. */
    int (*warn)(void *context, const struct arc_place *place, const char *text);
    void *context;
    struct arc_error *err;
};

/* Gives a formatted warning to a warner. */
__attribute__((format(printf, 3, 4))) int arc_warn_at(const struct arc_warner *warner,
                                                      const struct arc_place *place,
                                                      const char *format, ...);

/* The text of a warning, owned by the caller; NULL if out of memory. */
__attribute__((format(printf, 1, 0))) char *arc_warn_text(const char *format, va_list args);

/* Reports progress: a formatted line of at most 4,096 bytes. Does nothing if `tell` is NULL. */
__attribute__((format(printf, 3, 4))) void arc_tell(void (*tell)(void *context, const char *line),
                                                    void *context, const char *format, ...);
