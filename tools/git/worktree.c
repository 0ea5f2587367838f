/* Uncommitted changes: `git diff HEAD`. */
#include "git/diff.h"
#include "git/lib.h"
#include <string.h>

static enum arc_git_status status_of(git_delta_t delta)
{
    switch (delta) {
    case GIT_DELTA_ADDED:
        return ARC_GIT_ADDED;
    case GIT_DELTA_DELETED:
        return ARC_GIT_DELETED;
    case GIT_DELTA_TYPECHANGE:
        return ARC_GIT_TYPE_CHANGED;
    case GIT_DELTA_CONFLICTED:
        return ARC_GIT_UNMERGED;
    default:
        return ARC_GIT_MODIFIED;
    }
}

static int head_tree(const struct arc_git *git, git_tree **out, struct arc_error *err)
{
    git_object *object = NULL;
    int rc = git_revparse_single(&object, git->repo, "HEAD^{tree}");
    if (rc < 0)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "base HEAD asks for uncommitted changes, but there is no commit yet");
    *out = (git_tree *)object;
    return ARC_OK;
}

int arc_git_diff_worktree(const struct arc_git *git, const struct arc_git_diff *diff,
                          struct arc_error *err)
{
    git_tree *tree = NULL;
    git_diff *found = NULL;
    git_diff_options options;
    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
    if (!git->worktree)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "base HEAD asks for uncommitted changes, but '%s' is a bare "
                             "repository",
                             git->gitdir);
    int rc = head_tree(git, &tree, err);
    if (rc)
        return rc;
    rc = git_diff_tree_to_workdir_with_index(&found, git->repo, tree, &options);
    if (rc < 0)
        rc = arc_git_failed(err, rc, "comparing the work tree with HEAD");
    for (size_t i = 0; !rc && i < git_diff_num_deltas(found); i++) {
        const git_diff_delta *delta = git_diff_get_delta(found, i);
        const char *path = delta->new_file.path ? delta->new_file.path : delta->old_file.path;
        rc = diff->each(diff->context, path, strlen(path), status_of(delta->status));
    }
    git_diff_free(found);
    git_tree_free(tree);
    return rc;
}
