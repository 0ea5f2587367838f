/* Base64 (RFC 4648 section 4), by mbed TLS. */
#pragma once

#include "arcci/buf.h"

/* Appends what the text stands for. ARC_EINPUT when it is not a base64; *out's own limit holds. */
int arc_base64_decode(const char *text, struct arc_buf *out, struct arc_error *err);

/* Appends bytes as base64, without line breaks; *out's own limit holds. */
int arc_base64_encode(const void *bytes, size_t len, struct arc_buf *out, struct arc_error *err);
