/* Errors: one shape everywhere.
 *
 * A function that can fail returns 0 or a negative ARC_E… code and takes `struct arc_error *err`
 * as its last parameter. On failure, and only then, it fills *err. Callers may put context in
 * front, and main() prints the message once.
 */
#ifndef ARCCI_ERROR_H
#define ARCCI_ERROR_H

#include "arcci/api.h"
#include <stdarg.h>
#include <stddef.h>

ARC_API_BEGIN

/* What went wrong, in kinds that a caller can act on. In parentheses: arc_exit_status(). */
enum arc_code {
    ARC_OK = 0,
    ARC_EFAILED = -1, /* the work failed: a build, a gate (1) */
    ARC_EINPUT = -2,  /* wrong use, wrong configuration, hostile input (2) */
    ARC_ELIMIT = -3,  /* input beyond a stated maximum (2) */
    ARC_EWORLD = -4, /* something is missing or unavailable: git, docker, network, permission (3) */
    ARC_ENOTFOUND = -5, /* something looked for does not exist; callers often handle it (3) */
    ARC_ENOMEM = -6,    /* out of memory (3) */
};

/* A place in a file. */
struct arc_place {
    const char *file; /* NULL: no place is known */
    unsigned line;    /* from 1; 0: the file as a whole */
    unsigned column;  /* from 1; 0: the line as a whole */
};

/* An error. Initialise with {0}; arc_error_clear() frees it and makes it {0} again. */
struct arc_error {
    int code;               /* an enum arc_code; ARC_OK when nothing is set */
    char *message;          /* owned; NULL when nothing is set or memory ran out */
    struct arc_place place; /* where it went wrong; the file's name is owned */
    size_t place_len;       /* length of the prefix "F:L:C: " in the message */
    char *excerpt;          /* the line of the file with a caret below it, for people; or NULL */
};

/* Sets *err to `code` with a formatted message, replacing any earlier error, and returns `code`, so
 * that `return arc_error_set(err, ARC_EINPUT, "…")` is the whole error path. `err` may be NULL.
 * Messages may quote any input: bytes that are not UTF-8 or control a terminal become \xNN. */
int arc_error_set(struct arc_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As arc_error_set() for a place in a file: the message becomes "FILE:LINE:COLUMN: …". Lines and
 * columns count from 1; 0 leaves them out. */
int arc_error_at(struct arc_error *err, int code, const char *file, unsigned line, unsigned column,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Adds the excerpt to an error that arc_error_at() just set; `text` is the whole file. */
void arc_error_show_line(struct arc_error *err, const char *text, size_t len);

/* Puts formatted context and ": " in front of the message already in *err; returns err->code (or
 * ARC_EFAILED when err is NULL). */
int arc_error_prefix(struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Out of memory: sets the code without allocating. Returns ARC_ENOMEM. */
int arc_error_nomem(struct arc_error *err);

/* The message, never NULL. Valid until *err changes. */
const char *arc_error_text(const struct arc_error *err);

/* Frees the message; *err becomes {0}. `err` may be NULL. */
void arc_error_clear(struct arc_error *err);

/* The program's exit status for a code: 0 done, 1 the work failed, 2 wrong use or configuration,
 * 3 something is missing or unavailable. */
int arc_exit_status(int code);

ARC_API_END

#endif
