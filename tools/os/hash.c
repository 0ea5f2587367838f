#include "os/hash.h"
#include "base/auto.h"
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/md.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mbedtls_md interface is the same in 2.28 (Debian 12, Ubuntu 24.04) and 3.6 (Debian 13). */
struct arc_hash {
    mbedtls_md_context_t md;
};

static int hash_failed(int code, struct arc_error *err)
{
    if (code == MBEDTLS_ERR_MD_ALLOC_FAILED)
        return arc_error_nomem(err);
    return arc_error_set(err, ARC_EFAILED, "SHA-256 failed: mbed TLS error -0x%04x",
                         (unsigned)-code);
}

int arc_hash_new(struct arc_hash **out, struct arc_error *err)
{
    struct arc_hash *hash = calloc(1, sizeof *hash);
    if (!hash)
        return arc_error_nomem(err);
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

int arc_hash_hex(struct arc_hash *hash, char out[ARC_SHA256_HEX], struct arc_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[32];
    int code = mbedtls_md_finish(&hash->md, sum);
    if (code)
        return hash_failed(code, err);
    for (size_t i = 0; i < sizeof sum; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[64] = '\0';
    return ARC_OK;
}

int arc_sha256(const void *bytes, size_t len, char out[ARC_SHA256_HEX], struct arc_error *err)
{
    struct arc_hash *hash = NULL;
    int rc = arc_hash_new(&hash, err);
    if (!rc)
        rc = arc_hash_add(hash, bytes, len, err);
    if (!rc)
        rc = arc_hash_hex(hash, out, err);
    arc_hash_free(hash);
    return rc;
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
        int rc = arc_hash_add(hash, chunk, (size_t)got, err);
        if (rc)
            return rc;
    }
}

int arc_sha256_file(const char *path, char out[ARC_SHA256_HEX], size_t *size, struct arc_error *err)
{
    struct stat st;
    struct arc_hash *hash = NULL;
    size_t length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return arc_error_set(err, errno == ENOENT || errno == ENOTDIR ? ARC_ENOTFOUND : ARC_EWORLD,
                             "cannot read %s: %s", path, strerror(errno));
    int rc = ARC_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = arc_error_set(err, ARC_EINPUT, "%s is not a regular file", path);
    if (!rc)
        rc = arc_hash_new(&hash, err);
    if (!rc)
        rc = add_file(hash, fd, path, &length, err);
    if (!rc)
        rc = arc_hash_hex(hash, out, err);
    arc_hash_free(hash);
    close(fd);
    if (!rc && size)
        *size = length;
    return rc;
}
