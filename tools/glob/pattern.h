/* A compiled pattern, the element of arc_glob and arc_glob_set. */
#pragma once

#include "arcci/glob.h"
#include "glob/reach.h"

struct glob_pattern {
    struct arc_units text;  /* the pattern itself */
    struct arc_regex regex; /* not valid if defect is set */
    const char *defect;     /* see arc_glob_defect() */
    bool negated;
    enum program_use use; /* how regex applies to a path */
    bool literal;         /* the program also accepts the pattern's own text */
    bool plain_path;      /* git could have a path equal to the pattern */
    struct arc_program program;
    char *prefix; /* the whole segments that every matching path starts with; owned */
    size_t prefix_len;
    const char *all; /* everything below this directory matches; NULL for none; within `bytes` */
    size_t all_len;
    char *bytes; /* the pattern as given; owned */
    size_t len;
};

/* As arc_glob_compile(); the caller frees *pattern even after an error. */
int glob_pattern_compile(struct glob_pattern *pattern, const char *text, size_t len,
                         struct arc_error *err);
void glob_pattern_free(struct glob_pattern *pattern);

/* As arc_glob_below(). */
enum arc_glob_below glob_pattern_below(const struct glob_pattern *pattern, struct arc_reach *reach,
                                       const char *dir, size_t len);

/* Adds the pattern to a program. */
void glob_pattern_add(const struct glob_pattern *pattern, struct arc_program *program);

/* Defined in source.c. */

/* Turns a glob of `len` units (1 … ARC_GLOB_MAX) into the regular expression of picomatch 2.3.1 with
 * {dot: true} and appends it to `source`. Sets *negated if the paths that it does not match are
 * those that match. Returns false if out of memory. */
bool arc_glob_source(const uint16_t *pattern, size_t len, struct arc_units *source, bool *negated);

/* Whether git could have the path: it has no empty, "." or ".." segment. */
bool glob_plain_path(const char *path, size_t len);
/* Whether the byte is literal everywhere in a pattern. */
bool glob_means_itself(char byte);
