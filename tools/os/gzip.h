/* gzip (RFC 1952) by zlib, base64 (RFC 4648) by mbed TLS. */
#pragma once

#include "arcci/buf.h"

/* The bytes compressed, without a time or a name in the header, so the same bytes give the same
 * result; then as base64 without line breaks. *out is a new string of *out_len characters. */
int arc_gzip_base64(const void *bytes, size_t len, char **out, size_t *out_len,
                    struct arc_error *err);

/* Prefix of every such text. */
#define ARC_GZIP_BASE64_START "H4sI"

/* Appends the unpacked bytes of such a text of `len` characters. ARC_EINPUT if it is invalid or
 * truncated; ARC_ELIMIT beyond out->max. */
int arc_gunzip_base64(const char *text, size_t len, struct arc_buf *out, struct arc_error *err);

/* The version of zlib that is linked; not owned. */
const char *arc_gzip_library(void);
