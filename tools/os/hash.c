#include "os/hash.h"
#include "base/text.h"
#include "os/file.h"
#include <errno.h>
#include <mbedtls/md.h>
#include <mbedtls/version.h>
#include <unistd.h>

/* The mbedtls_md interface is the same in 2.28 (Debian 12, Ubuntu 24.04) and 3.6 (Debian 13). */
struct arc_hash {
    mbedtls_md_context_t md;
};

static int hash_failed(int code, struct arc_error *err)
{
    if (code == MBEDTLS_ERR_MD_ALLOC_FAILED)
        return arc_error_nomem(err);
    return arc_error_set(err, ARC_EFAILED, "SHA-2 failed: mbed TLS error -0x%04x", (unsigned)-code);
}

int arc_hash_new(struct arc_hash **out, struct arc_error *err)
{
    struct arc_hash *hash = calloc(1, sizeof *hash);
    ARC_TRY_ALLOC(hash, err);
    mbedtls_md_init(&hash->md);
    int code = mbedtls_md_setup(&hash->md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0);
    if (!code)
        code = mbedtls_md_starts(&hash->md);
    if (code) {
        arc_hash_free(hash);
        return hash_failed(code, err);
    }
    *out = hash;

    return ARC_OK;
}

void arc_hash_free(struct arc_hash *hash)
{
    if (!hash)
        return;
    mbedtls_md_free(&hash->md);
    free(hash);
}

int arc_hash_add(struct arc_hash *hash, const void *bytes, size_t len, struct arc_error *err)
{
    int code = mbedtls_md_update(&hash->md, bytes, len);
    return code ? hash_failed(code, err) : ARC_OK;
}

static void write_hex(const unsigned char *sum, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[2 * len] = '\0';
}

int arc_hash_hex(struct arc_hash *hash, char out[ARC_SHA256_HEX], struct arc_error *err)
{
    unsigned char sum[32];
    int code = mbedtls_md_finish(&hash->md, sum);
    if (code)
        return hash_failed(code, err);
    write_hex(sum, sizeof sum, out);
    return ARC_OK;
}

int arc_sha256(const void *bytes, size_t len, char out[ARC_SHA256_HEX], struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_hash) struct arc_hash *hash = NULL;
    ARC_TRY(arc_hash_new(&hash, err));
    ARC_TRY(arc_hash_add(hash, bytes, len, err));
    return arc_hash_hex(hash, out, err);
}

static int add_file(struct arc_hash *hash, int fd, const char *path, size_t *size,
                    struct arc_error *err)
{
    unsigned char chunk[65536];

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return arc_error_set(err, ARC_EWORLD, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            return ARC_OK;
        *size += (size_t)got;
        ARC_TRY(arc_hash_add(hash, chunk, (size_t)got, err));
    }
}

int arc_sha256_file(const char *path, char out[ARC_SHA256_HEX], size_t *size, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_hash) struct arc_hash *hash = NULL;
    size_t length = 0;
    int fd;

    ARC_TRY(arc_hash_new(&hash, err));
    ARC_TRY(arc_file_open(path, path, &fd, err));
    int rc = add_file(hash, fd, path, &length, err);
    close(fd);
    ARC_TRY(rc);
    if (size)
        *size = length;

    return arc_hash_hex(hash, out, err);
}

/* ---- digests ------------------------------------------------------------------------------- */

/* The algorithms, by their names in digests. */
struct algorithm {
    const char *name;
    mbedtls_md_type_t type;
    size_t bytes;
};

static const struct algorithm algorithms[] = {{"sha256:", MBEDTLS_MD_SHA256, 32},
                                              {"sha384:", MBEDTLS_MD_SHA384, 48},
                                              {"sha512:", MBEDTLS_MD_SHA512, 64}};

/* The algorithm of a digest; NULL if the text is not one. All names have the same length. */
static const struct algorithm *algorithm_of(const char *digest)
{
    arc_each_in (found, algorithms)
        if (strncmp(digest, found->name, 7) == 0 && arc_text_is_hex(digest + 7, 2 * found->bytes))
            return found;
    return NULL;
}

bool arc_digest_known(const char *text)
{
    return algorithm_of(text) != NULL;
}

int arc_digest_like(const char *like, const void *bytes, size_t len, char out[ARC_DIGEST_MAX + 1],
                    struct arc_error *err)
{
    const struct algorithm *algorithm = algorithm_of(like);
    unsigned char sum[64];

    if (!algorithm)
        return arc_error_set(err, ARC_EINPUT, "'%.200s' is not a digest that can be checked", like);

    int code = mbedtls_md(mbedtls_md_info_from_type(algorithm->type), bytes, len, sum);
    if (code)
        return hash_failed(code, err);
    memcpy(out, algorithm->name, 7);
    write_hex(sum, algorithm->bytes, out + 7);

    return ARC_OK;
}

const char *arc_hash_library(void)
{
    static char text[16]; /* mbedtls/version.h: at least 9 */
    mbedtls_version_get_string(text);
    return text;
}
