/* What arc-ci takes from Linux and the GNU C library, for macOS: included before every file there (CMakeLists.txt). Built by
 * packaging/dist.py, run by arc-ci-release.yml on macOS runners. */
#ifndef ARC_DARWIN_COMPAT_H
#define ARC_DARWIN_COMPAT_H

#define __STDC_WANT_LIB_EXT1__ 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GRND_NONBLOCK 0
#define SOCK_CLOEXEC  0
#define O_PATH        O_EVTONLY

/* openat2() and close_range(): their callers know kernels without them. */
#define SYS_openat2     (-1)
#define SYS_close_range (-1)
#define syscall(...)    (errno = ENOSYS, -1L)

static inline ssize_t getrandom(void *bytes, size_t len, unsigned flags)
{
    (void)flags;
    arc4random_buf(bytes, len);
    return (ssize_t)len;
}

static inline void explicit_bzero(void *bytes, size_t len)
{
    memset_s(bytes, len, 0, len);
}

static inline int pipe2(int ends[2], int flags)
{
    if (pipe(ends) != 0)
        return -1;
    for (int i = 0; i < 2; i++)
        if (flags & O_CLOEXEC)
            fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    return 0;
}

#endif
