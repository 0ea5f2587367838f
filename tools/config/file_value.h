/* A value that stands in a file: a version that a bot raises, an argument that others read too. */
#pragma once

#include "arcci/buf.h"

/* Names around a value, and blocks in one another, that are read. */
#define ARC_BLOCK_PARTS 8
#define ARC_BLOCKS      4

/* A reader of the lines NAME = VALUE of .env, INI, TOML and HCL files, and of Dockerfiles. Starts
 * with `at` alone. What it points to is in the text. */
struct arc_assignments {
    const char *at; /* the rest of the text */
    const char *parts
        [ARC_BLOCK_PARTS]; /* words of the [section] or the blocks around it: "target", "web" */
    size_t lens[ARC_BLOCK_PARTS];
    size_t count;
    const char *name;
    size_t name_len;
    const char *value; /* without quotes; of a list or an expression its first line */
    size_t value_len;
    /* The reader's own. */
    size_t starts[ARC_BLOCKS], blocks, depth;
    bool in_comment, spaced;
};

/* Goes to the next one; false at the end. */
bool arc_assignments_next(struct arc_assignments *reader);

/* Whether the word of that number around the value is `text`. */
bool arc_assignment_is(const struct arc_assignments *reader, size_t part, const char *text);

/* Where a value stands. */
struct arc_file_place {
    char *file;    /* from the root */
    char **at;     /* keys, "key=value" for the item of a list that has it, numbers from 0; NULL or
                   empty: the whole file */
    unsigned line; /* where it was found, by arc_file_value() */
};

/* The value's text, as it is written: 26.10 in YAML is "26.10". YAML and JSON by their keys; of
 * other files the lines NAME = VALUE below [section] or `block "label" {` (.env, .toml, .hcl), and
 * ARG, ENV and LABEL of a Dockerfile;
 * without `at` the first line. *out is owned by the caller. ARC_EINPUT when it is not there. */
int arc_file_value(struct arc_file_place *place, const struct arc_buf *text, char **out,
                   struct arc_error *err);

/* The same from the file below `root`. */
int arc_file_value_in(const char *root, struct arc_file_place *place, char **out,
                      struct arc_error *err);
