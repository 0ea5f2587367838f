/* Walks over the files of the tree. */
#include "base/json.h"
#include "git/git.h"
#include "lint/rule.h"
#include "os/file.h"

/* Deepest folder to enter outside of a repository. */
#define DEPTH_MAX 32

static void walk_directory(struct lint *lint, const char *directory, unsigned depth,
                           int (*each)(void *lint, const char *file))
{
    ARC_AUTO_JSON json_t *names = lint_list(lint, directory);

    arc_json_each (item, names) {
        const char *name = json_string_value(item);
        const char *file = lint_join(lint, directory, name);
        if (strcmp(name, ".git") == 0)
            continue;
        if (depth < DEPTH_MAX && /* links could go round */
            arc_file_is_folder(lint_text(lint, "%s/%s", lint->root, file)))
            walk_directory(lint, file, depth + 1, each);
        else if (arc_file_kind_in(lint->root, file) == ARC_FILE_REGULAR)
            each(lint, file);
    }
}

void lint_walk(struct lint *lint, const char *directory, int (*each)(void *lint, const char *file))
{
    walk_directory(lint, directory, 0, each);
}

void lint_each_file(struct lint *lint, int (*each)(void *lint, const char *file))
{
    const struct arc_git *git = lint->project->git;
    int rc = git && git->worktree ? arc_git_tracked(git, each, lint, NULL) : ARC_ENOTFOUND;
    if (rc && !lint->memory.failed)
        lint_walk(lint, ".", each);
}
