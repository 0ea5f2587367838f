/* One page of HTML that needs nothing else: no script, no font, no request. Every value is escaped where it lands. */
#ifndef ARC_HTML_PAGE_H
#define ARC_HTML_PAGE_H

#include "arcci/buf.h"
#include "arcci/documents.h"
#include "arcci/error.h"
#include <jansson.h>

/* The page of dry-run.json or of status.json, with the timelines of builds. */
void html_dryrun(const json_t *document, const struct arc_ledger *builds, size_t count,
                 struct arc_buf *out);
void html_status(const json_t *document, const struct arc_ledger *builds, size_t count,
                 struct arc_buf *out);

/* Writes such a page to a file, whole or not at all. ARC_EWORLD when it cannot be written. */
int html_write(const char *path, const struct arc_buf *page, struct arc_error *err);

/* ---- for the pages ------------------------------------------------------------------------- */

void html_begin(struct arc_buf *out, const char *title, const char *subtitle);
void html_end(struct arc_buf *out);

/* Text, with controls written out. */
void html_text(struct arc_buf *out, const char *text);

/* A heading with what follows, until the next one. */
void html_section(struct arc_buf *out, const char *title);

/* A table; its cells are texts in <td>, or <td><code>. The names of the columns end with NULL. */
void html_table(struct arc_buf *out, const char *label, const char *const *columns);
void html_row(struct arc_buf *out);
void html_row_end(struct arc_buf *out);
void html_cell(struct arc_buf *out, const char *text);
void html_code_cell(struct arc_buf *out, const char *text);
void html_table_end(struct arc_buf *out);

/* When each cell of a build ran, as a table with bars; a section of its own. */
void html_timeline(const struct arc_ledger *build, struct arc_buf *out);

/* Something long behind a line that opens it. */
void html_details(struct arc_buf *out, const char *summary, const char *text);

/* GitHub's markdown as release notes use it: headings, paragraphs, lists, tables, fenced code; code,
 * links, strong text and line breaks in them. Anything else stays text. */
void html_markdown(struct arc_buf *out, const char *text);

#endif
