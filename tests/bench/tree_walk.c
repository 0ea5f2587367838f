/* The floor that `changes` is measured against: walks two trees with libgit2 and counts the files
 * that differ, without events, filters or outputs.  tree_walk REPOSITORY BASE HEAD [DIRECTORY...]:
 * only below the directories, where there are any. */
#include "git/lib.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t files;

static git_tree *open_tree(git_repository *repo, const git_oid *oid)
{
    git_tree *tree = NULL;
    if (oid && git_tree_lookup(&tree, repo, oid) != 0)
        exit(3);
    return tree;
}

static void walk(git_repository *repo, const git_oid *from, const git_oid *to);

static void one(git_repository *repo, const git_tree_entry *a, const git_tree_entry *b)
{
    const git_tree_entry *any = a ? a : b;
    if (git_tree_entry_type(any) == GIT_OBJECT_TREE)
        walk(repo, a ? git_tree_entry_id(a) : NULL, b ? git_tree_entry_id(b) : NULL);
    else
        files++;
}

static void walk(git_repository *repo, const git_oid *from, const git_oid *to)
{
    git_tree *a = open_tree(repo, from), *b = open_tree(repo, to);
    size_t i = 0, j = 0, in_a = a ? git_tree_entrycount(a) : 0,
           in_b = b ? git_tree_entrycount(b) : 0;
    while (i < in_a || j < in_b) {
        const git_tree_entry *x = i < in_a ? git_tree_entry_byindex(a, i) : NULL;
        const git_tree_entry *y = j < in_b ? git_tree_entry_byindex(b, j) : NULL;
        int order = !x ? 1 : !y ? -1 : git_tree_entry_cmp(x, y);
        if (order != 0)
            one(repo, order < 0 ? x : NULL, order < 0 ? NULL : y);
        else if (!git_oid_equal(git_tree_entry_id(x), git_tree_entry_id(y)))
            one(repo, x, y);
        i += order <= 0;
        j += order >= 0;
    }
    git_tree_free(a);
    git_tree_free(b);
}

static void below(git_repository *repo, git_tree *a, git_tree *b, const char *directory)
{
    git_tree_entry *x = NULL, *y = NULL;
    git_tree_entry_bypath(&x, a, directory);
    git_tree_entry_bypath(&y, b, directory);
    bool same = x && y && git_oid_equal(git_tree_entry_id(x), git_tree_entry_id(y));
    if ((x || y) && !same)
        one(repo, x, y);
    git_tree_entry_free(x);
    git_tree_entry_free(y);
}

int main(int argc, char **argv)
{
    git_repository *repo = NULL;
    git_object *a = NULL, *b = NULL;
    char spec[2][256];
    if (argc < 4 || arc_git_start(NULL) || git_repository_open(&repo, argv[1]) != 0)
        return 3;
    snprintf(spec[0], sizeof spec[0], "%s^{tree}", argv[2]);
    snprintf(spec[1], sizeof spec[1], "%s^{tree}", argv[3]);
    if (git_revparse_single(&a, repo, spec[0]) != 0 || git_revparse_single(&b, repo, spec[1]) != 0)
        return 3;
    for (int i = 4; i < argc; i++)
        below(repo, (git_tree *)a, (git_tree *)b, argv[i]);
    if (argc == 4)
        walk(repo, git_object_id(a), git_object_id(b));
    printf("%zu\n", files);
    return 0;
}
