/* The program `cosign` (3.0 or later: bundles in the registry as referrers). */
#pragma once

#include "arcci/documents.h"
#include "arcci/env.h"

/* How to call it. All borrowed, except what cosign_open() makes. */
struct cosign {
    const struct arc_env *env;
    const struct arc_signing *signing;
    struct arc_arena memory;
    const char *key, *public_key, *trusted_root,
        *signing_config; /* in the form of cosign's options */
    bool no_log;         /* signatures are not in a transparency log */
    bool no_sct;         /* certificates are not in a log */
    bool stamped;        /* a timestamp authority gives the time */
    bool insecure;       /* the image's registry is insecure */
};

/* Finds the files below `root` and the contents of the trusted root. ARC_EINPUT if that cannot be
 * read, or the plan does not say who signs or, for a GitHub workflow, for which repository. */
int cosign_open(const struct arc_env *env, const char *root, const struct arc_signing *signing,
                struct cosign *out, struct arc_error *err);
void cosign_free(struct cosign *cosign);

/* Verifies the signature of IMAGE@DIGEST: ARC_EFAILED with cosign's message, as for the calls
 * below; ARC_EWORLD if a server stays busy or does not answer. An attestation is not a
 * signature. */
int cosign_verify(struct cosign *cosign, const char *image, const char *digest,
                  struct arc_error *err);

/* Signs IMAGE@DIGEST. */
int cosign_sign(struct cosign *cosign, const char *image, const char *digest,
                struct arc_error *err);

/* Attests a predicate (a file) of a type for IMAGE@DIGEST, and writes the bundle to a file. */
int cosign_attest(struct cosign *cosign, const char *image, const char *digest, const char *type,
                  const char *predicate, const char *bundle, struct arc_error *err);

/* Verifies that a bundle (a file) attests a type for a digest and has the required signer:
 * ARC_EFAILED if not. */
int cosign_verify_bundle(struct cosign *cosign, const char *digest, const char *type,
                         const char *bundle, struct arc_error *err);
