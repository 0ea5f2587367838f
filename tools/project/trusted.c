/* Files whose changes in a pull request must not take effect in its own run. */
#include "arcci/project.h"
#include "base/text.h"
#include "git/fetch.h"
#include "os/file.h"
#include <limits.h>

int arc_project_read_trusted(struct arc_project *project, const char *path, size_t max,
                             struct arc_buf *out, char **from, struct arc_error *err)
{
    ARC_TRY(arc_project_load_event(project, err));
    int opened = arc_project_open(project, err);
    if (opened == ARC_ENOMEM)
        return opened;
    const char *commit;
    bool guest = arc_event_is_guest(&project->event, &commit);
    if (opened && guest)
        return opened == ARC_ENOTFOUND ? ARC_EWORLD : opened;
    if (guest && !commit)
        return arc_error_set(err, ARC_EWORLD,
                             "the event %s names no base commit: is GITHUB_EVENT_PATH set?",
                             project->event.name);

    if (guest) {
        const struct arc_oid oid = arc_oid_of(commit);

        ARC_TRY(arc_text_print(from, err, "%s (of the base commit %.7s)", path, commit));
        arc_git_allow_fetching(project->git, 1);
        int rc = ARC_OK;
        if (!arc_git_has(project->git, &oid))
            rc = arc_git_fetch_trees(project->git, &oid, 1, err);
        if (!rc)
            return arc_git_blob(project->git, &oid, path, max, out, err);
        arc_error_prefix(err, "the base commit %.7s is not here", commit);
        return rc == ARC_ENOMEM ? rc : ARC_EWORLD;
    }

    if (opened)
        arc_error_clear(err);

    ARC_TRY(arc_text_copy(path, from, err));

    return arc_file_read_in(opened ? project->env->cwd : project->git->worktree, path, max, out,
                            err);
}

int arc_project_read_given(struct arc_project *project, const char *path, size_t max,
                           struct arc_buf *out, char **from, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf whole = {0}, plain = {0};
    const char *below = NULL, *base;
    char here[PATH_MAX];

    ARC_TRY(arc_project_load_event(project, err));
    int rc = arc_project_open(project, err);
    if (rc == ARC_ENOMEM)
        return rc;
    if (rc)
        arc_error_clear(err);

    /* The path within the work tree, resolved as text. Without one, the workspace has the files. */
    const char *top = arc_or(rc ? NULL : project->git->worktree,
                             arc_env_nonempty(project->env, "GITHUB_WORKSPACE"));
    if (realpath(arc_or(project->env->cwd, "."), here)) {
        arc_buf_printf(&whole, "%s/%s", *path == '/' ? "" : here, path);
        arc_buf_puts(&plain, "/");
        arc_path_clean(arc_buf_text(&whole), whole.len, true, &plain);
        ARC_TRY(arc_buf_check(&whole, "a path", err));
        ARC_TRY(arc_buf_check(&plain, "a path", err));
        below = arc_file_below(arc_or(top, here), plain.data);
    }

    if (below && arc_event_is_guest(&project->event, &base))
        return arc_project_read_trusted(project, below, max, out, from, err);

    ARC_TRY(arc_text_copy(path, from, err));
    ARC_AUTO_FREE char *full = arc_file_join(project->env->cwd, path);
    ARC_TRY_ALLOC(full, err);
    return arc_file_read_given(full, max, out, err);
}
