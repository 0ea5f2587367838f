/* Attestations that GitHub keeps (`attest: github`). */
#pragma once

#include "arcci/transport.h"
#include "sign/cosign.h"

/* An image, and who attests how it was built. Nothing is owned. */
struct attestation {
    const struct arc_env *env;
    struct cosign *cosign;
    struct arc_transport *github;
    const struct arc_plan *plan;
    const char *image;
    const char *digest;
};

/* Attests the provenance of an index, as actions/attest-build-provenance states it, in the registry
 * and by GitHub's API, unless GitHub has it of the same signer. *action: "attested", "unchanged".
 * ARC_EINPUT outside of a workflow. */
int attest_github(const struct attestation *attestation, const char **action,
                  struct arc_error *err);
