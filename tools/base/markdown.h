/* Escapes untrusted values for places in GitHub's markdown.
 *
 * Strangers write commit subjects, author and branch names. Whatever bytes they contain, they must
 * not start a mention, a link, HTML, emphasis, a list, a table cell or a code span. Rules: GitHub
 * Flavored Markdown 0.29 (github.github.com/gfm); autolinks and mentions as in GitHub's docs,
 * "Autolinked references and URLs".
 *
 * All functions write one line: line breaks become spaces, other control characters and bytes that
 * are not UTF-8 become visible (base/text.h).
 */
#pragma once

#include "arcci/buf.h"

/* Text for a paragraph, a heading, a list item, a table cell or a link's text. */
void arc_markdown_text(struct arc_buf *out, const char *text, size_t len);

/* A code span with its backticks, also for a table cell; nothing for an empty text. */
void arc_markdown_code(struct arc_buf *out, const char *text, size_t len);

/* A URL as a link's destination: [text](URL). Anything but http:// and https:// becomes "#". */
void arc_markdown_url(struct arc_buf *out, const char *text, size_t len);

/* A line inside a fenced code block, unchanged except for control characters. */
void arc_markdown_line(struct arc_buf *out, const char *text, size_t len);

/* One word of a POSIX shell command: bare if it is harmless, else in single quotes. For commands
 * that a person copies; this program itself runs no shell. */
void arc_markdown_shell(struct arc_buf *out, const char *text, size_t len);

/* Whether two texts are the same except for line endings and trailing space; NULL counts as "". */
bool arc_markdown_same(const char *a, const char *b);
