/* The values that a notes template can use (docs/notes.md). */
#ifndef ARC_NOTES_VALUES_H
#define ARC_NOTES_VALUES_H

#include "arcci/notes.h"

/* Makes the object that arc_template_render() reads, with all commits of the log. *out is a new
 * reference. */
int arc_notes_values(const struct arc_notes_options *options, json_t **out, struct arc_error *err);

/* The commits by kind: [{title, commits}], empty sections left out; one without a title where they
 * are not sorted. A new reference; NULL when out of memory. */
json_t *arc_notes_sections(const json_t *commits, bool sorted);

#endif
