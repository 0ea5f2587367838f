/* Stage `sign`: signs what was built, between the gate and the promotion, and says whether
 * something is signed.
 *
 * Signed are digests: of every index, and of the SBOM and the provenance that it lists. cosign does
 * it; its bundles lie in the registry as referrers (OCI distribution spec 1.1). What the plan's
 * `sign` says is expected of a signature: a key, or an identity and who vouches for it. */
#ifndef ARCCI_SIGN_H
#define ARCCI_SIGN_H

#include "arcci/api.h"
#include "arcci/build.h"
#include "arcci/documents.h"
#include "arcci/transport.h"

ARC_API_BEGIN

struct arc_sign_options {
    const struct arc_env *env; /* finds cosign; what signing takes reaches nobody else */
    const char *root;          /* the files that plan->sign names lie below it; NULL: env->cwd */
    const struct arc_plan *plan;
    const struct arc_ledger *build;
    struct arc_transport *github; /* takes the attestations; NULL where plan->sign has none */
    struct arc_build_listener listener;
};

/* Signs what is not signed yet (nothing where the plan has no `sign`), in the service's registry
 * and in its mirrors, and looks again afterwards. *out is sign.json (docs/schema/sign.schema.json),
 * a new reference. ARC_EINPUT when the plan does not say who signs; ARC_ENOTFOUND without cosign;
 * ARC_EFAILED with what cosign says. A run that was ended is finished by another one. */
int arc_sign(const struct arc_sign_options *options, json_t **out, struct arc_error *err);

/* What a signature is looked for on. Nothing is owned. */
struct arc_sign_check {
    const struct arc_env *env;
    const char *root;
    const struct arc_plan *plan;
    const struct arc_planned_service *service;
    const struct arc_built_service *built;
};

/* Whether all of it is signed as it should be: ARC_EFAILED names what is not, and why. */
int arc_sign_verify(const struct arc_sign_check *check, struct arc_error *err);

/* The command by which anybody checks a signature, for IMAGE@DIGEST: its words, as an array of
 * texts; a new reference, NULL when out of memory. `root`: as in struct arc_sign_options; what a
 * trusted root that cannot be read has is not known. */
json_t *arc_sign_command(const struct arc_signing *signing, const char *root,
                         const char *reference);

/* The same for the attestation that GitHub keeps; NULL also where there is none. */
json_t *arc_sign_attest_command(const struct arc_signing *signing, const char *reference);

ARC_API_END

#endif
