/* Shows a build's progress: lines on stderr or a live table, a row per cell, which is redrawn in
 * place; and a full log file per cell. */
#pragma once

#include "arcci/build.h"

struct build_progress {
    const char *logs; /* folder for a log file per cell, or NULL */
    bool live;        /* on a terminal: a table instead of lines */
    bool quiet;       /* no lines or table; log files are still written */
    bool colour;      /* the table's rows */
    bool group;       /* GitHub Actions: fold the lines into a group */
    bool begun;
    bool failed; /* a log file could not be written */
    /* The table: */
    struct arc_arena memory;
    struct table_row *rows;
    size_t count;
    size_t drawn;      /* lines on the screen */
    double drawn_at;   /* monotonic seconds */
    unsigned finished; /* finished steps */
};

/* A callback for struct arc_build_listener; `context` is the struct build_progress. If out of
 * memory, the table lacks a row. */
void build_progress_event(void *context, const struct arc_build_event *event);

/* Ends the group; or draws the table's final state, prints the output of failed cells, and frees
 * the rows. */
void build_progress_end(struct build_progress *progress);
