/* Folders of the work tree, as one hash; and temporary ones. */
#pragma once

#include "arcci/env.h"
#include "os/hash.h"

/* Hashes everything below a folder: relative paths in byte order, kinds, executable bits, contents,
 * targets of symbolic links (which are not followed). Times and owners do not count. ARC_ENOTFOUND
 * if it does not exist, ARC_ELIMIT beyond 100,000 entries or 64 levels, ARC_EWORLD if something
 * cannot be read. */
int arc_folder_hash(const char *path, char out[ARC_SHA256_HEX], struct arc_error *err);

/* Makes a folder, and those above it, unless they are there. ARC_EWORLD when that cannot be. */
int arc_folder_make(const char *path, struct arc_error *err);

/* Makes a folder of our own in TMPDIR (else /tmp); *out is owned by the caller. */
int arc_folder_temporary(const struct arc_env *env, char **out, struct arc_error *err);

/* Removes a folder with all that is in it; links are not followed. A missing one is no error. */
void arc_folder_remove(const char *path);
