/* What a static program must do itself, since musl does not. */
#ifdef ARCCI_STANDALONE

#include <link.h>
#include <mbedtls/entropy.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/* Randomness for Mbed TLS, which would open /dev/random on musl: an empty root has none. */
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
    (void)data;
    ssize_t got = getrandom(output, len, 0);
    if (got < 0)
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;

    *olen = (size_t)got;
    return 0;
}

static int seal_program(struct dl_phdr_info *program, size_t size, void *data)
{
    (void)size;
    (void)data;
    uintptr_t whole_pages = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

    for (unsigned i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[i];
        if (part->p_type != PT_GNU_RELRO)
            continue;

        uintptr_t start = (program->dlpi_addr + part->p_vaddr) & whole_pages;
        uintptr_t end = (program->dlpi_addr + part->p_vaddr + part->p_memsz) & whole_pages;
        return mprotect((void *)start, end - start, PROT_READ);
    }

    return 0;
}

/* Makes the tables read-only that the start filled in with addresses (RELRO): musl leaves that to
 * its dynamic linker, which a static program has none of. */
__attribute__((constructor)) static void seal_tables(void)
{
    dl_iterate_phdr(seal_program, NULL);
}

#else

typedef int arc_not_standalone; /* ISO C forbids an empty file */

#endif
