/* Text of file names for outputs and documents. */
#pragma once

#include "arcci/changes.h"

/* Appends the bytes with U+FFFD for what is not UTF-8. */
void arc_list_add_utf8(struct arc_buf *out, const char *text, size_t len);

/* The status of a file as people know it: "renamed" of what is added as well. */
const char *arc_list_status(const struct arc_changed_file *file);
