/* The file system of an open file, as far as arc-ci asks: whether it is a pipe in no folder, whose links macOS counts as 0. */
#ifndef ARC_DARWIN_VFS_H
#define ARC_DARWIN_VFS_H

#include <linux/magic.h>
#include <sys/stat.h>

#define statfs  arc_statfs
#define fstatfs arc_fstatfs

struct arc_statfs {
    long f_type;
};

static inline int arc_fstatfs(int fd, struct arc_statfs *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -1;
    out->f_type = S_ISFIFO(st.st_mode) && st.st_nlink == 0 ? PIPEFS_MAGIC : 0;
    return 0;
}

#endif
