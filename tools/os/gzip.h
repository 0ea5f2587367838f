/* gzip (RFC 1952) by zlib, base64 (RFC 4648) by mbed TLS. */
#ifndef ARC_OS_GZIP_H
#define ARC_OS_GZIP_H

#include "arcci/error.h"
#include <stddef.h>

/* The bytes compressed, without a time or a name in the header, so the same bytes give the same
 * result; then as base64 without line breaks. *out is a new string of *out_len characters. */
int arc_gzip_base64(const void *bytes, size_t len, char **out, size_t *out_len,
                    struct arc_error *err);

#endif
