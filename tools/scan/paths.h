/* Maps files of a scanned folder to paths in the repository. Internal to the scan stage. */
#pragma once

#include "scan/findings.h"

/* Sets each target's prefix below `root` (NULL: the current directory): in a scan of the folder
 * `services`, `cache/a.py` is the repository's `services/cache/a.py`. */
int scan_find_prefixes(struct findings *findings, const char *root, const struct arc_env *env,
                       struct arc_error *err);

/* The length of "HOST:5000/NAME" in "HOST:5000/NAME:TAG@DIGEST". */
size_t scan_name_length(const char *reference);

/* Appends a path as a relative URI reference (RFC 3986, section 4.2): never absolute, without "..",
 * and with special characters encoded. */
void scan_add_uri(struct arc_buf *out, const char *path);
