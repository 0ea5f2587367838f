/* What is declared between ARC_API_BEGIN and ARC_API_END is the library's public interface: C for a
 * C++ compiler, and visible in the shared library, which hides everything else.
 *
 * Unless a comment says otherwise, options and parameters are borrowed for the call, and
 * arc_NAME_free() frees what a struct arc_NAME owns, sets it to {0} and accepts a zeroed one.
 * arcci/error.h describes return values and errors. */
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
