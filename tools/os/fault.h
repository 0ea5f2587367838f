/* What a failed program printed: its error, and whether that passes by itself. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a program's output tells of a fault of the network or of a busy server, so that another
 * try may succeed. A failed lookup may be a name server's hiccup, GHCR may not find the blob of a
 * layer just pushed, Rekor not the entry just made. */
bool arc_fault_passes(const char *text);

/* How many milliseconds to wait after that output before the next try; `attempt` counts from 1. */
int64_t arc_fault_wait(const char *text, unsigned attempt);

/* The error in a program's output: all that follows the last preface at the start of a line
 * ("ERROR: "), since advice may be below it; else the last line that is not empty. `prefaces` ends
 * with NULL. */
const char *arc_fault_text(const char *text, const char *const *prefaces);
