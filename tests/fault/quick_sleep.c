/* Preloaded by the fault tests: waits last a three-hundredth (or one part in QUICK_SLEEP_SPEED), so
 * that a minute's rate limit takes 0.2 s, and are written down, one per line in milliseconds, in the
 * file that QUICK_SLEEP_LOG names. The program under test is the real one, unchanged. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    const char *name = getenv("QUICK_SLEEP_LOG");
    const char *factor = getenv("QUICK_SLEEP_SPEED");
    long long speed = factor ? atoll(factor) : 300;
    FILE *log = name ? fopen(name, "ae") : NULL;
    if (log) {
        fprintf(log, "%lld\n", wanted->tv_sec * 1000LL + wanted->tv_nsec / 1000000);
        fclose(log);
    }
    long long nanoseconds =
        (wanted->tv_sec * 1000000000LL + wanted->tv_nsec) / (speed > 0 ? speed : 1);
    struct timespec shorter = {.tv_sec = (time_t)(nanoseconds / 1000000000LL),
                               .tv_nsec = (long)(nanoseconds % 1000000000LL)};
    return clock_nanosleep(CLOCK_MONOTONIC, 0, &shorter, left);
}
