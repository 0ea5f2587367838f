/* What the renderers of a scan share. Internal to the scan stage. */
#ifndef ARC_SCAN_TEXT_H
#define ARC_SCAN_TEXT_H

#include "scan/judged.h"

/* A row of a markdown table: severity, id, package, installed, fixed, service (if asked for),
 * platforms. */
void scan_add_row(struct arc_buf *out, const struct scan_judged *judged,
                  const struct finding *finding, bool service);

#endif
