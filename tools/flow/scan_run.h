/* Running the scanner on every target. Internal to the scan stage. */
#ifndef ARCCI_FLOW_SCAN_RUN_H
#define ARCCI_FLOW_SCAN_RUN_H

#include "flow/scan_judged.h"

/* Runs the commands, reads each report into a target of its own, then asks the scanner for its
 * version and the age of its database. What goes wrong with one target is kept in that target. */
int scan_run_all(struct scan_judged *judged, const struct arc_env *env, struct arc_error *err);

#endif
