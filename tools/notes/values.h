/* The values that a notes template can use (docs/notes.md). */
#pragma once

#include "arcci/notes.h"

/* Makes the object that arc_template_render() reads, with all commits of the log. *out is a new
 * reference. */
int arc_notes_values(const struct arc_notes_options *options, json_t **out, struct arc_error *err);

/* Returns the commits without reverted ones; sets *sorted if they are listed by kind. A new
 * reference; NULL when out of memory. */
json_t *notes_commits(const struct arc_notes_options *options, bool *sorted);

/* Returns the commits by kind: [{title, commits}] without empty sections; if not sorted, one
 * section without a title. A new reference; NULL when out of memory. */
json_t *arc_notes_sections(const json_t *commits, bool sorted);

/* Returns the paragraphs of the tag's message, of a longer one those within its first `max`
 * characters and where the rest is; none if it only repeats the tag's name. A new reference; NULL
 * when out of memory. */
json_t *notes_message(const struct arc_notes_log *log, const struct arc_plan *plan, size_t max);

/* Returns the URL of the page that compares with the previous tag, or null; a new reference. */
json_t *notes_compare_url(const struct arc_plan *plan);
