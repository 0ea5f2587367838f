/* What stands between ARC_API_BEGIN and ARC_API_END is the library's public interface: C for a C++
 * compiler, and visible in the shared library, which hides everything else.
 *
 * Where a comment says nothing else, what options and parameters point to is borrowed for the call,
 * and arc_NAME_free() frees what a struct arc_NAME owns, leaves it {0} and takes one that is {0}.
 * arcci/error.h says what a function that can fail returns. */
#ifndef ARCCI_API_H
#define ARCCI_API_H

#ifdef __cplusplus
#define ARC_API_BEGIN                                                                              \
    extern "C" {                                                                                   \
    _Pragma("GCC visibility push(default)")
#define ARC_API_END                                                                                \
    _Pragma("GCC visibility pop")                                                                  \
    }
#else
#define ARC_API_BEGIN _Pragma("GCC visibility push(default)")
#define ARC_API_END   _Pragma("GCC visibility pop")
#endif

#endif
