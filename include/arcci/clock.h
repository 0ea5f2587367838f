/* Time and random numbers as a parameter, so that a test can wait an hour in no time. */
#ifndef ARCCI_CLOCK_H
#define ARCCI_CLOCK_H

#include "arcci/api.h"
#include <stdint.h>

ARC_API_BEGIN

struct arc_clock {
    /* Seconds since 1970. */
    int64_t (*now)(void *context);
    /* Waits this many milliseconds. */
    void (*wait)(void *context, int64_t milliseconds);
    /* A number from 0 to 2^32 - 1, for jitter; need not be secret. */
    uint32_t (*random)(void *context);
    void *context;
};

/* The machine's clock. Not owned, never freed. */
const struct arc_clock *arc_clock_system(void);

/* The machine's clock, except that it never waits. */
const struct arc_clock *arc_clock_impatient(void);

ARC_API_END

#endif
