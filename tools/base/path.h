/* Paths of a repository, as its files spell them. */
#pragma once

#include "arcci/arena.h"
#include "arcci/buf.h"

/* Makes `path`, which is relative to `base` ("" or "." for the root), relative to the root, without
 * "." and ".."; "." is the root itself. *out is owned by the caller, and NULL when the path is
 * absolute or leads out of the repository. */
int arc_path_resolve(const char *base, const char *path, char **out, struct arc_error *err);

/* Returns the part of `path` below a directory: "" for the directory itself, all of it for ".",
 * NULL if it is outside. Both must be clean. */
const char *arc_path_below(const char *directory, const char *path);

/* Makes a path of *len bytes relative to a directory ("" for the root). Returns false and changes
 * nothing if it is not below the directory. */
bool arc_path_enter(const char *directory, const char **path, size_t *len);

/* Appends a path relative to a directory, with "../" where it is outside. Both must be clean. */
void arc_path_relative(const char *directory, const char *path, struct arc_buf *out);

/* Whether a part of a path is "..". */
bool arc_path_goes_up(const char *path);

/* The last part of a path. */
const char *arc_path_name(const char *path);

/* The directory of a path, "." for a name alone; and "DIRECTORY/NAME", NAME below ".". */
char *arc_path_parent(struct arc_arena *memory, const char *path);
char *arc_path_join(struct arc_arena *memory, const char *directory, const char *name);

/* Whether it is an ssh repository, "git@host:path", instead of a path (BuildKit, sshutil). */
bool arc_path_is_ssh(const char *path);

/* Appends a glob that matches only this path. */
void arc_path_to_glob(struct arc_buf *out, const char *path);
