#include "os/base64.h"
#include "base/auto.h"
#include <mbedtls/base64.h>
#include <string.h>

int arc_base64_decode(const char *text, struct arc_buf *out, struct arc_error *err)
{
    size_t len = strlen(text), size = len / 4 * 3 + 3, used = 0;
    ARC_AUTO_FREE unsigned char *bytes = malloc(size);
    ARC_TRY_ALLOC(bytes, err);
    if (mbedtls_base64_decode(bytes, size, &used, (const unsigned char *)text, len))
        return arc_error_set(err, ARC_EINPUT, "not base64");
    arc_buf_add(out, bytes, used);
    return ARC_OK;
}

int arc_base64_encode(const void *bytes, size_t len, struct arc_buf *out, struct arc_error *err)
{
    size_t size = (len + 2) / 3 * 4 + 1, used = 0;
    ARC_AUTO_FREE unsigned char *text = malloc(size);
    if (!text || mbedtls_base64_encode(text, size, &used, bytes, len))
        return arc_error_nomem(err);
    arc_buf_add(out, text, used);
    return ARC_OK;
}
