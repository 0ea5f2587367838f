/* Reads an index back from the registry and compares it with the plan. */
#pragma once

#include "arcci/build.h"
#include "arcci/documents.h"
#include "base/platform.h"
#include "registry/registry.h"

/* What to compare. All borrowed. */
struct arc_verify {
    struct arc_registry *registry;
    const struct arc_planned_service *service;
    char *const *platforms; /* exactly these, no more, no fewer */
    const char *reference;  /* tag or digest */
    bool details;           /* for the ledger: unpacked sizes and base images too */
    const struct arc_build_listener *listener; /* receives warnings; NULL: nobody */
};

/* Reads the index and everything that it lists, and checks that it has exactly the planned
 * platforms, each once; that every image's configuration is for its platform and has all planned
 * labels, including the revision; and that every attestation is for an image of the index.
 * ARC_EFAILED names the difference; ARC_ENOTFOUND if the reference does not exist. Warns the
 * listener about two platforms with the same layers: one may have programs for the other. *built:
 * the service's ledger entry, in `memory`, without durations; *index (may be NULL): the index
 * itself. */
int arc_verify_index(const struct arc_verify *verify, struct arc_arena *memory,
                     struct arc_built_service *built, struct arc_manifest *index,
                     struct arc_error *err);

/* Verifies a plan's selected services in the registry and adds their entries to *out, from
 * arc_ledger_begin(). `build`: reads its digests; NULL: the staging tags, with details. `indexes`
 * (may be NULL) gets the index of each entry. ARC_EFAILED also if one is missing. */
int arc_verify_plan(struct arc_registry *registry, const struct arc_plan *plan,
                    const struct arc_ledger *build, const struct arc_build_listener *listener,
                    struct arc_ledger *out, struct arc_manifest *indexes, struct arc_error *err);

/* Prefetches, in parallel, what arc_verify_index() will read, and what gives the layers'
 * uncompressed sizes (otherwise null). Does not change the verification. Skips what was prefetched
 * already. Fails only when out of memory. */
int arc_verify_ahead(const struct arc_verify *verifies, size_t count, struct arc_error *err);

/* A descriptor's platform, normalized: "linux/arm64". */
void arc_platform_text(const json_t *platform, char out[ARC_PLATFORM_SIZE]);

/* Whether a descriptor is for an attestation (BuildKit docs, "Image attestation storage"). */
bool arc_is_attestation(const json_t *descriptor);

/* Whether an attestation's layer is a provenance. */
bool arc_is_provenance(const json_t *layer);
