/* For the analyzers, which read one file at a time: what the functions that set an error return. */
#include "arcci/error.h"
#define arc_error_nomem(err)          (arc_error_nomem(err), ARC_ENOMEM)
#define arc_error_set(err, code, ...) (arc_error_set(err, code, __VA_ARGS__), (code))
