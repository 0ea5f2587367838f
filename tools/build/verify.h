/* Reading an index back from the registry and comparing it with the plan. */
#pragma once

#include "arcci/build.h"
#include "arcci/documents.h"
#include "base/platform.h"
#include "registry/registry.h"

/* What is compared. Nothing is owned. */
struct arc_verify {
    struct arc_registry *registry;
    const struct arc_planned_service *service;
    char *const *platforms; /* exactly these, no more, no fewer */
    const char *reference;  /* tag or digest */
    bool details;           /* for the ledger: unpacked sizes and base images too */
    const struct arc_build_listener *listener; /* hears what may be wrong; NULL: nobody */
};

/* Reads the index and everything that it lists. Holds when: its platforms are the planned ones,
 * each once; every image's configuration is for that platform and carries every planned label (the
 * revision among them); every attestation belongs to an image of the index. ARC_EFAILED names what
 * differs; ARC_ENOTFOUND when the reference does not exist. The listener hears of two platforms
 * with the same layers: one of them may hold the other's programs. *built: the service's entry of
 * the ledger, in `memory` (without durations, and without what `details` stands for when that is
 * not set); *index (may be NULL) gets the index itself. */
int arc_verify_index(const struct arc_verify *verify, struct arc_arena *memory,
                     struct arc_built_service *built, struct arc_manifest *index,
                     struct arc_error *err);

/* A plan's selected services, as they are in the registry. Nothing is owned. */
struct arc_verify_plan {
    struct arc_registry *registry;
    const struct arc_plan *plan;
    const struct arc_ledger
        *build; /* whose digests are read; NULL: the staging tags, with details */
    const struct arc_build_listener *listener;
};

/* Verifies all of them: *out, which was begun, gets the entries, and `indexes` (may be NULL), one
 * for each entry, what was read. ARC_EFAILED also for what is not there. */
int arc_verify_plan(const struct arc_verify_plan *what, struct arc_ledger *out,
                    struct arc_manifest *indexes, struct arc_error *err);

/* Asks for what arc_verify_index() will read, for all of them side by side, and for what tells the
 * layers' unpacked sizes, which are null otherwise. The verification itself is no other for it.
 * What waits to be taken is not asked for again. Fails only for want of memory. */
int arc_verify_ahead(const struct arc_verify *verifies, size_t count, struct arc_error *err);

/* docker and containerd (Go's encoding/json) read "Manifests" as "manifests", and the last of two
 * counts. ARC_EFAILED for a member whose name differs by case only from one that they read. */
int arc_names_check(const json_t *document, struct arc_error *err);

/* "linux/arm64" of a descriptor's platform, normalized. */
void arc_platform_text(const json_t *platform, char out[ARC_PLATFORM_SIZE]);

/* Whether a descriptor is an attestation's: BuildKit docs, "Image attestation storage". */
bool arc_is_attestation(const json_t *descriptor);

/* Whether an attestation's layer is a provenance, and whether an image's layer is packed with gzip.
 */
bool arc_is_provenance(const json_t *layer);
bool arc_is_gzip(const json_t *layer);
