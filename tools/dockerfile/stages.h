/* The stages of a Dockerfile, and what each reads from the build's contexts, following BuildKit's
 * frontend (dockerfile2llb). */
#pragma once

#include "arcci/arena.h"
#include <jansson.h>

/* Something that a stage reads. */
struct arc_source {
    char *context; /* name of an additional context; NULL: the build's own */
    char *path;    /* a clean pattern from its root; "": everything */
    char *without; /* patterns of --exclude, as an ignore file; NULL: none */
    bool parents;  /* COPY --parents, where "**" crosses any number of folders */
    size_t pivot;  /* with it: number of components before "/./", below which `without` applies */
    char *text;    /* "COPY src": the instruction and the source as written */
    char *doubt;   /* why the whole context has to be assumed; NULL: it need not */
    unsigned line;
};

/* A stage. */
struct arc_stage {
    char *name;             /* lower case, or NULL */
    char *ref;              /* FROM as written, "" without one */
    char *base;             /* the same, expanded; "" if unknown */
    bool told;              /* every variable in it has a value */
    bool lacks;             /* one has none, not even an unknown one */
    size_t from;            /* index of the stage that it starts from; SIZE_MAX: an image */
    char *platform;         /* as written, of its FROM or of the stage it starts from; or NULL */
    char *built_for;        /* the same, expanded; "" if unknown, NULL without one */
    unsigned line;          /* of its FROM */
    unsigned platform_line; /* of the FROM that has the platform */
    char *fixed;            /* "TARGETARCH=amd64", an ARG that hides another value; or NULL */
    unsigned fixed_line;
    json_t *values;      /* variables: name → text, null if unknown */
    bool open;           /* its base is an image whose ENV is unknown */
    char *user;          /* USER, as written if its value is unknown; NULL: none */
    unsigned user_line;  /* both inherited from the stage it starts from */
    json_t *labels;      /* likewise inherited: name → text */
    unsigned label_line; /* of its own last LABEL; 0: none */
    json_t *needs;       /* numbers of stages: its base, COPY --from, RUN --mount=from= */
    json_t *images;      /* texts: images in its FROM, COPY --from and RUN --mount */
    json_t *onbuild;     /* texts of triggers, with their lines: [[text, line], …] */
    struct arc_source *sources;
    size_t count;
};

struct arc_stages {
    struct arc_arena memory; /* of everything except the JSON */
    struct arc_stage *items;
    size_t count;
    const struct arc_stage *target;  /* of the request; NULL: there is none */
    const struct arc_stage **needed; /* the target and all that it needs, each once */
    size_t needed_count;
    json_t *args;    /* object: the names of all ARGs, of any stage or none */
    json_t *secrets; /* object: the ids of all secrets that a RUN mounts; "" if one is unknown */
    const char *frontend; /* the additional context that replaces the image of `# syntax=`; NULL */
};

/* The inputs of a build. All borrowed. */
struct arc_stages_request {
    const char *text;       /* the Dockerfile */
    const json_t *args;     /* object: build arguments; null for a value that is unknown so far */
    const json_t *contexts; /* object whose keys are the names of additional contexts */
    const char *platform;   /* "linux/arm64", for TARGETPLATFORM and the like; NULL: unknown */
    const char *target;     /* for TARGETSTAGE; NULL or "": none, "default" as in BuildKit */
    const char *builder;    /* the same for BUILDPLATFORM */
    bool lenient;           /* accept what only another frontend may understand */
};

/* The familiar form of an image's name, which BuildKit looks up among named contexts: moves *name
 * past docker.io/ and library/ and returns the length without :latest (distribution/reference,
 * "FamiliarString"). */
size_t arc_image_familiar(const char **name);

/* Reads the stages into *out, which is {0} on an error. ARC_EINPUT for what BuildKit would refuse;
 * ARC_ELIMIT for what it may not, but we do not understand. */
int arc_stages_read(const struct arc_stages_request *request, struct arc_stages *out,
                    struct arc_error *err);
void arc_stages_free(struct arc_stages *stages);

/* The stage with that name or number, the last one for NULL; NULL if there is none. */
const struct arc_stage *arc_stages_target(const struct arc_stages *stages, const char *target);
