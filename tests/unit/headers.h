/* Headers of an answer that a test makes up. */
#ifndef ARCCI_TEST_HEADERS_H
#define ARCCI_TEST_HEADERS_H

#include "http/http.h"
#include <string.h>

/* Sets the response's headers from "name: value" lines. */
static inline void set_headers(struct arc_http_response *response, const char *lines)
{
    arc_buf_reset(&response->headers);
    for (const char *at = lines; *at;) {
        size_t name = strcspn(at, ":"), len = strcspn(at, "\n");
        arc_buf_add(&response->headers, at, name);
        arc_buf_putc(&response->headers, '\0');
        arc_buf_add(&response->headers, at + name + 2, len - name - 2);
        arc_buf_putc(&response->headers, '\0');
        at += len + (at[len] == '\n');
    }
}

#endif
