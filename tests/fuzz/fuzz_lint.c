/* Any bytes are a Dockerfile, a make file and an expression: lint reads them as such, whatever a
 * pull request holds. */
#include "base/auto.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"
#include "lint/rule.h"
#include <string.h>

static void read_dockerfile(const char *text)
{
    ARC_AUTO(arc_dockerfile) struct arc_dockerfile dockerfile = {.at = text, .line = 1};
    ARC_AUTO(arc_buf) struct arc_buf word = {0};
    struct arc_instruction in;
    unsigned last = 0;
    while (arc_dockerfile_next(&dockerfile, &in)) {
        const char *args = in.args;
        size_t equals;
        if (in.line <= last)
            abort(); /* lines only grow, so it ends */
        last = in.line;
        while (arc_dockerfile_word(&args, &word, &equals))
            if (equals > word.len)
                abort();
        arc_buf_reset(&word);
        arc_text_expand(in.args, NULL, &word);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    ARC_AUTO_FREE char *text = calloc(size + 1, 1);
    ARC_AUTO(arc_makefile) struct arc_makefile make = {0};
    if (!text)
        return 0;
    memcpy(text, data, size);
    struct lint lint = {0};
    const char *doubt;
    read_dockerfile(text);
    lint_expression(&lint, text, size, "github hashFiles", &doubt);
    arc_arena_free(&lint.memory);
    arc_makefile_read(text, &make);
    return 0;
}
