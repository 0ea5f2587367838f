/* Files of the work tree. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* What a path names. */
enum arc_file_kind {
    ARC_FILE_NONE,      /* nothing, or nothing that we may look at */
    ARC_FILE_REGULAR,   /* a file */
    ARC_FILE_DIRECTORY, /* a directory */
    ARC_FILE_OTHER,     /* a device, a socket, a pipe */
};

/* Symbolic links are followed. */
enum arc_file_kind arc_file_kind(const char *path);

/* Whether the path is a directory itself, not a link to one: a walk that keeps to those ends. */
bool arc_file_is_folder(const char *path);

/* Whether both paths name the same existing file or directory. */
bool arc_file_same(const char *a, const char *b);

/* "<root>/<path>" as a new string, or `path` alone when root is NULL or "" or path is absolute.
 * NULL when out of memory. The caller frees it. */
char *arc_file_join(const char *root, const char *path);

/* Opens a regular file for reading: *out is a descriptor that the caller closes. `name` stands for
 * it in messages. Nothing else is waited for or read. Errors as arc_file_read()'s. */
int arc_file_open(const char *path, const char *name, int *out, struct arc_error *err);

/* Appends the content of a regular file of at most `max` bytes to *out. `name` stands for the file
 * in messages (NULL: the path). ARC_ENOTFOUND if it does not exist, ARC_EINPUT if it is not a
 * regular file, ARC_ELIMIT if it is longer, ARC_EWORLD if it cannot be read. A pipe or a device is
 * never opened for reading, so it cannot block. */
int arc_file_read(const char *path, const char *name, size_t max, struct arc_buf *out,
                  struct arc_error *err);

/* Opens `path` below `root` (NULL: the current directory) without being led out of it by a symbolic
 * link. An absolute path, or one that says ".." itself, is a person's choice and opened as it is.
 * -1, with errno, when it cannot be; EXDEV when a link leads out. */
int arc_file_open_in(const char *root, const char *path, int flags, unsigned mode);

/* arc_file_kind() and arc_file_read() that way: what a link leads out of `root` to is
 * ARC_FILE_OTHER, and reading it ARC_EINPUT. */
enum arc_file_kind arc_file_kind_in(const char *root, const char *path);
int arc_file_read_in(const char *root, const char *path, size_t max, struct arc_buf *out,
                     struct arc_error *err);

/* Where a path below `root` (NULL: the current directory) really lies, there or not, when symbolic
 * links lead to another place below it ("." for `root` itself); NULL when they do not. The caller
 * frees it. */
char *arc_file_follow(const char *root, const char *path);

/* arc_file_read() for a file that a person named, which may be another program's output:
 * `--plan <(…)`. A named pipe is none, since it would be waited for. */
int arc_file_read_given(const char *path, size_t max, struct arc_buf *out, struct arc_error *err);

/* As arc_file_read() for the standard input, which may be a pipe. */
int arc_file_read_stdin(size_t max, struct arc_buf *out, struct arc_error *err);

/* Replaces a file as a whole: readers see the old content or the new, never a part, and a failure
 * leaves the old one. A device or a pipe is written to. ARC_EWORLD if it cannot be written. */
int arc_file_write(const char *path, const char *text, size_t len, struct arc_error *err);

/* Writes all of the bytes; false, with errno, when it cannot. */
bool arc_file_write_all(int fd, const char *text, size_t len);

/* The names in a directory but "." and "..", sorted by byte: a new array of strings. Names that are
 * not UTF-8 are left out. ARC_ENOTFOUND if there is no such directory. */
int arc_file_list(const char *path, json_t **out, struct arc_error *err);
