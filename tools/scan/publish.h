/* Sends a scan's results to GitHub. Internal to the scan stage. */
#pragma once

#include "arcci/scan.h"

/* GitHub's limit for the compressed log (GitHub docs, "SARIF support for code scanning"). */
#define SARIF_UPLOAD_MAX ((size_t)10 << 20)

/* Uploads the log and waits until it is processed: *out is {id, status, results, url}. If it is too
 * large, drops the least severe results from the end. */
int scan_upload(const struct arc_scan_publish *options, json_t *sarif, size_t upload_max,
                struct arc_transport *transport, json_t **out, struct arc_error *err);

/* Creates and updates the issues in `wanted` (arc_scan.issues): *out is [{service, action, number,
 * url}]. */
int scan_file_issues(const struct arc_scan_publish *options, const json_t *wanted,
                     struct arc_transport *transport, json_t **out, struct arc_error *err);
