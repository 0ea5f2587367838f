/* The parts of `build`: keys and what is already built, and running bake. */
#pragma once

#include "build/progress.h"
#include "build/verify.h"
#include "os/process.h"

/* ---- key.c ---- */

/* For each service of the plan its key, "sha256:…", where it will be built: the hash of what goes
 * into it from the work tree, build arguments, labels, platforms and kind of attestations. NULL for
 * the others. `cells`: those of the services that are built; NULL: whole services. In `memory`. */
int arc_build_keys(const struct arc_build_options *options, const struct arc_cell **cells,
                   struct arc_arena *memory, char ***out, struct arc_error *err);

/* Looks for an index, made with this key from base images that have not moved since, and verifies
 * it. `local`: the builder takes base images from the engine's own store first, so that is asked
 * before the registry. *built: its entry of the ledger, in `memory`; *found: false when it has to
 * be built. Only the network and memory are errors. */
int arc_build_find(const struct arc_build_options *options, const struct arc_verify *verify,
                   const char *key, bool local, struct arc_arena *memory,
                   struct arc_built_service *built, bool *found, struct arc_error *err);

/* Puts the index under the staging tag, in every mirror of the service too, where BuildKit pushed
 * what it lists. A mirror that lacks any of it refuses it. */
int arc_build_stage(struct arc_registry *registry, const struct arc_planned_service *service,
                    const char *staging, const struct arc_manifest *index, struct arc_error *err);

/* ---- train.c ---- */

/* What arc_build() and arc_merge() do for a plan of a train. */
int arc_build_train(const struct arc_build_options *options, struct arc_ledger *out,
                    struct arc_error *err);

/* ---- bake.c ---- */

/* The argv of bake for a definition, with the NULL at its end, in `memory`; `metadata` is the file
 * for the digests, `progress` "rawjson" or, for a buildx that lacks it (before 0.13), "plain";
 * `allows`: with what the definition needs beyond the tree, which a buildx before 0.18 cannot be
 * told. */
#define ARC_BAKE_WORDS 16
void arc_build_argv(const struct arc_build_options *options, const json_t *definition,
                    const char *metadata, const char *progress, bool allows,
                    struct arc_arena *memory, const char **argv);

/* What a run of bake gave. */
struct arc_bake_result {
    struct arc_progress *progress;
    json_t *metadata; /* target → {"containerimage.digest": …} */
};
void arc_bake_result_free(struct arc_bake_result *result);

/* Runs bake on the definition that is watched, again where that can help, and reads the digests.
 * ARC_EFAILED with the Dockerfile's place when a build fails. */
int arc_bake_run(const struct arc_build_options *options, const struct arc_progress_options *watch,
                 struct arc_bake_result *out, struct arc_error *err);

/* A client of the registries; the listener, which is borrowed for its life, hears when one of them
 * asks for time. */
int arc_build_open_registry(const struct arc_env *env, const struct arc_clock *clock,
                            const struct arc_build_listener *listener, struct arc_registry **out,
                            struct arc_error *err);

/* What a service is built for when it is loaded into an engine of the platform `load`; NULL when
 * that is NULL. */
const char *arc_load_platform(const char *load, const struct arc_planned_service *service);

/* ---- builder.c ---- */

/* Runs docker: arc_process_run(), with ARC_EWORLD where there is none. */
int arc_docker_run(const struct arc_process *process, struct arc_process_result *out,
                   struct arc_error *err);

/* The engine's own platform, "linux/arm64", in `memory`. ARC_EWORLD when it cannot be asked. */
int arc_build_engine_platform(const struct arc_build_options *options, struct arc_arena *memory,
                              const char **out, struct arc_error *err);

/* Whether the builder is the engine itself (buildx's `docker` driver): it has the engine's images
 * at hand, and cannot push by digest. Asks `docker buildx inspect` only when a builder was chosen.
 */
int arc_build_is_engine(const struct arc_build_options *options, bool *engine,
                        struct arc_error *err);

/* Adds why a program of this platform could not be run ("exec format error"), and what to do about
 * it: asks the builder which platforms it runs, natively or emulated. */
void arc_build_explain_foreign(const struct arc_build_options *options, const char *platform,
                               struct arc_buf *out);
