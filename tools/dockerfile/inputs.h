/* The files that an image depends on: its Dockerfile, its ignore files, and what the stages needed
 * by its target read from the contexts; the whole context if that is unknown. */
#pragma once

#include "arcci/error.h"
#include <jansson.h>
#include <stdbool.h>

/* How an image is built. Paths are relative to `root`. All borrowed. */
struct arc_inputs_request {
    const char *root;       /* the work tree; NULL: the current directory */
    const char *context;    /* "services/cache", "." */
    const char *dockerfile; /* "services/cache/Dockerfile"; NULL with `text` */
    const char *text;       /* dockerfile_inline */
    const char *target;
    const json_t *args;     /* object; null for a value that is unknown so far */
    const json_t *contexts; /* object: name → a directory, or anything else ("target:base") */
    const char *const *platforms; /* NULL-terminated */
    bool triggers;                /* its base has ONBUILD triggers */
};

/* Why an image depends on a file. */
struct arc_input {
    char *what;       /* "COPY src", "whole context", "Dockerfile" */
    const char *file; /* the Dockerfile, or NULL for an inline one; borrowed from the inputs */
    unsigned line;    /* in it; 0: none */
    char *start;      /* of a source, from the root: the prefix of all that a wildcard matches */
};

struct arc_inputs;

/* Reads the Dockerfile, the ignore files, and links on the way to sources. ARC_ENOTFOUND without a
 * Dockerfile; ARC_EINPUT if it is outside `root` or has no such target; ARC_EWORLD. *out is owned by
 * the caller; free it with arc_inputs_free(). */
int arc_inputs_read(const struct arc_inputs_request *request, struct arc_inputs **out,
                    struct arc_error *err);
void arc_inputs_free(struct arc_inputs **inputs);

/* Why the image depends on the path (relative to the root); NULL if it does not. */
const struct arc_input *arc_inputs_find(const struct arc_inputs *inputs, const char *path,
                                        size_t len);

/* Whether the image may depend on something below the path, which is a submodule. */
bool arc_inputs_below(const struct arc_inputs *inputs, const char *path, size_t len);

/* Iterates, with *at from 0, over the links that the Dockerfile or its ignore file is, and their
 * targets, as paths from the root; NULL at the end. Borrowed. */
const char *arc_inputs_next_link(const struct arc_inputs *inputs, size_t *at);

/* What holds for all platforms of the build. */
struct arc_inputs_facts {
    char *doubt; /* why the whole context had to be assumed; NULL if it was not */
    unsigned doubt_line;
    bool refused; /* it had to be, since BuildKit would refuse the Dockerfile */
    /* The platform, as written, that a FROM fixes for the image whatever the request says; NULL if
     * it is built for each platform of the request. */
    char *pinned;
    unsigned pinned_line;
    char *lacking; /* a needed base as written, of which a variable has no value; NULL: none */
    unsigned lacking_line;
    char *fixed; /* "TARGETARCH=amd64": likewise an ARG, whatever the platform; NULL: none */
    unsigned fixed_line;
    /* An object: the names of the Dockerfile's ARGs; NULL if a base's triggers or another frontend
     * may have more. */
    json_t *args;
    json_t *secrets; /* likewise the ids of the secrets that its RUNs mount */
    /* Likewise of the additional contexts and images that its lines name; NULL also if a variable
     * may name others. */
    json_t *names;
};

/* Borrowed. */
const struct arc_inputs_facts *arc_inputs_facts(const struct arc_inputs *inputs);

/* Calls `each` for every source without a wildcard that is missing in its context (`ignored`: it
 * exists but is ignored). Stops at, and returns, the first value other than 0. */
int arc_inputs_missing(const struct arc_inputs *inputs,
                       int (*each)(void *context, const struct arc_input *input, bool ignored),
                       void *context);
