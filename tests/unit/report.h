/* Reads a report from memory: from a file without a name. */
#pragma once

#include "scan/findings.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int scan_report_text(struct findings *findings, size_t target, const char *text, size_t len,
                            struct arc_error *err)
{
    char path[40];
    int fd = memfd_create("report", 0);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int rc = scan_report_file(findings, target, path, err);
    close(fd);
    return rc;
}
