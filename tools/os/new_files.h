/* New files of a repository, all or none. */
#pragma once

#include "arcci/error.h"
#include <jansson.h>

/* Writes [{path, text}] below `root`, with the folders that they need, none of which may be a link.
 * What is there already is an error. When a file cannot be written, those before it, and the
 * folders made for them, are taken back. ARC_EINPUT, ARC_EWORLD. */
int arc_files_make(const char *root, const json_t *files, struct arc_error *err);
