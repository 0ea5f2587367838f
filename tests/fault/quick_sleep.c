/* Preloaded by the fault tests: waits last a three-hundredth, so that a minute's rate limit takes
 * 0.2 s, and are written down, one a line in milliseconds, in the file that QUICK_SLEEP_LOG names.
 * The program under test is the real one, unchanged. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SPEED 300

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    const char *name = getenv("QUICK_SLEEP_LOG");
    FILE *log = name ? fopen(name, "ae") : NULL;
    if (log) {
        fprintf(log, "%lld\n", wanted->tv_sec * 1000LL + wanted->tv_nsec / 1000000);
        fclose(log);
    }
    long long nanoseconds = (wanted->tv_sec * 1000000000LL + wanted->tv_nsec) / SPEED;
    struct timespec shorter = {.tv_sec = (time_t)(nanoseconds / 1000000000LL),
                               .tv_nsec = (long)(nanoseconds % 1000000000LL)};
    return clock_nanosleep(CLOCK_MONOTONIC, 0, &shorter, left);
}
