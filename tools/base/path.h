/* Paths of a repository, as its files write them. */
#pragma once

#include "arcci/buf.h"

/* Makes `path`, which is relative to `base` ("" or "." for the root), relative to the root, without
 * "." and ".."; "." is the root itself. *out is owned by the caller, and NULL when the path is
 * absolute or leads out of the repository. */
int arc_path_resolve(const char *base, const char *path, char **out, struct arc_error *err);

/* What a path is below a directory: "" for the directory itself, the path for "."; NULL when it
 * lies elsewhere. Both are clean. */
const char *arc_path_below(const char *directory, const char *path);

/* Makes a path that has a length relative to a directory ("" for the root); false, and the path as it
 * was, when it is not below that. */
bool arc_path_enter(const char *directory, const char **path, size_t *len);

/* Whether a part of a path is "..". */
bool arc_path_goes_up(const char *path);

/* The last part of a path. */
const char *arc_path_name(const char *path);

/* Whether it is no path, but a repository as ssh names one: "git@host:path" (BuildKit, sshutil). */
bool arc_path_is_ssh(const char *path);

/* Appends a path as a glob that matches it alone. */
void arc_path_to_glob(struct arc_buf *out, const char *path);
