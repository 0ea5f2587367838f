/* A descriptor that is readable once one of the signals has come: a kqueue on macOS. */
#ifndef ARC_DARWIN_SIGNALFD_H
#define ARC_DARWIN_SIGNALFD_H

#include <signal.h>
#include <sys/event.h>
#include <sys/time.h>

#define SFD_CLOEXEC  O_CLOEXEC
#define SFD_NONBLOCK O_NONBLOCK

static inline int signalfd(int fd, const sigset_t *set, int flags)
{
    (void)fd;
    (void)flags;
    int queue = kqueue();
    for (int number = 1; queue >= 0 && number < NSIG; number++) {
        struct kevent event;
        EV_SET(&event, (uintptr_t)number, EVFILT_SIGNAL, EV_ADD, 0, 0, NULL);
        if (sigismember(set, number) == 1)
            kevent(queue, &event, 1, NULL, 0, NULL);
    }
    return queue;
}

#endif
