/* A folder of files for a test. */
#ifndef ARCCI_TEST_FOLDER_H
#define ARCCI_TEST_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Writes a file below `root`, with the folders it lies in; the test cannot go on if it fails. */
static inline void folder_put(const char *root, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline int folder_remove_one(const char *path, const struct stat *st, int type,
                                    struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path);
}

/* Removes it with all that it holds; 0, or -1. */
static inline int folder_remove(const char *root)
{
    return nftw(root, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
