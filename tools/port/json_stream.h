/* Reads a large JSON document member by member: jansson decodes one value at a time, so the memory
 * is that of the largest value asked for, not that of the document. */
#ifndef ARCCI_PORT_JSON_STREAM_H
#define ARCCI_PORT_JSON_STREAM_H

#include "arcci/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Most bytes that one decoded value may take in the document. */
#define ARC_JSON_VALUE_MAX ((size_t)16 << 20)

/* The place of the document itself, as if it were the member "" of this place. */
#define ARC_JSON_TOP 0

/* A member, or an element of an array, that the reader wants. What no rule names is read past:
 * checked, not kept. */
struct arc_json_rule {
    unsigned in;     /* the place it is in */
    const char *key; /* the member's name; NULL for every element of an array; "" in ARC_JSON_TOP */
    unsigned enter;  /* the place that an object or array here is; 0: decode it whole */
};

struct arc_json_reader {
    const struct arc_json_rule *rules; /* ends with {0} */
    size_t size_max;                   /* longest document, in bytes */
    void *data;                        /* for the calls */
    /* A value that a rule names: decoded whole, or a scalar where `enter` expected a container.
     * `in` and `key` are the rule's. The value is borrowed. Anything but 0 ends the reading. */
    int (*value)(void *data, const struct arc_json_rule *rule, const json_t *value,
                 struct arc_error *err);
    /* An object ('{') or array ('[') is entered; and left, when it was complete. May be NULL. */
    int (*enter)(void *data, const struct arc_json_rule *rule, char bracket, struct arc_error *err);
    int (*leave)(void *data, const struct arc_json_rule *rule, struct arc_error *err);
};

/* Reads the whole document of a regular file, or of `len` bytes. `name` stands for it in messages.
 * ARC_EINPUT with file:line:column for anything but one complete JSON value, ARC_ELIMIT beyond a
 * limit, ARC_ENOTFOUND, ARC_EWORLD if the file cannot be read, or what a call returned. */
int arc_json_stream_file(const char *path, const char *name, const struct arc_json_reader *reader,
                         struct arc_error *err);
int arc_json_stream_text(const char *text, size_t len, const char *name,
                         const struct arc_json_reader *reader, struct arc_error *err);

#endif
