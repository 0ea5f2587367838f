/* SHA-2 (FIPS 180-4), by mbed TLS's libmbedcrypto. */
#pragma once

#include "base/auto.h"

/* 64 lower-case hexadecimal digits and a NUL. */
#define ARC_SHA256_HEX 65

struct arc_hash;

/* Starts a hash. The caller frees it with arc_hash_free(). */
int arc_hash_new(struct arc_hash **out, struct arc_error *err);
void arc_hash_free(struct arc_hash *hash);
ARC_HANDLE(arc_hash)

/* Adds bytes. */
int arc_hash_add(struct arc_hash *hash, const void *bytes, size_t len, struct arc_error *err);

/* Ends the hash and writes its digits. After that it can only be freed. */
int arc_hash_hex(struct arc_hash *hash, char out[ARC_SHA256_HEX], struct arc_error *err);

/* The digits for some bytes, and for a file, read in pieces. ARC_ENOTFOUND, ARC_EINPUT (not a
 * regular file) or ARC_EWORLD if it cannot be read. *size (may be NULL) is the file's length in
 * bytes. */
int arc_sha256(const void *bytes, size_t len, char out[ARC_SHA256_HEX], struct arc_error *err);
int arc_sha256_file(const char *path, char out[ARC_SHA256_HEX], size_t *size,
                    struct arc_error *err);

/* The longest supported digest: "sha512:" and 128 digits, without the NUL. */
#define ARC_DIGEST_MAX 135

/* Whether the text is a digest of an algorithm that OCI's image specification registers and that
 * can be computed here ("sha256:", "sha384:", "sha512:" and its digits in lower case). */
bool arc_digest_known(const char *text);

/* The digest of some bytes with the algorithm of `like`, a supported digest. */
int arc_digest_like(const char *like, const void *bytes, size_t len, char out[ARC_DIGEST_MAX + 1],
                    struct arc_error *err);

/* The version of Mbed TLS that is linked; not owned. */
const char *arc_hash_library(void);
