/* Warnings for people, collected in an array of texts until they are shown. */
#pragma once

#include "arcci/error.h"
#include <jansson.h>

/* Adds a warning to a list, which is created if NULL. Control characters in it become visible, so
 * that it stays on one line. */
__attribute__((format(printf, 3, 4))) int arc_warn(json_t **warnings, struct arc_error *err,
                                                   const char *format, ...);

/* The text of a warning, owned by the caller; NULL if out of memory. */
__attribute__((format(printf, 1, 0))) char *arc_warn_text(const char *format, va_list args);

/* Reports progress: a formatted line of at most 4,096 bytes. Does nothing if `tell` is NULL. */
__attribute__((format(printf, 3, 4))) void arc_tell(void (*tell)(void *context, const char *line),
                                                    void *context, const char *format, ...);
