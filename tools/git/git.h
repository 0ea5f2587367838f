/* Reading a git repository, with libgit2. Nothing here writes to it, runs a hook or a filter, or
 * uses the network.
 *
 * Commits and other objects travel as 40 lower-case hexadecimal digits (struct arc_oid). A
 * repository of SHA-256 objects is refused with a clear error: the libgit2 of Debian and Ubuntu
 * is built for SHA-1.
 */
#pragma once

#include "arcci/buf.h"
#include "arcci/env.h"
#include <jansson.h>

/* The name of an object, NUL-terminated. */
struct arc_oid {
    char hex[41];
};

/* An open repository. Initialise with {0}; strings are owned. */
struct arc_git {
    struct git_repository *repo; /* libgit2's handle */
    char *worktree;   /* absolute path of the work tree, no slash at the end; NULL for a bare one */
    char *gitdir;     /* absolute path of the .git directory, no slash at the end */
    char *commondir;  /* the same, shared by all work trees (refs, objects, shallow) */
    char *remote;     /* the one that counts: origin, else the one that the branch checked out
                         tracks, else the only one there is */
    bool initialised; /* git_libgit2_init() was called */
    bool is_filtered; /* objects were left out (`git clone --filter`) */
    struct arc_git_scratch *scratch; /* what was fetched (git/fetch.h) */
};

/* What a commit says. Strings are owned. */
struct arc_git_commit {
    struct arc_oid oid;
    struct arc_oid tree;
    struct arc_oid parent; /* the first one; empty for a root commit */
    struct arc_oid merged; /* the second one; empty for what is not a merge */
    unsigned parents;      /* how many there are; in a shallow clone, as the commit says */
    int64_t time;          /* committer time, seconds since 1970 */
    int64_t written;       /* author time, which a cherry-pick keeps */
    char *author;          /* name */
    char *email;
    char *subject; /* first paragraph on one line */
    char *body;    /* the rest of its message */
};

/* Opens the repository that `path` lies in, or for NULL the one that GIT_DIR and GIT_WORK_TREE
 * name, else the one that env->cwd (NULL: ".") lies in. Parent directories are searched for a .git,
 * file systems are not crossed; a bare repository is never found, since it may be files of a tree.
 * ARC_ENOTFOUND when there is none; ARC_EWORLD for one of another user that neither git nor the
 * workflow (GITHUB_WORKSPACE) trusts, for SHA-256 objects, reftable, or a format libgit2 does not
 * know. */
int arc_git_open(const struct arc_env *env, const char *path, struct arc_git *out,
                 struct arc_error *err);
void arc_git_free(struct arc_git *git);

/* The version of libgit2 that is linked, "1.9.7"; not owned. */
const char *arc_git_library(void);

/* Whether history is cut (`git clone --depth`). */
bool arc_git_is_shallow(const struct arc_git *git);

/* Whether history is cut or objects were left out (`git clone --filter`). */
bool arc_git_is_partial(const struct arc_git *git);

/* The commit that a revision names, tags peeled: a full ref, HEAD, a branch, a tag, an object name
 * (abbreviated or not), with ~N and ^N behind it. Searches (":/text"), reflogs ("@{…}") and paths
 * are refused. ARC_ENOTFOUND when it names nothing here; ARC_EINPUT when malformed, or what it
 * names is no commit. */
int arc_git_resolve(const struct arc_git *git, const char *revision, struct arc_oid *out,
                    struct arc_error *err);

/* As arc_git_resolve() for a full ref ("refs/tags/x", "HEAD") only: no guessing. */
int arc_git_resolve_ref(const struct arc_git *git, const char *ref, struct arc_oid *out,
                        struct arc_error *err);
/* The same for a name and what stands before it ("refs/tags/"). */
int arc_git_resolve_in(const struct arc_git *git, const char *prefix, const char *name,
                       struct arc_oid *out, struct arc_error *err);

/* Whether the object is in the repository. */
bool arc_git_has(const struct arc_git *git, const struct arc_oid *oid);

/* The commit that is checked out, and the short name of its branch (owned; NULL when detached;
 * `branch` may be NULL). ARC_ENOTFOUND before the first commit; the branch is given even then. */
int arc_git_head(const struct arc_git *git, struct arc_oid *oid, char **branch,
                 struct arc_error *err);

/* The branch that the clone's remote had checked out (owned, without refs/…), its default one; NULL
 * where that was not recorded (`git init`, actions/checkout). */
int arc_git_remote_head(const struct arc_git *git, char **branch, struct arc_error *err);

/* Appends the full name of the ref that has a branch as a remote has it: the ref of that name which
 * the branch tracks, else the one of git->remote; whether it exists or not. */
int arc_git_remote_ref(const struct arc_git *git, const char *branch, struct arc_buf *out,
                       struct arc_error *err);

/* The names of all tags that lead to a commit, here or elsewhere, without refs/tags/: a new array
 * of strings. Names that are not UTF-8 are left out. */
int arc_git_tags(const struct arc_git *git, json_t **out, struct arc_error *err);

/* Appends the message of an annotated tag, without a signature; nothing for another tag, or none.
 */
int arc_git_tag_message(const struct arc_git *git, const char *tag, struct arc_buf *out,
                        struct arc_error *err);

/* Reads a commit. ARC_ENOTFOUND if it is not here. Free with arc_git_commit_free(). */
int arc_git_commit(const struct arc_git *git, const struct arc_oid *oid, struct arc_git_commit *out,
                   struct arc_error *err);
void arc_git_commit_free(struct arc_git_commit *commit);

/* The best common ancestor of two commits; empty when they have none, which only a whole history
 * tells. ARC_ENOTFOUND when what is here does not tell. */
int arc_git_merge_base(const struct arc_git *git, const struct arc_oid *a, const struct arc_oid *b,
                       struct arc_oid *out, struct arc_error *err);

/* The tag nearest to a commit in its history, the commit included: one like `except` (below the
 * same "group/", or without a slash) but not that one. *out is owned; NULL when there is none. In a
 * whole clone; git is run. */
int arc_git_nearest_tag(const struct arc_git *git, const struct arc_env *env,
                        const struct arc_oid *commit, const char *except, char **out,
                        struct arc_error *err);

/* What arc_git_log() is asked for. */
struct arc_git_log_range {
    const struct arc_oid
        *from; /* this commit and its ancestors are left out; NULL: from the start */
    const struct arc_oid *to;
    const char *const *paths; /* directories or files, without a slash at the end; NULL: any;
                                 a commit counts if one of them differs from every parent's */
    size_t max;               /* most commits to give; 0: 1,000 */
};

/* Calls `each` for the commits of the range, newest first in topological order; a non-zero return
 * of it ends the walk and is returned. Authors are as the .mailmap of HEAD names them. `*more` (may
 * be NULL) tells whether the maximum cut it. */
int arc_git_log(const struct arc_git *git, const struct arc_git_log_range *range,
                int (*each)(void *context, const struct arc_git_commit *commit), void *context,
                bool *more, struct arc_error *err);

/* Adds the names of all commits of the range to an object, each with the value true; max does not
 * count. */
int arc_git_log_names(const struct arc_git *git, const struct arc_git_log_range *range,
                      json_t *names, struct arc_error *err);

/* The name of the object at a path of a commit, whose symbolic links are followed. ARC_ENOTFOUND if
 * there is none, ARC_EWORLD if the clone lacks what is on the way, and it cannot be fetched. */
int arc_git_entry(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                  struct arc_oid *out, struct arc_error *err);

/* Appends the content of the file `path` of a commit, whose symbolic links are followed.
 * ARC_ENOTFOUND if there is no such file; ARC_ELIMIT over `max` bytes; ARC_EWORLD as above. */
int arc_git_blob(const struct arc_git *git, const struct arc_oid *commit, const char *path,
                 size_t max, struct arc_buf *out, struct arc_error *err);

/* The URL of git->remote as configured (owned), user and password taken out. ARC_ENOTFOUND when
 * there is no remote. */
int arc_git_remote_url(const struct arc_git *git, char **out, struct arc_error *err);

/* Calls `each` for every regular file in the index, by path relative to the work tree; a non-zero
 * return of it ends the walk and is returned. */
int arc_git_tracked(const struct arc_git *git, int (*each)(void *context, const char *path),
                    void *context, struct arc_error *err);
