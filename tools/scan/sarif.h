/* SARIF 2.1.0 (OASIS standard) of a scan, within what GitHub takes (GitHub docs, "SARIF support for
 * code scanning": 25,000 results, 25,000 rules a run, 20 tags a rule). Internal. */
#ifndef ARC_SCAN_SARIF_H
#define ARC_SCAN_SARIF_H

#include "scan/judged.h"

#define SARIF_RESULTS_MAX 25000

/* Makes the log of the worst SARIF_RESULTS_MAX findings; warns of those left out. Fingerprints are
 * the same in every run that finds the same weakness. *out is a new reference. */
int scan_sarif(struct scan_judged *judged, json_t **out, struct arc_error *err);

#endif
