/* One self-contained page of HTML: no script, no font, no request. Every value is escaped for its
 * place. */
#pragma once

#include "arcci/documents.h"
#include "base/template.h"

/* Makes a page of a document, with the timelines of builds. */
typedef int html_page(const json_t *document, const struct arc_ledger *builds, size_t count,
                      struct arc_buf *out, struct arc_error *err);

/* Those of dry-run.json and of status.json. */
html_page html_dryrun, html_status;

/* ---- for the pages ------------------------------------------------------------------------- */

/* Appends text, with control characters made visible. */
void html_text(struct arc_buf *out, const char *text, size_t len);

/* Appends GitHub's markdown as used in release notes: headings, paragraphs, lists, tables, fenced
 * code; in them code, links, strong text and line breaks. Anything else stays text. The text ends
 * with a NUL. */
void html_markdown(struct arc_buf *out, const char *text, size_t len);
