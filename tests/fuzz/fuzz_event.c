/* Any bytes are an event file, or an error; what comes out as a commit is one. The first byte
 * chooses the event. */
#include "arcci/event.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const names[] = {
    "GITHUB_EVENT_NAME=push",        "GITHUB_EVENT_NAME=pull_request",
    "GITHUB_EVENT_NAME=merge_group", "GITHUB_EVENT_NAME=workflow_run",
    "GITHUB_EVENT_NAME=schedule",    "GITHUB_EVENT_NAME=issue_comment"};

static void check_sha(const char *text)
{
    if (text && !arc_event_is_sha(text))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct arc_event event;
    struct arc_error err = {0};
    int fd = memfd_create("event", MFD_CLOEXEC);
    if (fd < 0 || !size)
        return close(fd), 0;
    if (write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    snprintf(path, sizeof path, "GITHUB_EVENT_PATH=/proc/self/fd/%d", fd);
    const char *const vars[] = {names[data[0] % 6], path, "GITHUB_REF=refs/heads/main", NULL};
    const struct arc_env env = {.vars = vars};
    int rc = arc_event_load(&env, &event, &err);
    if (rc ? !err.code : err.code)
        abort();
    if (!rc) {
        check_sha(event.sha);
        check_sha(event.before);
        check_sha(event.base_sha);
        check_sha(event.head_sha);
        arc_event_free(&event);
    }
    arc_error_clear(&err);
    close(fd);
    return 0;
}
