/* Running the scanner on every target. Internal to the scan stage. */
#ifndef ARC_SCAN_RUN_H
#define ARC_SCAN_RUN_H

#include "scan/judged.h"

/* Runs the commands, reads each report into a target of its own, then asks the scanner for its
 * version and the age of its database. What goes wrong with one target is kept in that target. */
int scan_run_all(struct scan_judged *judged, const struct arc_env *env, struct arc_error *err);

/* Notes comments in a file, or in the files of a folder, by which Trivy leaves out checks
 * (--scanners misconfig). */
int scan_find_inline(struct scan_judged *judged, const char *target, struct arc_error *err);

/* The platforms of the image index that `target` names in its registry: *out is an array of
 * "linux/amd64", …, and "linux/amd64@NAME@DIGEST" for another one of that platform, empty for an
 * image of one platform; a new reference. It stays NULL, with a
 * warning, when the registry does not tell: a local image has none. */
int scan_platforms(struct scan_judged *judged, const struct arc_env *env, const char *target,
                   json_t **out, struct arc_error *err);

#endif
