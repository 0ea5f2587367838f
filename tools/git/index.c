/* The files that git tracks. */
#include "git/lib.h"

int arc_git_tracked(const struct arc_git *git, int (*each)(void *context, const char *path),
                    void *context, struct arc_error *err)
{
    ARC_AUTO_HANDLE(git_index) git_index *index = NULL;
    int rc = git_repository_index(&index, git->repo);

    ARC_TRY(arc_git_check(err, rc, "reading the index"));

    for (size_t i = 0; i < git_index_entrycount(index); i++) {
        const git_index_entry *entry = git_index_get_byindex(index, i);
        if ((entry->mode & 0170000) == 0100000)
            ARC_TRY(each(context, entry->path));
    }

    return ARC_OK;
}
