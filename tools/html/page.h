/* One page of HTML that needs nothing else: no script, no font, no request. Every value is escaped
 * where it lands. */
#pragma once

#include "arcci/documents.h"
#include "base/template.h"

/* A page of a document, with the timelines of builds. */
typedef int html_page(const json_t *document, const struct arc_ledger *builds, size_t count,
                      struct arc_buf *out, struct arc_error *err);

/* Those of dry-run.json and of status.json. */
html_page html_dryrun, html_status;

/* ---- for the pages ------------------------------------------------------------------------- */

/* Text, with controls written out. */
void html_text(struct arc_buf *out, const char *text, size_t len);

/* GitHub's markdown as release notes use it: headings, paragraphs, lists, tables, fenced code;
 * code, links, strong text and line breaks in them. Anything else stays text. */
void html_markdown(struct arc_buf *out, const char *text);
