/* Linked into programs built with clang's -fsanitize-coverage=func,trace-pc-guard: a process notes each function that it enters in
 * PROGRAM.reach, beside the program, which is there before. A file of its own, and not a variable: tests choose the environment of
 * what they start. It is mapped, so that nothing is lost when a process is killed, and none of its descriptors is used. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char __executable_start[];
static uint32_t *reached; /* by the guard's number: where the function is in the program */

static void map_file(uint32_t guards)
{
    char path[4096] = "";
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof ".reach");
    struct stat state;

    if (length <= 0)
        return;
    snprintf(path + length, sizeof path - (size_t)length, ".reach");
    int file = open(path, O_RDWR | O_CLOEXEC);
    size_t size = (guards + 1) * sizeof *reached;
    if (file >= 0 && fstat(file, &state) == 0 &&
        ((size_t)state.st_size >= size || ftruncate(file, (off_t)size) == 0)) {
        void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        reached = map == MAP_FAILED ? NULL : map;
    }
    if (file >= 0)
        close(file);
}

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
    if (start == stop || *start != 0)
        return;
    for (uint32_t *guard = start; guard < stop; guard++)
        *guard = (uint32_t)(guard - start) + 1;
    map_file((uint32_t)(stop - start));
}

void __sanitizer_cov_trace_pc_guard(const uint32_t *guard)
{
    if (reached && !reached[*guard])
        reached[*guard] =
            (uint32_t)((const char *)__builtin_return_address(0) - __executable_start);
}
