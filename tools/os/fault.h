/* Faults that pass by themselves, known by what a program printed. */
#pragma once

#include <stdbool.h>

/* Whether a program's output tells of a fault of the network or of a busy server, so that another
 * try may succeed. A failed lookup may be a name server's hiccup, GHCR may not find the blob of a
 * layer just pushed, Rekor not the entry just made. */
bool arc_fault_passes(const char *text);
