/* Files of the work tree. */
#pragma once

#include "arcci/buf.h"
#include <dirent.h>
#include <jansson.h>

/* The kind of a path. */
enum arc_file_kind {
    ARC_FILE_NONE,      /* nothing, or not accessible */
    ARC_FILE_REGULAR,   /* a file */
    ARC_FILE_DIRECTORY, /* a directory */
    ARC_FILE_OTHER,     /* a device, a socket, a pipe */
};

/* Follows symbolic links. */
enum arc_file_kind arc_file_kind(const char *path);

/* Whether the path is a directory and not a link to one, so that a walk terminates. */
bool arc_file_is_folder(const char *path);

/* Whether both paths name the same existing file or directory. */
bool arc_file_same(const char *a, const char *b);

/* "<root>/<path>" as a new string, or `path` alone when root is NULL or "" or path is absolute.
 * NULL when out of memory. The caller frees it. */
char *arc_file_join(const char *root, const char *path);

/* Opens a regular file for reading: *out is a descriptor that the caller closes. `name` stands for
 * it in messages. Nothing else is waited for or read. Errors as arc_file_read()'s. */
int arc_file_open(const char *path, const char *name, int *out, struct arc_error *err);

/* Appends the content of a regular file of at most `max` bytes to *out. Messages call it `name`
 * (NULL: the path). ARC_ENOTFOUND if it does not exist, ARC_EINPUT if it is not a regular file,
 * ARC_ELIMIT if it is longer, ARC_EWORLD if it cannot be read. Never blocks, since it does not read
 * from pipes or devices. */
int arc_file_read(const char *path, const char *name, size_t max, struct arc_buf *out,
                  struct arc_error *err);

/* The part of an absolute path below the outermost folder on its way that is `top`, under whatever
 * name: a runner's folder is often reached through a link. NULL: it does not lead there. */
const char *arc_file_below(const char *top, const char *path);

/* Opens `path` below `root` (NULL: the current directory), refusing symbolic links that leave it.
 * An absolute path to elsewhere, or one with "..", was chosen by a person and is opened as it is.
 * -1 with errno on failure; EXDEV if a link leaves `root`. */
int arc_file_open_in(const char *root, const char *path, int flags, unsigned mode);

/* arc_file_kind() and arc_file_read() with the same rule: a target outside of `root` is
 * ARC_FILE_OTHER, and reading it is ARC_EINPUT. */
enum arc_file_kind arc_file_kind_in(const char *root, const char *path);
int arc_file_read_in(const char *root, const char *path, size_t max, struct arc_buf *out,
                     struct arc_error *err);

/* The real path of a path below `root` (NULL: the current directory), existing or not, if symbolic
 * links lead elsewhere below `root` (".": `root` itself); else NULL. The caller frees it. */
char *arc_file_follow(const char *root, const char *path);

/* arc_file_read() for a file named by a person, which may be a program's output: `--plan <(…)`.
 * Refuses named pipes, which could block. */
int arc_file_read_given(const char *path, size_t max, struct arc_buf *out, struct arc_error *err);

/* arc_file_read() for stdin, which may be a pipe. */
int arc_file_read_stdin(size_t max, struct arc_buf *out, struct arc_error *err);

/* Replaces a file atomically: readers see either the old or the new content, and a failure keeps
 * the old one. Writes to devices and pipes directly. ARC_EINPUT if a link, which may be the tree's,
 * leads a relative path out of the current directory; ARC_EWORLD if it cannot be written. */
int arc_file_write(const char *path, const char *text, size_t len, struct arc_error *err);

/* Writes all bytes; false with errno on failure. */
bool arc_file_write_all(int fd, const char *text, size_t len);

/* For scandir(): by bytes, since alphasort() depends on the locale. */
int arc_file_by_byte(const struct dirent **a, const struct dirent **b);

/* The names in a directory except "." and "..", sorted by byte: a new array of strings. Skips names
 * that are not UTF-8. ARC_ENOTFOUND if there is no such directory. */
int arc_file_list(const char *path, json_t **out, struct arc_error *err);
