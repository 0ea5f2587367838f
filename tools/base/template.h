/* The program's own texts: templates in files beside the code, which the build embeds
 * (ARC_TEXT). */
#pragma once

#include "arcci/template.h"

typedef void arc_escape_fn(struct arc_buf *out, const char *text, size_t len);

/* The text as it is. */
arc_escape_fn arc_template_bare;

/* Where a value stands, and how it is escaped there. */
struct arc_template_place {
    const char *name;
    arc_escape_fn *escape;
};

/* Declares arc_embedded_FOLDER_NAME, the text of tools/FOLDER/NAME.…; `name` is FOLDER_NAME. */
#define ARC_TEXT(name) extern const char arc_embedded_##name[]

/* Appends one of those texts filled with an object's members. `places` end with {0}: the first is that of
 * a value which names none, and they come before those of arcci/template.h. Beside what is there,
 *
 *   {{.name}} {{..name}}        is a name of the innermost section alone, or of those around it;
 *   {{#name=word}} {{#a=.b}}    is there if the value is that text, or the same as another;
 *   {{#name:known}}             is there unless the value is null;
 *   {{name:16.12}}              is filled up to 16 characters, and cut to 12;
 *   {{name:widest}}             is filled up to the widest of that name in the list that is looped over;
 *   {{name:.1f}} {{name:size}}  is a number with a decimal, or as a size;
 *   {{name:json}}               is any value as JSON;
 *   {{name:count}} {{name:s}}   is how many parts a list or object has, and "s" unless that, or a number, is 1;
 *   {{#name:count}}             is there once if it has any,
 *
 * and a name that is not there is null. */
int arc_template_fill(const char *text, const struct arc_template_place *places,
                      const json_t *values, struct arc_buf *out, struct arc_error *err);
