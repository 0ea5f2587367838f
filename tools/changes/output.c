/* A list as an output: inline, or the path of a file with it. */
#include "arcci/changes.h"
#include "base/auto.h"
#include "os/file.h"
#include <errno.h>
#include <string.h>

int arc_changes_output(const struct arc_env *env, enum arc_list_format format, size_t room,
                       struct arc_buf *text, bool *spilled, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = 4096};
    const char *base = arc_env_nonempty(env, "RUNNER_TEMP");
    bool fits = text->len <= room || !arc_env_nonempty(env, "GITHUB_OUTPUT");
    *spilled = !fits || format == ARC_LIST_NUL;
    ARC_TRY(arc_buf_check(text, "a list of files", err));
    if (!*spilled)
        return ARC_OK;

    /* The directory is new and private, so any name is safe. */
    if (!base)
        base = arc_env_nonempty(env, "TMPDIR");
    arc_buf_printf(&name, "%s/arc-ci-XXXXXX", arc_or(base, "/tmp"));
    ARC_TRY(arc_buf_check(&name, "the name of a temporary file", err));

    if (!mkdtemp(name.data))
        return arc_error_set(err, ARC_EWORLD, "cannot make a directory %s: %s", name.data,
                             strerror(errno));

    arc_buf_puts(&name, "/files");
    ARC_TRY(arc_buf_check(&name, "the name of a temporary file", err));
    ARC_TRY(arc_file_write(name.data, arc_buf_text(text), text->len, err));
    arc_buf_free(text);
    *text = arc_steal(&name);

    return ARC_OK;
}
