/* Lets allocation FAIL_AT fail, once or (FAIL_LATER) with all after it; FAIL_COUNT names a file that gets how many there were.
 * Allocations of libgit2 and its parts succeed: libgit2 1.5 crashes when memory runs out while it starts. FAIL_SPARE has
 * their places in the program, "START-END …" in hexadecimal. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static long fail_at, counted;
static bool later, ready;
static struct {
    unsigned long start, end;
} spared[512];
static size_t spared_count;

static int find_base(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    *(unsigned long *)base = info->dlpi_addr;
    return 1; /* the program comes first */
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("FAIL_AT"), *places = getenv("FAIL_SPARE");
    unsigned long base = 0;
    dl_iterate_phdr(find_base, &base);
    while (places && *places && spared_count < 512) {
        char *end;
        spared[spared_count].start = base + strtoul(places, &end, 16);
        spared[spared_count].end = base + strtoul(end + 1, &end, 16);
        spared_count++;
        places = end + strspn(end, " ");
    }
    later = getenv("FAIL_LATER") != NULL;
    fail_at = at ? atol(at) : 0;
    unsetenv("LD_PRELOAD"); /* children are not meant */
    ready = true;
}

__attribute__((destructor)) static void finish(void)
{
    const char *file = getenv("FAIL_COUNT");
    char text[32];
    ready = false;
    int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (fd < 0)
        return;
    int len = snprintf(text, sizeof text, "%ld\n", counted);
    if (write(fd, text, (size_t)len) != len)
        _exit(97);
    close(fd);
}

static bool fails(const void *caller)
{
    unsigned long place = (unsigned long)caller;
    if (!ready)
        return false;
    for (size_t i = 0; i < spared_count; i++)
        if (place >= spared[i].start && place < spared[i].end)
            return false;
    counted++;
    bool now = later ? fail_at && counted >= fail_at : counted == fail_at;
    if (now)
        errno = ENOMEM; /* scandir(3) looks */
    return now;
}

/* libgit2 takes one that fails for an empty folder. Opens that fail have a test of their own. */
DIR *opendir(const char *path)
{
    static DIR *(*real)(const char *);
    bool was = ready;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "opendir");
    ready = false;
    DIR *folder = real(path);
    ready = was;
    return folder;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

char *strndup(const char *text, size_t max)
{
    size_t len = strnlen(text, max);
    char *copy = fails(__builtin_return_address(0)) ? NULL : __libc_malloc(len + 1);
    if (!copy)
        return NULL;
    copy[len] = '\0';
    return memcpy(copy, text, len);
}

char *strdup(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = fails(__builtin_return_address(0)) ? NULL : __libc_malloc(len);
    return copy ? memcpy(copy, text, len) : NULL;
}
