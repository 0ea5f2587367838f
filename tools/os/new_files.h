/* New files of a repository, all or none. */
#pragma once

#include "arcci/error.h"
#include <jansson.h>

/* Writes [{path, text}] below `root`, with their folders, none of which may be a link. An existing
 * file is an error. If a file cannot be written, earlier files and folders are removed again.
 * ARC_EINPUT, ARC_EWORLD. */
int arc_files_make(const char *root, const json_t *files, struct arc_error *err);
