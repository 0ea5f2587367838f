/* The stages of a Dockerfile, and what each reads of the build's contexts, as BuildKit's frontend
 * (dockerfile2llb) has it. */
#pragma once

#include "arcci/arena.h"
#include <jansson.h>

/* Something that a stage reads. */
struct arc_source {
    char *context; /* name of an additional context; NULL: the build's own */
    char *path;    /* a pattern from its root, clean; "" for everything */
    char *without; /* what --exclude leaves out below it, as an ignore file; NULL: nothing */
    bool parents;  /* of COPY --parents, where two stars cross any number of folders */
    size_t pivot;  /* of that: how many parts stand before "/./", below which `without` holds */
    char *text;    /* "COPY src": the instruction and the source as written */
    char *doubt;   /* why everything counts, for want of knowing; NULL: it is known */
    unsigned line;
};

/* A stage. */
struct arc_stage {
    char *name;      /* lower case, or NULL */
    char *ref;       /* FROM as written, "" without one */
    char *base;      /* the same, expanded; "" when it cannot be told */
    bool told;       /* every variable in it has a value */
    size_t from;     /* number of the stage that it starts from; SIZE_MAX: an image */
    char *platform;  /* of its FROM, or of that of the stage it starts from, as written; or NULL */
    char *built_for; /* the same, expanded; "" when it cannot be told, NULL without one */
    unsigned line;   /* of its FROM */
    unsigned platform_line; /* of the FROM that has the platform */
    json_t *values;         /* variables: name → text, null for what cannot be told */
    bool open;              /* its base is an image from elsewhere, whose ENV is not known */
    char *user;             /* USER, as written where that cannot be told; NULL: none */
    unsigned user_line;     /* both also those of the stage it starts from */
    json_t *labels;         /* likewise: name → text */
    unsigned label_line;    /* of its own last LABEL; 0: it has none */
    json_t *needs;          /* numbers of stages: its base, COPY --from, RUN --mount=from= */
    json_t *images;         /* texts: what its FROM, COPY --from and RUN --mount name of images */
    json_t *onbuild;        /* texts of triggers, with their lines: [[text, line], …] */
    struct arc_source *sources;
    size_t count;
};

struct arc_stages {
    struct arc_arena memory; /* of all but the JSON */
    struct arc_stage *items;
    size_t count;
};

/* What a build is given. Nothing is owned. */
struct arc_stages_request {
    const char *text;       /* the Dockerfile */
    const json_t *args;     /* object: build arguments; null for a value that is not known yet */
    const json_t *contexts; /* object: the names of additional contexts are its keys */
    const char *platform;   /* "linux/arm64": TARGETPLATFORM and the like; NULL: not known */
    const char *target;     /* TARGETSTAGE; NULL or "": none, as BuildKit "default" */
    const char *builder;    /* the same of BUILDPLATFORM */
    bool lenient;           /* reads what another frontend may understand, or refuse */
};

/* The part of an image's name under which BuildKit looks for a named context: moves *name behind
 * docker.io/ and library/ and gives the length without :latest (distribution/reference,
 * "FamiliarString"). */
size_t arc_image_familiar(const char **name);

/* Reads the stages. ARC_EINPUT for what BuildKit would refuse, or what only another frontend
 * understands; ARC_ELIMIT. On an error *out is {0}. */
int arc_stages_read(const struct arc_stages_request *request, struct arc_stages *out,
                    struct arc_error *err);
void arc_stages_free(struct arc_stages *stages);

/* The stage that a build is for: of that name or number; the last one for NULL. NULL when there is
 * none. */
const struct arc_stage *arc_stages_target(const struct arc_stages *stages, const char *target);
