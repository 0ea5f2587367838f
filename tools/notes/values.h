/* The values that a notes template can use (docs/notes.md). */
#pragma once

#include "arcci/notes.h"

/* Makes the object that arc_template_render() reads, with all commits of the log. *out is a new
 * reference. */
int arc_notes_values(const struct arc_notes_options *options, json_t **out, struct arc_error *err);

/* The commits, without what was reverted; *sorted is set when they are listed by kind. A new
 * reference; NULL when out of memory. */
json_t *notes_commits(const struct arc_notes_options *options, bool *sorted);

/* The commits by kind: [{title, commits}], empty sections left out; one without a title where they
 * are not sorted. A new reference; NULL when out of memory. */
json_t *arc_notes_sections(const json_t *commits, bool sorted);

/* The page that shows all changes, or null: a new reference. */
json_t *notes_compare_url(const struct arc_plan *plan);

/* A text, or null: a new reference, NULL when out of memory. */
json_t *notes_text_value(const char *text);
