/* Text of file names for outputs and documents. */
#ifndef ARC_CHANGES_LIST_H
#define ARC_CHANGES_LIST_H

#include "arcci/buf.h"

/* Appends the bytes with U+FFFD for what is not UTF-8. */
void arc_list_add_utf8(struct arc_buf *out, const char *text, size_t len);

#endif
