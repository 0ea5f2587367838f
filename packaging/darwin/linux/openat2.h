/* The names of openat2(2), which macOS has not: its callers are told ENOSYS and check paths themselves. */
#ifndef ARC_DARWIN_OPENAT2_H
#define ARC_DARWIN_OPENAT2_H

#include <stdint.h>

#define RESOLVE_BENEATH       8u
#define RESOLVE_NO_MAGICLINKS 2u

struct open_how {
    uint64_t flags, mode, resolve;
};

#endif
