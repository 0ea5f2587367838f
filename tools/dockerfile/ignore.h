/* .dockerignore (moby/patternmatcher, ignorefile), which is not gitignore: the last pattern that
 * matches a path or a directory above it decides; "!" includes again; patterns are rooted. */
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

/* Parses an ignore file into `memory`. A pattern that BuildKit refuses or that is a regular
 * expression to it ignores nothing. ARC_EINPUT for "!" alone; *out is {0} then. */
int arc_ignore_parse(struct arc_arena *memory, const char *text, struct arc_ignore *out);

/* Whether the path, relative to the context, is ignored. */
bool arc_ignore_match(const struct arc_ignore *ignore, const char *path, size_t len);

/* The number of components of a clean path. */
size_t arc_path_depth(const char *path);
