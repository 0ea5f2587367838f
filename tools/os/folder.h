/* Hashes folders of the work tree, and makes temporary ones. */
#pragma once

#include "arcci/env.h"
#include "os/hash.h"

/* Hashes everything below a folder: relative paths in byte order, kinds, executable bits, contents,
 * targets of symbolic links (which are not followed). Times and owners do not count. ARC_ENOTFOUND
 * if it does not exist, ARC_ELIMIT beyond 100,000 entries or 64 levels, ARC_EWORLD if something
 * cannot be read. */
int arc_folder_hash(const char *path, char out[ARC_SHA256_HEX], struct arc_error *err);

/* Makes a folder and its parents, unless they exist. ARC_EWORLD on failure. */
int arc_folder_make(const char *path, struct arc_error *err);

/* Makes a private folder in TMPDIR (else /tmp); *out is owned by the caller. */
int arc_folder_temporary(const struct arc_env *env, char **out, struct arc_error *err);

/* Removes a folder with its contents, without following links. A missing one is not an error. */
void arc_folder_remove(const char *path);
