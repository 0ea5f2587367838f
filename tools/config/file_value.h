/* Reads a value from a file, such as a version that a bot updates or an argument that others use
 * too. */
#pragma once

#include "arcci/buf.h"

/* Deepest nesting of blocks and names around a value. */
#define ARC_BLOCK_PARTS 8
#define ARC_BLOCKS      4

/* A reader of the lines NAME = VALUE of .env, INI, TOML and HCL files, and of Dockerfiles. Starts
 * with `at` alone. What it points to is in the text. */
struct arc_assignments {
    const char *at;                     /* the rest of the text */
    const char *parts[ARC_BLOCK_PARTS]; /* words of its [section] or blocks: "target", "web" */
    size_t lens[ARC_BLOCK_PARTS];
    size_t count;
    const char *name;
    size_t name_len;
    const char *value; /* without quotes; of a list or an expression its first line */
    size_t value_len;
    /* Internal. */
    size_t starts[ARC_BLOCKS], blocks, depth;
    bool in_comment, spaced, several, goes_on;
};

/* Advances to the next assignment; false at the end. */
bool arc_assignments_next(struct arc_assignments *reader);

/* Whether the enclosing word with that index is `text`. */
bool arc_assignment_is(const struct arc_assignments *reader, size_t part, const char *text);

/* The place of a value. */
struct arc_file_place {
    char *file; /* from the root */
    char **
        at; /* keys, "key=value" for an item of a list, indexes from 0; NULL or empty: the whole file */
    unsigned line; /* set by arc_file_value() */
};

/* The value's text, as it is written: 26.10 in YAML is "26.10". YAML and JSON by their keys; of
 * other files the lines NAME = VALUE below [section] or `block "label" {` (.env, .toml, .hcl), ARG,
 * ENV and LABEL of a Dockerfile, NAME ?= VALUE, and `const NAME = VALUE`, where the last one of a
 * name counts, as for a shell;
 * without `at` the first line. *out is owned by the caller. ARC_EINPUT when it is not there. */
int arc_file_value(struct arc_file_place *place, const struct arc_buf *text, char **out,
                   struct arc_error *err);

/* The same for a file below `root`. */
int arc_file_value_in(const char *root, struct arc_file_place *place, char **out,
                      struct arc_error *err);
