/* Lets allocation FAIL_AT of the program fail, once or (FAIL_LATER) with all after it. FAIL_COUNT names a file that gets how many
 * there were and how many of them nobody freed; FAIL_STACKS one that gets a line for each: what tells its innermost calls from
 * others, and its whole stack of calls.
 * Allocations of libgit2 and its parts succeed: libgit2 1.5 crashes when memory runs out while it starts. FAIL_SPARE has
 * their places in the program, "START-END …" in hexadecimal. So do those of libraries that it loads (libcurl). */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INNERMOST 6 /* calls */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

static long fail_at, counted, live;
static bool later, ready;
static FILE *stacks;
static struct range {
    unsigned long start, end;
} spared[512], meant[2]; /* the program, libc */
static size_t spared_count;

static int find_places(struct dl_phdr_info *info, size_t size, void *base)
{
    bool program = !*(unsigned long *)base; /* comes first */
    (void)size;
    if (program)
        *(unsigned long *)base = info->dlpi_addr;
    else if (!strstr(info->dlpi_name, "/libc.so"))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            meant[!program].start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            meant[!program].end = meant[!program].start + info->dlpi_phdr[i].p_memsz;
        }
    return 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("FAIL_AT"), *places = getenv("FAIL_SPARE"),
               *listed = getenv("FAIL_STACKS");
    unsigned long base = 0;
    dl_iterate_phdr(find_places, &base);
    while (places && *places && spared_count < 512) {
        char *end;
        spared[spared_count].start = base + strtoul(places, &end, 16);
        spared[spared_count].end = base + strtoul(end + 1, &end, 16);
        spared_count++;
        places = end + strspn(end, " ");
    }
    later = getenv("FAIL_LATER") != NULL;
    fail_at = at ? atol(at) : 0;
    stacks = listed ? fopen(listed, "we") : NULL;
    unsetenv("LD_PRELOAD"); /* children are not meant */
    tzset();                /* libc keeps it, whenever it is asked first */
    ready = true;
}

__attribute__((destructor)) static void finish(void)
{
    const char *file = getenv("FAIL_COUNT");
    char text[64];
    ready = false;
    if (stacks && fclose(stacks) != 0)
        _exit(97);
    int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (fd < 0)
        return;
    int len = snprintf(text, sizeof text, "%ld %ld\n", counted, live);
    if (write(fd, text, (size_t)len) != len)
        _exit(97);
    close(fd);
}

static bool is_within(unsigned long place, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (place >= ranges[i].start && place < ranges[i].end)
            return true;
    return false;
}

/* Places of libraries change from run to run, their last bits do not. */
static void note_stack(void)
{
    void *frames[128];
    uint64_t hash = 14695981039346656037u, inner = 0;

    ready = false;
    int depth = backtrace(frames, 128);
    for (int i = 2; i < depth; i++) { /* without this function and its caller */
        unsigned long place = (unsigned long)frames[i];
        hash = (hash ^ (is_within(place, meant, 1) ? place - meant[0].start : place % 4096)) *
               1099511628211u;
        if (i == INNERMOST + 2) /* the call of malloc() is no difference */
            inner = hash;
    }
    fprintf(stacks, "%lx %lx\n", inner ? inner : hash, hash);
    ready = true;
}

static bool is_meant(const void *caller)
{
    unsigned long place = (unsigned long)caller;
    return ready && is_within(place, meant, 2) && !is_within(place, spared, spared_count);
}

static bool fails(void)
{
    counted++;
    if (stacks)
        note_stack();
    bool now = later ? fail_at && counted >= fail_at : counted == fail_at;
    if (now)
        errno = ENOMEM; /* scandir(3) looks */
    return now;
}

/* A block that was counted ends in a mark, which is longer than what the caller asked for. */
static uintptr_t *mark_of(void *block)
{
    return (uintptr_t *)((char *)block +
                         malloc_usable_size(block) / sizeof(uintptr_t) * sizeof(uintptr_t)) -
           1;
}

static void *mark(void *block)
{
    if (block) {
        *mark_of(block) = ~(uintptr_t)block;
        live++;
    }
    return block;
}

static void unmark(void *block)
{
    if (block && *mark_of(block) == ~(uintptr_t)block) {
        *mark_of(block) = 0;
        live--;
    }
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

static void *get(size_t size, const void *caller)
{
    if (!is_meant(caller))
        return __libc_malloc(size);
    return fails() ? NULL : mark(__libc_malloc(size + 2 * sizeof(uintptr_t)));
}

void *malloc(size_t size)
{
    return get(size, __builtin_return_address(0));
}

void *calloc(size_t count, size_t size)
{
    size_t total;
    if (!is_meant(__builtin_return_address(0)) || __builtin_mul_overflow(count, size, &total))
        return __libc_calloc(count, size);
    return fails() ? NULL : mark(__libc_calloc(1, total + 2 * sizeof(uintptr_t)));
}

void *realloc(void *old, size_t size)
{
    bool meant = is_meant(__builtin_return_address(0));
    if (meant && fails())
        return NULL;
    unmark(old);
    return meant ? mark(__libc_realloc(old, size + 2 * sizeof(uintptr_t)))
                 : __libc_realloc(old, size);
}

void free(void *old)
{
    unmark(old);
    __libc_free(old);
}

char *strndup(const char *text, size_t max)
{
    size_t len = strnlen(text, max);
    char *copy = get(len + 1, __builtin_return_address(0));
    if (!copy)
        return NULL;
    copy[len] = '\0';
    return memcpy(copy, text, len);
}

char *strdup(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = get(len, __builtin_return_address(0));
    return copy ? memcpy(copy, text, len) : NULL;
}
