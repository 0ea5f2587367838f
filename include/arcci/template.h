/* A small template language for the release notes: text with values, sections and loops, no logic.
 * It is Mustache (mustache.github.io/mustache.5.html) with two differences: a tag says what kind of
 * place it is in, and its value is escaped for that place; and an unknown name is an error.
 *
 *   {{name}}  {{a.b}}  {{.}}       a value as markdown text; "." is the item of a list
 *   {{code name}}                  … as a code span, with its backticks
 *   {{url name}}                   … as a link's destination: [text]({{url name}})
 *   {{shell name}} {{line name}}   … as a word, or a whole line, of a code block
 *   {{#name}}…{{/name}}            once for each item of a list; once for any other value, unless
 *                                  it is null, false, 0 or ""; names are looked up in the
 *                                  item first
 *   {{^name}}…{{/name}}            only if it is null, false, 0, "" or an empty list
 *   {{@first}} {{@last}} {{@number}}   of the innermost loop; the number counts from 1
 *   {{! … }}                       a comment
 *
 * A section's or comment's tag alone on its line leaves no line behind. Every value is escaped,
 * unless the program passes it as markdown: {"markdown": text}.
 */
#ifndef ARCCI_TEMPLATE_H
#define ARCCI_TEMPLATE_H

#include "arcci/api.h"
#include "arcci/buf.h"
#include "arcci/error.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* Longest template in bytes, deepest nesting of sections, and most tags and texts that one
 * rendering writes (loops in loops multiply). */
#define ARC_TEMPLATE_MAX   ((size_t)256 << 10)
#define ARC_TEMPLATE_DEPTH 16
#define ARC_TEMPLATE_STEPS 20000000

struct arc_template_node;

/* A parsed template. */
struct arc_template {
    char *name;                      /* for messages; owned */
    char *text;                      /* a copy of the source; the nodes point into it */
    struct arc_template_node *nodes; /* in the order of the source; owned */
    size_t count;
};

/* Parses `len` bytes. `name` is the file's name for messages. A tag without a kind of place writes
 * markdown text, or with `terminal` text for a terminal. ARC_EINPUT with name:line:column for a
 * syntax error, ARC_ELIMIT beyond the limits above. *out is freed by arc_template_free(), after a
 * failure too. */
int arc_template_parse(const char *name, const char *text, size_t len, bool terminal,
                       struct arc_template *out, struct arc_error *err);

/* Appends the template filled with an object's members. ARC_EINPUT with name:line:column for an
 * unknown name, or a list where a value belongs; ARC_ELIMIT beyond out's maximum or
 * ARC_TEMPLATE_STEPS. */
int arc_template_render(const struct arc_template *parsed, const json_t *values,
                        struct arc_buf *out, struct arc_error *err);

void arc_template_free(struct arc_template *parsed);

ARC_API_END

#endif
