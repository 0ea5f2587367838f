/* JSON laid out for a person: what fits on a line stays on one. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* Appends the value; lines after the first are indented by `indent` spaces, and lists and objects
 * that fit into `width` stay on one line. Escapes characters that could control a terminal. No line
 * break at the end. */
void arc_json_text(struct arc_buf *out, const json_t *value, size_t indent, size_t width);
