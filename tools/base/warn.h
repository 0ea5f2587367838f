/* Warnings for people, kept in an array of texts until they are shown. */
#pragma once

#include "arcci/error.h"
#include <jansson.h>

/* Adds a warning to a list, which is made when it is NULL; whatever a name in it holds, it stays on
 * its line. */
__attribute__((format(printf, 3, 4))) int arc_warn(json_t **warnings, struct arc_error *err,
                                                   const char *format, ...);

/* Such a text; NULL when out of memory. The caller frees it. */
__attribute__((format(printf, 1, 0))) char *arc_warn_text(const char *format, va_list args);

/* Tells the progress of work, a formatted line of at most 4,096 bytes; nothing where `tell` is NULL. */
__attribute__((format(printf, 3, 4))) void arc_tell(void (*tell)(void *context, const char *line),
                                                    void *context, const char *format, ...);
