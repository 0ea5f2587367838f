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
