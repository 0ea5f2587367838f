/* Runs a program and prints its peak resident memory in KiB.  peak PROGRAM [ARGUMENT...]. A child
 * of a large process (Python) would be charged with its parent's pages of before exec; this one is
 * small. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status = 0;
    pid_t child = argc > 1 ? fork() : -1;
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        return 3;
    printf("%ld\n", usage.ru_maxrss);
    return 0;
}
