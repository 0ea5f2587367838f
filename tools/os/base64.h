/* Base64 (RFC 4648 section 4), by mbed TLS. */
#pragma once

#include "arcci/buf.h"

/* Appends the decoded text. ARC_EINPUT if it is not valid base64; *out's own limit applies. */
int arc_base64_decode(const char *text, struct arc_buf *out, struct arc_error *err);

/* Appends bytes as base64, without line breaks; *out's own limit applies. */
int arc_base64_encode(const void *bytes, size_t len, struct arc_buf *out, struct arc_error *err);
