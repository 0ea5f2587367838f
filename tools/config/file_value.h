/* A value that stands in a file: a version that a bot raises, an argument that others read too. */
#ifndef ARC_CONFIG_FILE_VALUE_H
#define ARC_CONFIG_FILE_VALUE_H

#include "arcci/buf.h"

/* Where a value stands. Owned by the holder. */
struct arc_file_place {
    char *file; /* from the root */
    char **at;  /* keys, "key=value" for the item of a list that has it, numbers from 0; NULL or
                   empty: the whole file */
};

void arc_file_place_free(struct arc_file_place *place);

/* The value's text, as it is written: 26.10 in YAML is "26.10". YAML and JSON by their keys; of other
 * files the lines NAME = VALUE below [section] or `block "label" {` (.env, .toml, .hcl); without
 * `at` the first line. *out is owned by the caller. ARC_EINPUT when it is not there. */
int arc_file_value(const struct arc_file_place *place, const struct arc_buf *text, char **out,
                   struct arc_error *err);

/* The same from the file below `root`. */
int arc_file_value_in(const char *root, const struct arc_file_place *place, char **out,
                      struct arc_error *err);

#endif
