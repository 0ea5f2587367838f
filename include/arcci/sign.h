/* Stage `sign`: signs what was built, between the gate and the promotion, and verifies signatures.
 *
 * cosign signs the digest of every index, and of the SBOM and the provenance that it lists. Its
 * bundles are stored in the registry as referrers (OCI distribution spec 1.1). The plan's `sign`
 * says what a signature must have: a key, or an identity and its issuer. */
#ifndef ARCCI_SIGN_H
#define ARCCI_SIGN_H

#include "arcci/api.h"
#include "arcci/build.h"
#include "arcci/documents.h"
#include "arcci/transport.h"

ARC_API_BEGIN

struct arc_sign_options {
    const struct arc_env *env; /* finds cosign; secrets for signing reach no other program */
    const char *root;          /* the files that plan->sign names are relative to it; NULL:
                                  env->cwd */
    const struct arc_plan *plan;
    const struct arc_ledger *build;
    struct arc_transport *github; /* receives the attestations; NULL without plan->sign->attest */
    struct arc_build_listener listener;
};

/* Signs what is not signed yet, in the service's registry and its mirrors, and verifies it
 * afterwards. Signs nothing if the plan has no `sign`. *out is sign.json
 * (docs/schema/sign.schema.json), a new reference. ARC_EINPUT when the plan does not say who signs;
 * ARC_ENOTFOUND without cosign; ARC_EFAILED with cosign's message. A later run completes an
 * interrupted one. */
int arc_sign(const struct arc_sign_options *options, json_t **out, struct arc_error *err);

/* Where to look for signatures. Borrowed. */
struct arc_sign_check {
    const struct arc_env *env;
    const char *root;
    const struct arc_plan *plan;
    const struct arc_planned_service *service;
    const struct arc_built_service *built;
};

/* Checks that all of it is signed as the plan requires; ARC_EFAILED names what is not, and why. */
int arc_sign_verify(const struct arc_sign_check *check, struct arc_error *err);

/* Returns the command that verifies the signature of `reference` (IMAGE@DIGEST), as an array of
 * words; a new reference, NULL when out of memory. `root` as in struct arc_sign_options; a trusted
 * root that cannot be read is taken as unknown. */
json_t *arc_sign_command(const struct arc_signing *signing, const char *root,
                         const char *reference);

/* The same for GitHub's attestation; NULL also if there is none. */
json_t *arc_sign_attest_command(const struct arc_signing *signing, const char *reference);

ARC_API_END

#endif
