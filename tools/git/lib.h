/* Shared by the files of this folder: conversions of libgit2's types. */
#pragma once

#include "base/auto.h"
#include "git/git.h"
#include <git2.h>
#if __has_include(<git2/sys/errors.h>) /* declares git_error_clear() since libgit2 1.8 */
#include <git2/sys/errors.h>
#endif

/* Initializes libgit2 for this program; git_libgit2_shutdown() undoes it. */
int arc_git_start(struct arc_error *err);

/* Sets the error of a libgit2 call that returned `code` while doing `what`: ARC_ENOTFOUND,
 * ARC_EINPUT or ARC_EWORLD. */
int arc_git_failed(struct arc_error *err, int code, const char *what);

/* The same for any code: ARC_OK unless it is negative. */
static inline int arc_git_check(struct arc_error *err, int code, const char *what)
{
    return code < 0 ? arc_git_failed(err, code, what) : ARC_OK;
}

/* Convert between libgit2's object names and ours. ARC_EINPUT for anything but 40 hexadecimal
 * digits. */
void arc_git_oid_out(const git_oid *oid, struct arc_oid *out);
int arc_git_oid_in(const struct arc_oid *oid, git_oid *out, struct arc_error *err);

/* Frees libgit2's objects at the end of their scope: ARC_AUTO_HANDLE(git_tree) git_tree *tree =
 * NULL; */
ARC_HANDLE(git_blob)
ARC_HANDLE(git_commit)
ARC_HANDLE(git_config)
ARC_HANDLE(git_config_entry)
ARC_HANDLE(git_config_iterator)
ARC_HANDLE(git_index)
ARC_HANDLE(git_mailmap)
ARC_HANDLE(git_object)
ARC_HANDLE(git_odb)
ARC_HANDLE(git_odb_object)
ARC_HANDLE(git_reference)
ARC_HANDLE(git_reference_iterator)
ARC_HANDLE(git_remote)
ARC_HANDLE(git_tree)
ARC_HANDLE(git_tree_entry)

/* The object database; the caller frees it. */
int arc_git_odb(const struct arc_git *git, git_odb **out, struct arc_error *err);

/* Adds the folders named by GIT_OBJECT_DIRECTORY and GIT_ALTERNATE_OBJECT_DIRECTORIES: in a
 * server's hook, pushed objects are there. Returns a libgit2 code. */
int arc_git_add_objects(const struct arc_env *env, git_odb *odb);

/* The last object checked and its type. Initialize with {0}. */
struct arc_git_asked {
    git_oid oid;
    git_object_t type;
};

/* The type of an object; GIT_OBJECT_INVALID if it is missing. Caches the last answer, since many
 * tags point to one commit. */
git_object_t arc_git_type(git_odb *odb, const git_oid *oid, struct arc_git_asked *last);
