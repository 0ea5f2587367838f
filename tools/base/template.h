/* The program's own texts: template files beside the code, which the build embeds (ARC_TEXT). */
#pragma once

#include "arcci/template.h"

typedef void arc_escape_fn(struct arc_buf *out, const char *text, size_t len);

/* The text as it is. */
arc_escape_fn arc_template_bare;

/* A place for values, and how they are escaped there. */
struct arc_template_place {
    const char *name;
    arc_escape_fn *escape;
};

/* Declares arc_embedded_FOLDER_NAME, the text of tools/FOLDER/NAME.…; `name` is FOLDER_NAME. */
#define ARC_TEXT(name) extern const char arc_embedded_##name[]

/* Appends such a text, filled in from an object's members. `places` ends with {0} and takes
 * precedence over the places of arcci/template.h; its first one applies to values that name no
 * place. In addition to the syntax of arcci/template.h:
 *
 *   {{.name}} {{..name}}        looks only in the innermost section, or only in those around it;
 *   {{#name=word}} {{#a=.b}}    shows the section if the value is that text, or equals another;
 *   {{#name:known}}             shows the section unless the value is null;
 *   {{#name:count}}             shows the section once if a list or object has any items;
 *   {{name:16.12}}              pads to 16 characters and cuts to 12;
 *   {{name:widest}}             pads to the widest value of that name in the current list;
 *   {{name:.1f}} {{name:size}}  shows a number with one decimal, or as a size;
 *   {{name:json}}               shows any value as JSON;
 *   {{name:count}}              is the number of items of a list or object;
 *   {{name:s}}                  is "s" unless that number, or the value, is 1.
 *
 * An unknown name is null. */
int arc_template_fill(const char *text, const struct arc_template_place *places,
                      const json_t *values, struct arc_buf *out, struct arc_error *err);
