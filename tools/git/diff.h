/* Which paths differ between two commits, or between a commit and the work tree. Renames are never
 * looked for, as in `git diff --no-renames`; a renamed file is one deleted and one added. */
#pragma once

#include "git/git.h"

/* What happened to a path. A submodule is a path like any other: its commit changed. */
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
    /* Whether paths below a directory ("services/cache/", with the slash) are wanted; the trees of
     * others are not read. NULL: all are. */
    bool (*enter)(void *context, const char *directory, size_t len);
    /* Called for each path that differs, in git's order (bytewise by path). `path` is valid during
     * the call, NUL-terminated. Non-zero ends the walk and is returned. */
    int (*each)(void *context, const char *path, size_t len, enum arc_git_status status);
    /* Called behind `each` for a path that is a submodule on either side, with its commits there;
     * one that is none there has an empty one. Of the work tree only `from` counts. May be NULL. */
    int (*submodule)(void *context, const char *path, const struct arc_oid *from,
                     const struct arc_oid *to);
    void *context;
    bool inside; /* files that a submodule does not track make it differ, if they are asked for */
};

/* Compares two commits. ARC_ENOTFOUND when a commit or a tree is not in this clone; ARC_EWORLD for
 * a corrupt object; ARC_ELIMIT for directories nested more than ARC_GIT_DEPTH deep, and after
 * ARC_GIT_ENTRIES entries: eleven objects can hold as many paths as take hours. */
int arc_git_diff(const struct arc_git *git, const struct arc_git_diff *diff, struct arc_error *err);

/* Compares HEAD with the files of the work tree, as `git diff HEAD` does, which is run: sparse
 * checkouts, filters (Git LFS), encodings and every form of the index are git's matter. With
 * `untracked`, files that git neither tracks nor ignores come behind the others, as added. `from`,
 * `to` and `enter` are not used. ARC_ENOTFOUND in a bare repository, without a commit or without
 * git; ARC_EWORLD when git fails; ARC_ELIMIT for more than 64 MiB of names. */
int arc_git_diff_worktree(const struct arc_git *git, const struct arc_env *env,
                          const struct arc_git_diff *diff, bool untracked, struct arc_error *err);

/* Renames by their new names. Names are owned by `text`. */
struct arc_git_rename {
    const char *old_name, *new_name;
};

struct arc_git_renames {
    struct arc_git_rename *list;
    size_t count;
    struct arc_buf text;
    bool limited; /* too many files for git to look at what they hold (diff.renameLimit) */
};

/* The renames between two commits (`to` NULL: the work tree), as `git diff --find-renames` sees
 * them; it is run, and reads what the files hold, which may be fetched. ARC_EWORLD when it fails.
 * *out is owned. */
int arc_git_find_renames(const struct arc_git *git, const struct arc_env *env,
                         const struct arc_oid *from, const struct arc_oid *to,
                         struct arc_git_renames *out, struct arc_error *err);
void arc_git_renames_free(struct arc_git_renames *renames);

/* What the file was called; NULL when it is not the new name of one. */
const char *arc_git_old_name(const struct arc_git_renames *renames, const char *new_name);

#define ARC_GIT_DEPTH   1000
#define ARC_GIT_ENTRIES 5000000

/* What a file of the work tree is beside a commit. */
enum arc_git_standing {
    ARC_GIT_CHANGED, /* of the commit, and now another; or its type or executable bit is */
    ARC_GIT_MISSING, /* of the commit, and not there */
    ARC_GIT_NEW,     /* not of the commit, and not ignored */
    ARC_GIT_HIDDEN, /* of the commit, and git was told not to look (assume-unchanged, skip-worktree) */
    ARC_GIT_NO_SUBMODULE, /* a submodule of the commit that is not checked out */
    ARC_GIT_IS_IGNORED,   /* not of the commit, and ignored by .gitignore or the like */
};

/* Calls `each` for every file of the work tree that is not as the commit has it and is, or lies
 * below, one of `paths` (from the root, "." for it; NULL behind the last one). A submodule is one
 * file: its commit and its tracked files count. A non-zero return ends the walk and is returned.
 * ARC_ENOTFOUND in a bare repository or when the commit is not here. */
int arc_git_compare_worktree(const struct arc_git *git, const struct arc_env *env,
                             const struct arc_oid *commit, const char *const *paths,
                             int (*each)(void *context, const char *path,
                                         enum arc_git_standing standing),
                             void *context, struct arc_error *err);
