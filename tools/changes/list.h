/* Text of file names for outputs and documents. */
#pragma once

#include "arcci/changes.h"

/* Appends the bytes, replacing invalid UTF-8 with U+FFFD. */
void arc_list_add_utf8(struct arc_buf *out, const char *text, size_t len);

/* The status of a file for people: "renamed" if it is also added. */
const char *arc_list_status(const struct arc_changed_file *file);
