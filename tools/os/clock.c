#include "arcci/clock.h"
#include <errno.h>
#include <stddef.h>
#include <sys/random.h>
#include <time.h>

static int64_t system_now(void *context)
{
    (void)context;
    return (int64_t)time(NULL);
}

static void system_wait(void *context, int64_t milliseconds)
{
    (void)context;
    struct timespec left = {.tv_sec = (time_t)(milliseconds / 1000),
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    while (milliseconds > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static void never_wait(void *context, int64_t milliseconds)
{
    (void)context;
    (void)milliseconds;
}

/* If getrandom() fails, 0 only means less jitter. */
static uint32_t system_random(void *context)
{
    (void)context;
    uint32_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = 0;
    return value;
}

const struct arc_clock *arc_clock_system(void)
{
    static const struct arc_clock clock = {
        .now = system_now, .wait = system_wait, .random = system_random};
    return &clock;
}

const struct arc_clock *arc_clock_impatient(void)
{
    static const struct arc_clock clock = {
        .now = system_now, .wait = never_wait, .random = system_random};
    return &clock;
}
