/* A Dockerfile's stages with what they read, and a .dockerignore with the paths it leaves out: both
 * are a pull request's. The same bytes are read as each. */
#include "base/auto.h"
#include "dockerfile/ignore.h"
#include "dockerfile/pattern.h"
#include "dockerfile/stages.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_stages(const char *text, const json_t *none)
{
    struct arc_stages_request request = {
        .text = text, .args = none, .contexts = none, .platform = "linux/arm64"};
    struct arc_stages stages = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    int rc = arc_stages_read(&request, &stages, &err);
    if (rc != err.code || (rc && stages.count))
        abort();
    for (size_t i = 0; i < stages.count; i++)
        if (!stages.items[i].base || !stages.items[i].line)
            abort();
    arc_stages_free(&stages);
}

static void read_ignore(const char *text)
{
    static const char *const paths[] = {"", "a", "a/b.c", "a/b/c/d", "../a", ".git/config"};
    struct arc_ignore ignore = {0};
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(arc_buf) struct arc_buf clean = {0};
    if (arc_ignore_parse(&memory, text, &ignore) == 0)
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
            arc_ignore_match(&ignore, paths[i], strlen(paths[i]));
    arc_path_clean(text, strlen(text), true, &clean);
    if (clean.len && (clean.data[0] == '/' || strncmp(clean.data, "../", 3) == 0))
        abort(); /* a source would lead out of its context */
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    ARC_AUTO_FREE char *text = calloc(size + 1, 1);
    ARC_AUTO_JSON json_t *none = json_object();
    if (!text || !none)
        return 0;
    memcpy(text, data, size);
    read_stages(text, none);
    read_ignore(text);
    return 0;
}
