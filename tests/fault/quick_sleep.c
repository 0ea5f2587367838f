/* Preloaded by the fault tests: waits last a three-hundredth, so that a minute's rate limit takes
 * 0.2 s. The program under test is the real one, unchanged. */
#include <time.h>

#define SPEED 300

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    long long nanoseconds = (wanted->tv_sec * 1000000000LL + wanted->tv_nsec) / SPEED;
    struct timespec shorter = {.tv_sec = (time_t)(nanoseconds / 1000000000LL),
                               .tv_nsec = (long)(nanoseconds % 1000000000LL)};
    return clock_nanosleep(CLOCK_MONOTONIC, 0, &shorter, left);
}
