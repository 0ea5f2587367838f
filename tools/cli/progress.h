/* Shows a build's progress: lines or a live table on stderr, and a full log file per cell. */
#pragma once

#include "cli/progress_table.h"
#include <stdio.h>

struct build_progress {
    const char *logs; /* folder for a log file per cell, or NULL */
    bool live;        /* on a terminal: a table instead of lines */
    bool quiet;       /* no lines or table; log files are still written */
    struct build_table table;
    bool group; /* GitHub Actions: fold the lines into a group */
    bool begun;
    bool failed; /* a log file could not be written */
};

/* A callback for struct arc_build_listener; `context` is the struct build_progress. */
void build_progress_event(void *context, const struct arc_build_event *event);

/* Ends the group or the table. */
void build_progress_end(struct build_progress *progress);
