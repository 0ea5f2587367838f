/* Reads a large JSON document as a stream, with libyajl, in memory proportional to its longest
 * string instead of its size. A table names the members to read; the rest is checked and skipped. */
#pragma once

#include "arcci/error.h"
#include <stdbool.h>

/* The longest string or number, in bytes of the document, and the deepest nesting. */
#ifndef ARC_JSON_TOKEN_MAX /* the fuzz targets set a smaller one: they read many short documents */
#define ARC_JSON_TOKEN_MAX ((size_t)16 << 20)
#endif
#define ARC_JSON_DEPTH_MAX 256

/* The place of the document itself, as if it were the member "" of this place. */
#define ARC_JSON_TOP 0

/* Matches every member of an object. */
#define ARC_JSON_ANY "*"

/* A member, or the elements of an array, to read. Values without a rule are skipped. */
struct arc_json_rule {
    unsigned in;     /* the place it is in; rules of one place are adjacent */
    const char *key; /* the member's name in letters of any case, as Go's programs read it; NULL for
                        every element of an array; "" in ARC_JSON_TOP */
    unsigned enter;  /* the place that this object or array is; 0: expects a scalar */
    unsigned tag;    /* the reader's own */
};

enum arc_json_type { ARC_JSON_NULL, ARC_JSON_BOOL, ARC_JSON_NUMBER, ARC_JSON_STRING };

/* A scalar. Nothing is owned; `text` is not NUL-terminated, and valid during the call. */
struct arc_json_scalar {
    enum arc_json_type type;
    const char *text; /* a string decoded (UTF-8, may contain NULs), or a number as written */
    size_t len;
    bool truth; /* of a boolean */
};

struct arc_json_reader {
    const struct arc_json_rule *rules; /* ends with {0} */
    size_t size_max;                   /* longest document, in bytes */
    void *data;                        /* for the calls */
    /* Called for a scalar with a rule, even if the rule expects a container. Any value other than 0
     * from this and the next two ends the reading. */
    int (*value)(void *data, const struct arc_json_rule *rule, const struct arc_json_scalar *value,
                 struct arc_error *err);
    /* A container that a rule names is entered ('{' or '['); and left, being complete. A container
     * where a scalar was wanted ends the reading with ARC_EINPUT. */
    int (*enter)(void *data, const struct arc_json_rule *rule, char bracket, struct arc_error *err);
    int (*leave)(void *data, const struct arc_json_rule *rule, struct arc_error *err);
};

/* Reads a whole document from a regular file. Messages call it `name`. ARC_EINPUT with
 * file:line:column for anything but one complete JSON value (RFC 8259), ARC_ELIMIT beyond a limit,
 * ARC_ENOTFOUND, ARC_EWORLD if the file cannot be read, or what a call returned. */
int arc_json_stream_file(const char *path, const char *name, const struct arc_json_reader *reader,
                         struct arc_error *err);

/* The version of libyajl that is linked; not owned. */
const char *arc_json_stream_library(void);
