/* Stage `build`: runs the plan's cells on BuildKit and ends in one verified index per service.
 *
 * The images are pushed under staging tags; what was pushed is read back from the registry and
 * compared with the plan before anything says that it was built. The version's tags move later, in
 * arc_promote(), and only to what the ledger (build.json, docs/schema/build.schema.json) holds.
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

/* How a definition for `docker buildx bake` is made. Nothing is owned. */
struct arc_bake_options {
    const struct arc_env *env; /* names insecure registries; NULL: none are */
    const struct arc_plan *plan;
    const char *cell;  /* "flash/linux/amd64,sonic/linux/amd64": only these cells, of one platform;
                          NULL: every selected service */
    const bool *skip;  /* for each service of the plan, whether it is left out; NULL: none */
    char *const *keys; /* for each of them, the key for the index's annotation; NULL: none */
    const char *cache; /* "registry": layers are cached beside the image; "local,dir=FOLDER", "gha",
                          "s3,bucket=…" with buildx's options; NULL: no cache */
    const char *load;  /* the engine's platform: images go into its store, each for that platform or
                          the first that it has; NULL: they do not */
    bool sbom;         /* attach an SBOM, beside the provenance */
    bool by_digest;    /* push by digest, where the driver can; else under the staging tag */
};

/* Makes a definition: a target per service with its platforms, staging tag, labels, annotations,
 * build arguments and attestations. Pure: the same plan gives the same definition. Texts from the
 * plan are escaped, since bake expands "${…}" in JSON too. ARC_EINPUT for a cell that is not in the
 * plan. *out is a new reference. */
int arc_bake(const struct arc_bake_options *options, json_t **out, struct arc_error *err);

/* The cells that "flash/linux/amd64,sonic/linux/amd64" names: for each service of the plan its
 * cell, or NULL; a new array of borrowed cells. ARC_EINPUT when the plan lacks one, a service is
 * named twice, or they are of several platforms. */
int arc_bake_cells(const struct arc_plan *plan, const char *names, const struct arc_cell ***out,
                   struct arc_error *err);

/* Checks a cache as arc_bake_options has it. ARC_EINPUT says what is wrong with it. */
int arc_bake_check_cache(const char *cache, struct arc_error *err);

/* Where a cell or step of a running build stands. */
enum arc_step_state { ARC_STEP_RUNNING, ARC_STEP_DONE, ARC_STEP_CACHED, ARC_STEP_FAILED };

/* A step of the build began or ended, or said something. Everything is borrowed for the call. */
struct arc_build_event {
    const char *service;  /* codename; "" for a step of the whole build */
    const char *platform; /* "linux/amd64"; "" for a step of all its platforms */
    const char *step;     /* "2/2 RUN …", "exporting to image" */
    enum arc_step_state state;
    double duration; /* seconds; 0 while running */
    const char *log; /* what the step said, NULL for a change of state; not NUL-free text */
    size_t log_len;
};

/* Who hears of what a build, a merge, a promotion or signing does. */
struct arc_build_listener {
    void (*on_event)(void *context, const struct arc_build_event *event); /* NULL: nobody */
    void *context;
};

/* Tells that a step is done, of a service or, with "", of the whole. */
void arc_build_tell(const struct arc_build_listener *listener, const char *service,
                    const char *format, ...) __attribute__((format(printf, 3, 4)));

struct arc_build_options {
    const struct arc_env *env; /* finds docker, its configuration, a temporary directory; a build
                                  takes the project's, with its root for a current directory */
    const struct arc_clock *clock;
    const struct arc_plan *plan;
    const char *cell;    /* as in arc_bake_options */
    const char *cache;   /* as in arc_bake_options */
    const char *builder; /* name of a buildx builder; NULL: the current one */
    bool load;           /* into the engine's store, to be tried there, instead of pushing */
    bool sbom;
    bool rebuild;       /* build what is already in the registry too */
    int interrupted_fd; /* readable once the run is to end (SIGINT, SIGTERM); -1: none */
    struct arc_build_listener listener;
};

/* Builds, verifies and makes build.json. The plan's folders lie below arc_project_root(). With
 * plan.push, images are pushed under their staging tags and read back; a service, or the cell, that
 * is in the registry already, made from the same inputs, is verified and not built again. Without,
 * they are built and left to the builder; with `load` they are in the engine's store under their
 * staging tags. ARC_EFAILED when a build fails (with file:line of the Dockerfile where BuildKit
 * tells it), or what is in the registry is not what was planned; ARC_EWORLD when docker, an
 * emulator or the network is missing. */
int arc_build(struct arc_project *project, const struct arc_build_options *options,
              struct arc_ledger *out, struct arc_error *err);

/* The argv that arc_build() would run, as an array of strings, and the definition it would feed to
 * it on stdin. Nothing is run; where a builder was chosen, docker is asked for its driver. New
 * references. */
int arc_build_describe(struct arc_project *project, const struct arc_build_options *options,
                       json_t **argv, json_t **definition, struct arc_error *err);

/* Joins the cells that other jobs built (`cell`), found by their staging tags, to one index per
 * service, and puts it under the service's staging tag. Every leg is verified: ARC_EFAILED names
 * the one that is missing, stale or foreign. */
int arc_merge(const struct arc_build_options *options, struct arc_ledger *out,
              struct arc_error *err);

struct arc_promote_options {
    struct arc_project *project; /* whose remote is asked for the release's tag; NULL: nobody is */
    const struct arc_env *env;
    const struct arc_clock *clock;
    const struct arc_plan *plan;
    const struct arc_ledger *build; /* NULL: what the staging tags point to */
    const char *root; /* of the files by which signatures are checked; NULL: env->cwd */
    bool allow_dirty; /* take a ledger of a dirty work tree */
    bool force;       /* rewrite a version's tag that points elsewhere, take `latest` back */
    struct arc_build_listener listener;
};

/* Moves the plan's tags to the verified indexes, each by putting the same bytes under the tag.
 * Everything is verified, the version's own tags are looked up, and so is the release's git tag,
 * which must still lead to the plan's commit on the remote, before the first tag moves; floating
 * tags move last. When one cannot be moved, the ones already moved are put back, and the error
 * names what could not be. ARC_EFAILED when a tag of this version exists and points elsewhere
 * (without force), or an image is not signed by whom the plan's `sign` names. A floating tag stays
 * where it is when a higher stable version has it by now. *out: the ledger with the services'
 * `tags`. */
int arc_promote(const struct arc_promote_options *options, struct arc_ledger *out,
                struct arc_error *err);

ARC_API_END

#endif
