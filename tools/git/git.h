/* Reading a git repository, with libgit2. Nothing here writes to it, runs a hook or a filter, or
 * uses the network.
 *
 * Commits and other objects travel as 40 lower-case hexadecimal digits (struct arc_oid). A
 * repository of SHA-256 objects is refused with a clear error: the libgit2 of Debian and Ubuntu
 * is built for SHA-1.
 */
#pragma once

#include "arcci/arena.h"
#include "arcci/buf.h"
#include "arcci/env.h"
#include <jansson.h>
#include <string.h>

/* How the text starts that git has in place of a file in Git LFS. */
#define ARC_GIT_LFS "version https://git-lfs.github.com/"

/* The name of an object, NUL-terminated. */
struct arc_oid {
    char hex[41];
};

/* The name in a text; empty for NULL. */
static inline struct arc_oid arc_oid_of(const char *text)
{
    struct arc_oid oid = {{0}};
    if (text)
        memcpy(oid.hex, text, strnlen(text, sizeof oid.hex - 1));
    return oid;
}

/* An open repository. Initialize with {0}. */
struct arc_git {
    struct arc_arena memory;     /* of the strings */
    const struct arc_env *env;   /* borrowed */
    struct git_repository *repo; /* libgit2's handle */
    char *worktree;   /* absolute path of the work tree, no slash at the end; NULL for a bare one */
    char *top;        /* the directory that contains .git; NULL if GIT_DIR names the repository */
    char *gitdir;     /* absolute path of the .git directory, no slash at the end */
    char *commondir;  /* the same, shared by all work trees (refs, objects, shallow) */
    char *remote;     /* origin; that of a fork's project, see choose_remote(); else the only one */
    bool initialised; /* git_libgit2_init() was called */
    bool is_other; /* GIT_INDEX_FILE and GIT_OBJECT_DIRECTORY, as a hook has them, are of another */
    bool is_filtered; /* a partial clone (`git clone --filter`) */
    bool *gave_up;    /* the remote failed, whenever it was tried again; may be NULL */
    struct arc_git_scratch *scratch; /* what was fetched (git/fetch.h) */
};

/* A commit. */
struct arc_git_commit {
    struct arc_arena memory; /* of the strings */
    struct arc_oid oid;
    struct arc_oid tree;
    struct arc_oid parent; /* the first one; empty for a root commit */
    struct arc_oid merged; /* the second one; empty if it is not a merge */
    unsigned parents;      /* number of parents, from the commit even in a shallow clone */
    int64_t time;          /* committer time, seconds since 1970 */
    int64_t written;       /* author time, kept by a cherry-pick */
    char *author;          /* name */
    char *email;
    char *subject; /* first paragraph on one line */
    char *body;    /* the rest of its message */
};

/* Opens the repository that contains `path` or, for NULL, the one named by GIT_DIR and
 * GIT_WORK_TREE, else the one that contains env->cwd (NULL: "."). Searches parent directories for a
 * .git without crossing file systems or reaching one of GIT_CEILING_DIRECTORIES; never finds a bare
 * repository, which may be files of a tree. ARC_ENOTFOUND if there is none; ARC_EWORLD for another
 * user's repository that neither git nor the workflow (GITHUB_WORKSPACE) trusts, for SHA-256
 * objects, reftable, or a format unknown to libgit2. */
int arc_git_open(const struct arc_env *env, const char *path, struct arc_git *out,
                 struct arc_error *err);
void arc_git_free(struct arc_git *git);

/* The version of libgit2 that is linked, "1.9.7"; not owned. */
const char *arc_git_library(void);

/* Whether the clone is shallow (`git clone --depth`). */
bool arc_git_is_shallow(const struct arc_git *git);

/* Whether the clone is shallow or partial (`git clone --filter`). */
bool arc_git_is_partial(const struct arc_git *git);

/* The commit of a revision, with tags peeled: a full ref, HEAD, a branch, a tag or an object name
 * (possibly abbreviated), optionally followed by ~N and ^N. Refuses searches (":/text"), reflogs
 * ("@{…}") and paths. ARC_ENOTFOUND if it does not exist here; ARC_EINPUT if it is malformed or not
 * a commit. */
int arc_git_resolve(const struct arc_git *git, const char *revision, struct arc_oid *out,
                    struct arc_error *err);

/* As arc_git_resolve(), but only for a full ref ("refs/tags/x", "HEAD"). */
int arc_git_resolve_ref(const struct arc_git *git, const char *ref, struct arc_oid *out,
                        struct arc_error *err);
/* The same for a prefix ("refs/tags/") and a name. */
int arc_git_resolve_in(const struct arc_git *git, const char *prefix, const char *name,
                       struct arc_oid *out, struct arc_error *err);

/* Whether the object is in the repository. */
bool arc_git_has(const struct arc_git *git, const struct arc_oid *oid);

/* The commit that is checked out, and the short name of its branch (owned; NULL if detached;
 * `branch` may be NULL). ARC_ENOTFOUND before the first commit, with the branch set even then. */
int arc_git_head(const struct arc_git *git, struct arc_oid *oid, char **branch,
                 struct arc_error *err);

/* The remote's default branch as recorded by the clone (owned, without refs/…); NULL if it was not
 * recorded (`git init`, actions/checkout). */
int arc_git_remote_head(const struct arc_git *git, char **branch, struct arc_error *err);

/* Appends the full name of a branch's remote-tracking ref: the ref of that name which the branch
 * tracks, else the one of git->remote, existing or not. */
int arc_git_remote_ref(const struct arc_git *git, const char *branch, struct arc_buf *out,
                       struct arc_error *err);

/* The names, without refs/tags/, of all local tags of `commit`, or for NULL of all commits, even
 * missing ones: a new array of strings. Skips names that are not UTF-8. */
int arc_git_tags(const struct arc_git *git, const struct arc_oid *commit, json_t **out,
                 struct arc_error *err);

/* Appends the message of an annotated tag without its signature; nothing for a lightweight tag, or
 * none. In CI, where the clone may have the commit in its place, the remote's tag counts. */
int arc_git_tag_message(const struct arc_git *git, const char *tag, struct arc_buf *out,
                        struct arc_error *err);

/* Reads a commit. ARC_ENOTFOUND if it is missing. Free with arc_git_commit_free(). */
int arc_git_commit(const struct arc_git *git, const struct arc_oid *oid, struct arc_git_commit *out,
                   struct arc_error *err);
void arc_git_commit_free(struct arc_git_commit *commit);

/* The best common ancestor of two commits; empty if a complete history shows that there is none.
 * ARC_ENOTFOUND if the local history is not enough to know. */
int arc_git_merge_base(const struct arc_git *git, const struct arc_oid *a, const struct arc_oid *b,
                       struct arc_oid *out, struct arc_error *err);

/* The tag nearest to a commit in its history, including the commit: one like `except` (with the
 * same "group/", or without a slash) but not that one. *out is owned by the caller; NULL if there
 * is none. Runs git; needs a complete clone. */
int arc_git_nearest_tag(const struct arc_git *git, const struct arc_oid *commit, const char *except,
                        char **out, struct arc_error *err);

/* The range for arc_git_log(). */
struct arc_git_log_range {
    const struct arc_oid *from; /* excludes this commit and its ancestors; NULL: from the start */
    const struct arc_oid *to;
    size_t max; /* limit of commits; 0: none */
};

/* Calls `each` for the commits of the range, newest first in topological order; a non-zero return
 * value ends the walk and is returned. Authors are mapped by HEAD's .mailmap. *more (may be NULL):
 * there were more than the limit. */
int arc_git_log(const struct arc_git *git, const struct arc_git_log_range *range,
                int (*each)(void *context, const struct arc_git_commit *commit), void *context,
                bool *more, struct arc_error *err);

/* Adds the names of all commits of the range to an object, with the value true; ignores the
 * limit. A history (git/history.h) reads each commit once, whatever the number of ranges. */
struct arc_history;
int arc_git_log_names(struct arc_history *history, const struct arc_git_log_range *range,
                      json_t *names, struct arc_error *err);

/* The name of the object at a path of a commit, following its symbolic links. ARC_ENOTFOUND if
 * there is none, ARC_EWORLD if the clone lacks an object on the way and cannot fetch it. */
int arc_git_entry(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                  struct arc_oid *out);

/* Appends the content of the file `path` of a commit, following its symbolic links. ARC_ENOTFOUND
 * if there is no such file; ARC_ELIMIT beyond `max` bytes; ARC_EWORLD as above. */
int arc_git_blob(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                 size_t max, struct arc_buf *out, struct arc_error *err);

/* The configured URL of git->remote (owned), without user and password. ARC_ENOTFOUND without a
 * remote. */
int arc_git_remote_url(const struct arc_git *git, char **out, struct arc_error *err);

/* Calls `each` for every regular file in the index, by path relative to the work tree; a non-zero
 * return value ends the walk and is returned. */
int arc_git_tracked(const struct arc_git *git, int (*each)(void *context, const char *path),
                    void *context, struct arc_error *err);
/* The same for every file that a sparse checkout leaves out, by running git, which alone reads a
 * sparse index. */
int arc_git_sparse(const struct arc_git *git, int (*each)(void *context, const char *path),
                   void *context, struct arc_error *err);
