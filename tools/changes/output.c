/* A list as an output: inline, or the path of a file with it. */
#include "arcci/changes.h"
#include "base/auto.h"
#include "os/file.h"
#include <errno.h>
#include <string.h>

/* The directory is new and private, so any name is safe. */
static int spill(const struct arc_env *env, const struct arc_buf *text, char **path,
                 struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = 4096};
    const char *base = arc_env_nonempty(env, "RUNNER_TEMP");

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
    *path = arc_buf_steal(&name);
    return arc_error_unless(*path, err);
}

int arc_changes_output(const struct arc_env *env, enum arc_list_format format, size_t room,
                       struct arc_buf *text, bool *spilled, struct arc_error *err)
{
    ARC_AUTO_FREE char *path = NULL;
    *spilled = false;
    int rc = arc_buf_check(text, "a list of files", err);
    bool fits = text->len <= room || !arc_env_nonempty(env, "GITHUB_OUTPUT");
    if (rc || (fits && format != ARC_LIST_NUL))
        return rc;
    ARC_TRY(spill(env, text, &path, err));
    arc_buf_reset(text);
    arc_buf_puts(text, path);
    *spilled = true;

    return arc_buf_check(text, "a path", err);
}
