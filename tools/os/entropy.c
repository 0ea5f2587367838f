/* Randomness for the Mbed TLS inside a standalone program, which would open /dev/random on musl: an
 * empty root has none. */
#ifdef ARCCI_STANDALONE

#include <mbedtls/entropy.h>
#include <sys/random.h>

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
    (void)data;
    ssize_t got = getrandom(output, len, 0);
    if (got < 0)
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;

    *olen = (size_t)got;
    return 0;
}

#else

typedef int arc_no_entropy; /* ISO C forbids an empty file */

#endif
