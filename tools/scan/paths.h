/* Where the files of a scanned folder are in the repository. Internal to the scan stage. */
#ifndef ARC_SCAN_PATHS_H
#define ARC_SCAN_PATHS_H

#include "scan/judged.h"

/* Sets each target's prefix: a scan of the folder `services` names `cache/a.py`, the repository has
 * it as `services/cache/a.py`. */
int scan_find_prefixes(struct scan_judged *judged, const struct arc_env *env,
                       struct arc_error *err);

/* Appends a path as a URI reference relative to the root (RFC 3986, section 4.2): never absolute,
 * and nothing in it ends it. */
void scan_add_uri(struct arc_buf *out, const char *path);

/* Whether a target is a folder, not an image. */
bool scan_is_folder(const struct scan_target *target);

#endif
