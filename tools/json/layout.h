/* JSON laid out for a person: what fits on a line stays on one. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* Appends the value, its first line without and the others with `indent` spaces in front, lists and
 * objects on one line where that is no longer than `width`. Characters that could drive a terminal
 * are escaped. No line break at the end. */
void arc_json_text(struct arc_buf *out, const json_t *value, size_t indent, size_t width);
