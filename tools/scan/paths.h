/* Where the files of a scanned folder are in the repository. Internal to the scan stage. */
#pragma once

#include "scan/findings.h"

/* Sets each target's prefix below `root` (NULL: the current directory): a scan of the folder
 * `services` names `cache/a.py`, the repository has it as `services/cache/a.py`. */
int scan_find_prefixes(struct findings *findings, const char *root, const struct arc_env *env,
                       struct arc_error *err);

/* Appends a path as a URI reference relative to the root (RFC 3986, section 4.2): never absolute,
 * never upward, and nothing in it ends it. */
void scan_add_uri(struct arc_buf *out, const char *path);
