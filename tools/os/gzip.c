#include "os/gzip.h"
#include "base/auto.h"
#include "os/base64.h"
#include <limits.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib.h, deflateInit2(): adding 16 writes a gzip header */

int arc_gzip_base64(const void *bytes, size_t len, char **out, size_t *out_len,
                    struct arc_error *err)
{
    z_stream stream = {.next_in = Z_NULL};
    if (len > UINT_MAX / 2)
        return arc_error_set(err, ARC_ELIMIT, "%zu bytes are too many to compress", len);
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return arc_error_nomem(err);

    uLong room = deflateBound(&stream, (uLong)len);
    ARC_AUTO_FREE unsigned char *packed = malloc(room);
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (uInt)len;
    stream.next_out = packed;
    stream.avail_out = packed ? (uInt)room : 0;
    int ended = packed ? deflate(&stream, Z_FINISH) : Z_MEM_ERROR;
    deflateEnd(&stream);
    ARC_TRY_ALLOC(ended == Z_STREAM_END, err);

    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_TRY(arc_base64_encode(packed, stream.total_out, &text, err));
    *out_len = text.len;
    *out = arc_buf_steal(&text);

    return arc_error_unless(*out, err);
}

static int inflate_all(z_stream *stream, struct arc_buf *out, struct arc_error *err)
{
    unsigned char piece[16384];
    int ended = Z_OK;

    while (ended == Z_OK) {
        stream->next_out = piece;
        stream->avail_out = sizeof piece;
        ended = inflate(stream, Z_NO_FLUSH);
        arc_buf_add(out, piece, sizeof piece - stream->avail_out);
        ARC_TRY(arc_buf_check(out, "what was packed", err));
    }

    return ended == Z_STREAM_END ? ARC_OK : arc_error_set(err, ARC_EINPUT, "not gzip, or cut off");
}

int arc_gunzip_base64(const char *text, size_t len, struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf packed = {.max = ARC_BUF_MAX};
    ARC_AUTO_FREE char *copy = strndup(text, len);

    ARC_TRY_ALLOC(copy, err);
    ARC_TRY(arc_base64_decode(copy, &packed, err));

    z_stream stream = {.next_in = (z_const Bytef *)packed.data, .avail_in = (uInt)packed.len};
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return arc_error_nomem(err);
    int rc = inflate_all(&stream, out, err);
    inflateEnd(&stream);

    return rc;
}

const char *arc_gzip_library(void)
{
    return zlibVersion();
}
