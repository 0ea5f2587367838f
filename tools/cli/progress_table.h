/* A live table of a build on a terminal: a row per cell, redrawn in place. */
#pragma once

#include "arcci/build.h"

/* A row. `step` and `tail` hold text that is fit to be shown. */
struct table_row {
    char cell[224];  /* "flash linux/arm64", "flash" for what concerns all its platforms */
    char step[256];  /* what it does, or did last */
    char tail[2048]; /* the end of what it said, for a failure */
    enum arc_step_state state;
    double since; /* monotonic seconds: its first step */
    double until; /* its last change */
};

struct build_table {
    struct table_row *rows;
    size_t count;
    size_t drawn;      /* lines on the screen */
    double drawn_at;   /* monotonic seconds */
    unsigned finished; /* steps that ended */
    bool colour;
};

/* Takes one event in and redraws, at most 20 times a second. Out of memory, a row is left out. */
void build_table_event(struct build_table *table, const struct arc_build_event *event);

/* Draws the last state, prints what failed cells said, and frees the rows. */
void build_table_end(struct build_table *table);
