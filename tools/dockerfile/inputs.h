/* The files that an image depends on: its Dockerfile, the ignore file that holds for it, and what
 * the stages that its target needs read of the contexts. What is not known is the whole context.
 */
#pragma once

#include "arcci/error.h"
#include <jansson.h>
#include <stdbool.h>

/* How an image is built. Paths are relative to `root`. Nothing is owned. */
struct arc_inputs_request {
    const char *root;       /* the work tree; NULL: the current directory */
    const char *context;    /* "services/cache", "." */
    const char *dockerfile; /* "services/cache/Dockerfile"; NULL with `text` */
    const char *text;       /* dockerfile_inline */
    const char *target;
    const json_t *args;     /* object; null for a value that is not known yet */
    const json_t *contexts; /* object: name → a directory, or anything else ("target:base") */
    const char *const *platforms; /* NULL-terminated */
    bool triggers;                /* what it starts from has ONBUILD */
};

/* Why a file is one of an image's. */
struct arc_input {
    char *what;       /* "COPY src", "whole context", "Dockerfile" */
    const char *file; /* the Dockerfile, or NULL for an inline one; borrowed from the inputs */
    unsigned line;    /* in it; 0 when no line says so */
};

struct arc_inputs;

/* Reads the Dockerfile, the ignore files and links on the way to a source. ARC_ENOTFOUND when there
 * is no Dockerfile; ARC_EINPUT when it leads out of `root` or there is no such target; ARC_EWORLD.
 * Owned by the caller; ended with arc_inputs_free(). */
int arc_inputs_read(const struct arc_inputs_request *request, struct arc_inputs **out,
                    struct arc_error *err);
void arc_inputs_free(struct arc_inputs **inputs);

/* Why the path, relative to the root, is one of them; NULL when it is not. */
const struct arc_input *arc_inputs_find(const struct arc_inputs *inputs, const char *path,
                                        size_t len);

/* Whether something below the path, which is a submodule, may be one of them. */
bool arc_inputs_below(const struct arc_inputs *inputs, const char *path, size_t len);

/* The next path from the root, from number *at on, that is or follows a link which the Dockerfile or
 * its ignore file is; NULL at the end. Borrowed. */
const char *arc_inputs_next_link(const struct arc_inputs *inputs, size_t *at);

/* Why the whole context counts, for want of knowing better; NULL when that is not so. */
const char *arc_inputs_doubt(const struct arc_inputs *inputs, unsigned *line);

/* The platform that the image is made for whatever is asked for, since the FROM in *line says so:
 * as written there. NULL when it is made for every platform of the request. */
const char *arc_inputs_pinned(const struct arc_inputs *inputs, unsigned *line);

/* Calls `each` for every source without a wildcard that is not in its context; `ignored`: it is
 * there, but its ignore file leaves it out. Ends at, and returns, what is not 0. */
int arc_inputs_missing(const struct arc_inputs *inputs,
                       int (*each)(void *context, const struct arc_input *input, bool ignored),
                       void *context);
