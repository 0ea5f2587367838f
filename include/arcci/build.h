/* Stage `build`: runs the plan's cells on BuildKit and ends in one verified index per service.
 *
 * Images are pushed under staging tags, then read back from the registry and compared with the plan
 * before they count as built. arc_promote() later moves the version's tags, and only to the digests
 * in the ledger (build.json, docs/schema/build.schema.json).
 */
#ifndef ARCCI_BUILD_H
#define ARCCI_BUILD_H

#include "arcci/api.h"
#include "arcci/clock.h"
#include "arcci/documents.h"
#include "arcci/env.h"
#include "arcci/error.h"
#include "arcci/project.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

/* The index annotation that holds a build's key: the hash of what went into it. */
#define ARC_KEY_ANNOTATION "arc.ci.key"

/* How to make a definition for `docker buildx bake`. Everything is borrowed. */
struct arc_bake_options {
    const struct arc_env *env; /* names insecure registries; NULL: none */
    const struct arc_plan *plan;
    const char *cell;  /* "flash/linux/amd64,sonic/linux/amd64": only these cells, all of one
                          platform; NULL: every selected service */
    const bool *skip;  /* one per service of the plan: leave it out; NULL: leave out none */
    char *const *keys; /* one per service: its key, for the index annotation; NULL: none */
    const char *cache; /* "registry": cache layers beside the image; "local,dir=FOLDER", "gha",
                          "s3,bucket=…" with buildx's options; NULL: no cache */
    const char *load;  /* the engine's platform: load each image into the engine's store, for that
                          platform or else the image's first; NULL: do not load */
    bool sbom;         /* attach an SBOM, beside the provenance */
    bool by_digest;    /* push by digest if the driver can, else under the staging tag */
};

/* Makes a bake definition with one target per service: platforms, staging tag, labels, annotations,
 * build arguments and attestations. The same plan always gives the same definition. Texts from the
 * plan are escaped, since bake expands "${…}" in JSON too. *out is a new reference. ARC_EINPUT for
 * a cell that is not in the plan. */
int arc_bake(const struct arc_bake_options *options, json_t **out, struct arc_error *err);

/* Finds the cells that `names` lists ("flash/linux/amd64,sonic/linux/amd64"). *out is a new array
 * with one entry per service of the plan: its cell, borrowed, or NULL. ARC_EINPUT when the plan
 * lacks a cell, a service is named twice, or the platforms differ. */
int arc_bake_cells(const struct arc_plan *plan, const char *names, const struct arc_cell ***out,
                   struct arc_error *err);

/* Checks a value for arc_bake_options.cache. ARC_EINPUT says what is wrong with it. */
int arc_bake_check_cache(const char *cache, struct arc_error *err);

/* The state of a cell or step of a running build. */
enum arc_step_state { ARC_STEP_RUNNING, ARC_STEP_DONE, ARC_STEP_CACHED, ARC_STEP_FAILED };

/* A step of the build started, ended or wrote to its log. Borrowed for the call. */
struct arc_build_event {
    const char *service;  /* codename; "" for a step of the whole build */
    const char *platform; /* "linux/amd64"; "" for a step of all the service's platforms */
    const char *step;     /* "2/2 RUN …", "exporting to image" */
    enum arc_step_state state;
    double duration; /* seconds; 0 while running */
    const char *log; /* what the step wrote, which may hold NUL bytes; NULL for a change of state */
    size_t log_len;
};

/* Receives the progress of a build, a merge, a promotion or signing. */
struct arc_build_listener {
    void (*on_event)(void *context, const struct arc_build_event *event); /* NULL: nobody */
    void *context;
};

/* Reports to the listener that a step of `service` is done; "" is the whole build. */
void arc_build_tell(const struct arc_build_listener *listener, const char *service,
                    const char *format, ...) __attribute__((format(printf, 3, 4)));

struct arc_build_options {
    const struct arc_env *env; /* finds docker, its configuration and a temporary directory;
                                  arc_build() uses the project's instead, with the project's root as
                                  cwd */
    const struct arc_clock *clock;
    const struct arc_plan *plan;
    const char *cell;    /* as in arc_bake_options */
    const char *cache;   /* as in arc_bake_options */
    const char *builder; /* name of a buildx builder; NULL: the current one */
    bool load;           /* load images into the engine's store, to try them, instead of pushing */
    bool sbom;
    bool rebuild;       /* build what the registry already has, too */
    int interrupted_fd; /* becomes readable when the run should end (SIGINT, SIGTERM); -1: none */
    struct arc_build_listener listener;
};

/* Builds the plan's images, verifies them and fills *out, the ledger. The plan's folders are
 * relative to arc_project_root(). With plan.push, images are pushed under their staging tags and
 * read back; a service or cell that the registry already has from the same inputs is verified
 * instead of built again. Without plan.push, the images stay in the builder; with `load` they are
 * loaded into the engine's store under their staging tags. ARC_EFAILED when a build fails (with
 * file:line of the Dockerfile if BuildKit reports it) or the registry's images differ from the
 * plan; ARC_EWORLD when docker, an emulator or the network is missing. */
int arc_build(struct arc_project *project, const struct arc_build_options *options,
              struct arc_ledger *out, struct arc_error *err);

/* Returns the argv that arc_build() would run, as an array of strings, and the definition that it
 * would pass on stdin. Runs nothing, except that docker is asked for the driver of a chosen
 * builder. New references. */
int arc_build_describe(struct arc_project *project, const struct arc_build_options *options,
                       json_t **argv, json_t **definition, struct arc_error *err);

/* Joins the cells that other jobs built (`cell`) into one index per service and pushes it under the
 * service's staging tag. The cells are found by their staging tags and each is verified:
 * ARC_EFAILED names a cell that is missing, stale or of another build. */
int arc_merge(const struct arc_build_options *options, struct arc_ledger *out,
              struct arc_error *err);

struct arc_promote_options {
    struct arc_project *project; /* its remote is asked for the release's tag; NULL: do not ask */
    const struct arc_env *env;
    const struct arc_clock *clock;
    const struct arc_plan *plan;
    const struct arc_ledger *build; /* NULL: what the staging tags point to */
    const char *root;               /* of the files that verify signatures; NULL: env->cwd */
    bool allow_dirty;               /* accept a ledger built from a dirty work tree */
    bool force; /* rewrite a version's tag that points elsewhere; move `latest` back */
    struct arc_build_listener listener;
};

/* Moves the plan's tags to the verified indexes by pushing the same bytes under each tag. Before
 * the first tag moves, it verifies every image, looks up the version's own tags, and checks that
 * the release's git tag on the remote still points to the plan's commit. Floating tags move last;
 * one that a higher stable version has by now stays. If a tag cannot be moved, those already moved
 * are restored, and the error names any that could not be. *out is the ledger with the services'
 * `tags`. ARC_EFAILED when a tag of this version points elsewhere (without force), or an image is
 * not signed as the plan's `sign` requires. */
int arc_promote(const struct arc_promote_options *options, struct arc_ledger *out,
                struct arc_error *err);

ARC_API_END

#endif
