/* The parts of `build`: keys, finding what is already built, running bake. */
#pragma once

#include "build/progress.h"
#include "build/verify.h"
#include "os/process.h"

/* ---- key.c ---- */

/* The key, "sha256:…", of each service to build: a hash of its files from the work tree, build
 * arguments, labels, platforms and kinds of attestations. NULL for other services. `cells`: the
 * cells to build; NULL: whole services. In `memory`. */
int arc_build_keys(const struct arc_build_options *options, const struct arc_cell **cells,
                   struct arc_arena *memory, char ***out, struct arc_error *err);

/* Looks for an index built with this key from base images that have not moved since, and verifies
 * it. `local`: the builder prefers base images in the engine's store, so that is checked before the
 * registry. *built: its entry for the ledger, in `memory`; *found: false if it must be built. Only
 * network and memory failures are errors. */
int arc_build_find(const struct arc_build_options *options, const struct arc_verify *verify,
                   const char *key, bool local, struct arc_arena *memory,
                   struct arc_built_service *built, bool *found, struct arc_error *err);

/* Puts the index under the staging tag, also in every mirror, where BuildKit pushed what it lists.
 * A mirror that lacks any of it refuses. */
int arc_build_stage(struct arc_registry *registry, const struct arc_planned_service *service,
                    const char *staging, const struct arc_manifest *index, struct arc_error *err);

/* ---- train.c ---- */

/* arc_build() and arc_merge() for a train's plan. */
int arc_build_train(const struct arc_build_options *options, struct arc_ledger *out,
                    struct arc_error *err);

/* ---- bake.c ---- */

/* Bake's argv for a definition, NULL-terminated, in `memory`. `metadata`: file for the digests.
 * `progress`: "rawjson" or, for buildx before 0.13, "plain". `allows`: with permissions for what is
 * outside of the tree, which buildx before 0.18 does not support. */
#define ARC_BAKE_WORDS 16
void arc_build_argv(const struct arc_build_options *options, const json_t *definition,
                    const char *metadata, const char *progress, bool allows,
                    struct arc_arena *memory, const char **argv);

/* The result of a run of bake. */
struct arc_bake_result {
    struct arc_progress *progress;
    json_t *metadata; /* target → {"containerimage.digest": …} */
};
void arc_bake_result_free(struct arc_bake_result *result);

/* Runs bake on the watched definition, with retries if they can help, and reads the digests.
 * ARC_EFAILED with the Dockerfile's place if a build fails. */
int arc_bake_run(const struct arc_build_options *options, const struct arc_progress_options *watch,
                 struct arc_bake_result *out, struct arc_error *err);

/* Makes a registry client whose waits are reported to the listener, which must outlive it. */
int arc_build_open_registry(const struct arc_env *env, const struct arc_clock *clock,
                            const struct arc_build_listener *listener, struct arc_registry **out,
                            struct arc_error *err);

/* The platform of a service that is loaded into an engine of platform `load`; NULL if that is
 * NULL. */
const char *arc_load_platform(const char *load, const struct arc_planned_service *service);

/* ---- builder.c ---- */

/* Runs docker: arc_process_run(), with ARC_EWORLD if it is not installed. */
int arc_docker_run(const struct arc_process *process, struct arc_process_result *out,
                   struct arc_error *err);

/* The engine's own platform, "linux/arm64", in `memory`. ARC_EWORLD if it cannot be reached. */
int arc_build_engine_platform(const struct arc_build_options *options, struct arc_arena *memory,
                              const char **out, struct arc_error *err);

/* What `docker buildx version` prints. */
int arc_build_buildx_version(const struct arc_build_options *options, struct arc_buf *out,
                             struct arc_error *err);

/* Whether the builder is the engine itself (buildx's `docker` driver), which can use the engine's
 * images and cannot push by digest. Runs `docker buildx inspect` only if a builder was chosen. */
int arc_build_is_engine(const struct arc_build_options *options, bool *engine,
                        struct arc_error *err);

/* Appends why a program for this platform could not run ("exec format error") and what to do, after
 * asking the builder which platforms it supports, natively or emulated. */
void arc_build_explain_foreign(const struct arc_build_options *options, const char *platform,
                               struct arc_buf *out);
