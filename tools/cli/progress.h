/* How `build` shows what is going on: lines or a live table on stderr, and a full log file per
 * cell. */
#pragma once

#include "cli/progress_table.h"
#include <stdio.h>

struct build_progress {
    const char *logs; /* folder for a log file per cell, or NULL */
    bool live;        /* on a terminal: a table instead of the lines */
    bool quiet;       /* neither; the log files all the same */
    struct build_table table;
    bool group; /* GitHub Actions: fold the lines into a group */
    bool begun;
    bool failed; /* a log file could not be written */
};

/* What a struct arc_build_listener takes; `context` is the struct build_progress. */
void build_progress_event(void *context, const struct arc_build_event *event);

/* Ends the group or the table. */
void build_progress_end(struct build_progress *progress);
