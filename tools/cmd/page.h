/* Shared by commands with --html: the option, the builds on the page, the page's file. */
#pragma once

#include "cli/command.h"
#include "html/page.h"

#define HTML_OPTIONS                                                                                \
    VALUE(                                                                                          \
        "html", "FILE",                                                                             \
        "Also write a page of HTML to FILE, which needs no script, no other file and no network."), \
        VALUES("build", "FILE",                                                                     \
               "build.json of a build; the page shows when each of its cells ran.",                 \
               .with = "html")

/* Writes a document's page if --html is given. */
int page_write(const struct invocation *inv, const json_t *document, html_page *make,
               struct arc_error *err);
