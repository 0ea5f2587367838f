/* One pattern, compiled: what arc_glob and arc_glob_set are made of. */
#pragma once

#include "arcci/glob.h"
#include "glob/reach.h"

struct glob_pattern {
    struct arc_units text;  /* the pattern itself */
    struct arc_regex regex; /* of no use when defect is set */
    const char *defect;     /* see arc_glob_defect() */
    bool negated;
    enum program_use use; /* how regex applies to a path */
    bool literal;         /* the regular expression does not match the pattern's own text */
    bool plain_path;      /* whether git could have a path equal to the pattern */
    struct arc_program program;
    char *prefix; /* the whole segments that every text that matches starts with; owned */
    size_t prefix_len;
    const char *all; /* everything below this directory matches; NULL for none; borrowed */
    size_t all_len;
    char *bytes; /* the pattern as it was given; owned */
    size_t len;
};

/* As arc_glob_compile(); *pattern is to be freed in any case. */
int glob_pattern_compile(struct glob_pattern *pattern, const char *text, size_t len,
                         struct arc_error *err);
void glob_pattern_free(struct glob_pattern *pattern);

/* As arc_glob_below(). */
enum arc_glob_below glob_pattern_below(const struct glob_pattern *pattern, struct arc_reach *reach,
                                       const char *dir, size_t len);

/* Adds the pattern to a program. */
void glob_pattern_add(const struct glob_pattern *pattern, struct arc_program *program);

/* Given by glob_prefix.c. */

/* Finds prefix, certain_len and all; false when memory ran out. */
bool glob_pattern_find_prefix(struct glob_pattern *pattern);
/* Whether the path is one that git could have: no empty, "." or ".." segment. */
bool glob_plain_path(const char *path, size_t len);
/* Whether the byte means itself wherever it stands in a pattern. */
bool glob_means_itself(char byte);
