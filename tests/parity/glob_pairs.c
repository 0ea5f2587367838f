/* Reads lines of a pattern, a tab and a path from stdin, with %09 %0A %0D %00 %25 for tab, LF, CR,
 * NUL and %, and prints 1 (matches), 0 or E (no valid pattern) for each. */
#include "arcci/glob.h"
#include "base/auto.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* In place; the new length. */
static size_t unescape(char *text, size_t len)
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len) {
            const char digits[] = {text[i + 1], text[i + 2], '\0'};
            text[out++] = (char)strtol(digits, NULL, 16);
            i += 2;
        } else
            text[out++] = text[i];
    }
    return out;
}

/* Compiles the pattern unless it is that of the line before. */
static void use_pattern(const char *text, size_t len, struct arc_buf *last, struct arc_glob **glob)
{
    if (last->data && last->len == len && memcmp(last->data, text, len) == 0)
        return;
    arc_buf_reset(last);
    arc_buf_add(last, text, len);
    arc_glob_free(glob);
    arc_glob_compile(text, len, glob, NULL);
}

int main(void)
{
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
    ARC_AUTO(arc_buf) struct arc_buf last = {.max = (size_t)1 << 24};
    ARC_AUTO_FREE char *line = NULL;
    size_t size = 0;
    for (ssize_t got; (got = getline(&line, &size, stdin)) > 0;) {
        size_t len = (size_t)got - (line[got - 1] == '\n');
        char *tab = memchr(line, '\t', len);
        if (!tab)
            return 2;
        char *path = tab + 1;
        use_pattern(line, unescape(line, (size_t)(tab - line)), &last, &glob);
        len = unescape(path, len - (size_t)(path - line));
        puts(!glob ? "E" : arc_glob_match(glob, path, len) ? "1" : "0");
    }
    return 0;
}
