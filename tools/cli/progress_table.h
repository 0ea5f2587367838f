/* A live table of a build on a terminal: a row per cell, redrawn in place. */
#pragma once

#include "arcci/build.h"

/* A row. `step` and `tail` are already made visible. */
struct table_row {
    char cell[224];  /* "flash linux/arm64", or "flash" for all its platforms */
    char step[256];  /* the current or last step */
    char tail[2048]; /* the end of its output, for a failure */
    enum arc_step_state state;
    double since; /* monotonic seconds of its first step */
    double until; /* … and of its last change */
};

struct build_table {
    struct arc_arena memory;
    struct table_row *rows;
    size_t count;
    size_t drawn;      /* lines on the screen */
    double drawn_at;   /* monotonic seconds */
    unsigned finished; /* finished steps */
    bool colour;
};

/* Handles an event of a cell ("": the whole build) and redraws, at most 20 times per second. If out
 * of memory, omits a row. */
void build_table_event(struct build_table *table, const char *cell,
                       const struct arc_build_event *event);

/* Draws the final state, prints the output of failed cells, and frees the rows. */
void build_table_end(struct build_table *table);
