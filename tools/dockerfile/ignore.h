/* .dockerignore (moby/patternmatcher, ignorefile): not gitignore. The last pattern that matches a
 * path or a directory above it decides; "!" takes in again; patterns are rooted. */
#pragma once

#include "base/text.h"
#include "dockerfile/pattern.h"

struct arc_ignore {
    struct arc_ignore_rule {
        struct arc_path_pattern *pattern;
        bool takes_in; /* "!" */
    } * rules;
    size_t count;
};

/* Reads a file's text into `memory`. ARC_EINPUT for a pattern that BuildKit refuses; *out is then
 * {0}. */
int arc_ignore_parse(struct arc_arena *memory, const char *text, struct arc_ignore *out,
                     struct arc_error *err);

/* Whether the path, relative to the context, is left out. */
bool arc_ignore_match(const struct arc_ignore *ignore, const char *path, size_t len);

/* How many parts a clean path has. */
size_t arc_path_depth(const char *path);
