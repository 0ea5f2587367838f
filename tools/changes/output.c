/* A list as an output: inline, or the path of a file with it. */
#include "arcci/changes.h"
#include "base/text.h"
#include "os/file.h"
#include <errno.h>

int arc_changes_output(const struct arc_env *env, enum arc_list_format format, size_t room,
                       struct arc_buf *text, bool *spilled, struct arc_error *err)
{
    ARC_AUTO_FREE char *folder = NULL, *path = NULL;
    const char *base =
        arc_or(arc_env_nonempty(env, "RUNNER_TEMP"), arc_env_nonempty(env, "TMPDIR"));
    bool fits = text->len <= room || !arc_env_nonempty(env, "GITHUB_OUTPUT");
    *spilled = !fits || format == ARC_LIST_NUL;
    ARC_TRY(arc_buf_check(text, "a list of files", err));
    if (!*spilled)
        return ARC_OK;

    /* The directory is new and private, so any name is safe. */
    ARC_TRY(arc_text_print(&folder, err, "%s/arc-ci-XXXXXX", arc_or(base, "/tmp")));
    if (!mkdtemp(folder))
        return arc_error_set(err, ARC_EWORLD, "cannot make a directory %s: %s", folder,
                             strerror(errno));

    ARC_TRY(arc_text_print(&path, err, "%s/files", folder));
    ARC_TRY(arc_file_write(path, arc_buf_text(text), text->len, err));
    arc_buf_reset(text);
    arc_buf_puts(text, path);

    return arc_buf_check(text, "the name of a temporary file", err);
}
