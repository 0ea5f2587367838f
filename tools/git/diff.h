/* Which paths differ between two commits, or between a commit and the work tree. Like `git diff
 * --no-renames`: a renamed file is one deleted and one added. */
#pragma once

#include "git/git.h"

/* What happened to a path. A submodule is like any path: its commit changed. */
enum arc_git_status {
    ARC_GIT_ADDED,
    ARC_GIT_DELETED,
    ARC_GIT_MODIFIED,     /* content or executable bit */
    ARC_GIT_TYPE_CHANGED, /* file, symbolic link or submodule became another of these */
    ARC_GIT_UNMERGED,     /* work tree only: a conflict */
};

struct arc_git_diff {
    const struct arc_oid *from; /* a commit; NULL: every path of `to` is added */
    const struct arc_oid *to;   /* a commit */
    /* Whether paths below a directory ("services/cache/", with the slash) are wanted; trees of
     * others are not read. NULL: all are. */
    bool (*enter)(void *context, const char *directory, size_t len);
    /* Called for each path that differs, in git's order (bytewise by path). `path` is valid during
     * the call, NUL-terminated. Non-zero ends the walk and is returned. */
    int (*each)(void *context, const char *path, size_t len, enum arc_git_status status);
    /* Called after `each` for a path that is a submodule on either side, with its commits (empty if
     * it is not one there). For the work tree only `from` counts. May be NULL. */
    int (*submodule)(void *context, const char *path, const struct arc_oid *from,
                     const struct arc_oid *to);
    void *context;
    bool inside; /* untracked files in a submodule make it differ, if requested */
};

/* Compares two commits. ARC_ENOTFOUND if the clone lacks a commit or a tree; ARC_EWORLD for a
 * corrupt object; ARC_ELIMIT beyond ARC_GIT_DEPTH levels of directories or ARC_GIT_ENTRIES entries,
 * since eleven objects can contain paths for hours. */
int arc_git_diff(const struct arc_git *git, const struct arc_git_diff *diff, struct arc_error *err);

/* The name of the tree without files, which git knows without its object. */
#define ARC_GIT_EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

/* Compares `from` (a commit or a tree; NULL: HEAD) with the files of the work tree by running `git
 * diff`, which knows sparse checkouts, filters (Git LFS), encodings and every form of the index. With
 * `untracked`, files that are neither tracked nor ignored follow, as added. `to` and `enter` are not
 * used. ARC_ENOTFOUND in a bare repository, without a commit or without git; ARC_EWORLD if git fails;
 * ARC_ELIMIT for more than 64 MiB of names. */
int arc_git_diff_worktree(const struct arc_git *git, const struct arc_git_diff *diff,
                          bool untracked, struct arc_error *err);

/* Finds the renames between two commits (`to` NULL: the work tree) by running `git diff --find-
 * renames`, which reads the files' contents and may fetch them: an object, new name → old name, in
 * git's bytes. *limited: there were too many files for git to compare contents (diff.renameLimit).
 * ARC_EWORLD if it fails. */
int arc_git_find_renames(const struct arc_git *git, const struct arc_oid *from,
                         const struct arc_oid *to, json_t **out, bool *limited,
                         struct arc_error *err);

#define ARC_GIT_DEPTH   1000
#define ARC_GIT_ENTRIES 5000000

/* How a file of the work tree differs from a commit. */
enum arc_git_standing {
    ARC_GIT_CHANGED,      /* in the commit, but its content, type or executable bit differs */
    ARC_GIT_MISSING,      /* in the commit, but missing */
    ARC_GIT_NEW,          /* not in the commit, and not ignored */
    ARC_GIT_HIDDEN,       /* in the commit, but git was told not to check it (assume-unchanged,
                             skip-worktree) */
    ARC_GIT_NO_SUBMODULE, /* a submodule in the commit that is not checked out */
    ARC_GIT_LFS_POINTER,  /* as in the commit, without what Git LFS would put in its place */
    ARC_GIT_IS_IGNORED,   /* not in the commit, and ignored by .gitignore or the like */
};

/* Calls `each` for every file of the work tree that differs from the commit and is, or is below,
 * one of `paths` (from the root; "." is the root; NULL-terminated). A submodule is one file: its
 * commit and its tracked files count. A non-zero return ends the walk and is returned.
 * ARC_ENOTFOUND in a bare repository or if the commit is missing. */
int arc_git_compare_worktree(const struct arc_git *git, const struct arc_oid *commit,
                             const char *const *paths,
                             int (*each)(void *context, const char *path,
                                         enum arc_git_standing standing),
                             void *context, struct arc_error *err);
