/* The program `cosign` (3.0 or later: bundles in the registry as referrers). */
#pragma once

#include "arcci/documents.h"
#include "arcci/env.h"

/* How it is called. Nothing is owned but what cosign_open() made. */
struct cosign {
    const struct arc_env *env;
    const struct arc_signing *signing;
    struct arc_arena memory;
    const char *key, *public_key, *trusted_root, *signing_config; /* as cosign takes them */
    bool no_log;   /* signatures are in no transparency log */
    bool no_sct;   /* certificates are in no log */
    bool stamped;  /* a timestamp authority says when it was */
    bool insecure; /* of the image that is worked on: its registry is named as one */
};

/* Finds the files below `root` and what the trusted root has. ARC_EINPUT when it is not to be read,
 * the plan does not say who signs, or not for which repository a workflow of GitHub's must have
 * signed. */
int cosign_open(const struct arc_env *env, const char *root, const struct arc_signing *signing,
                struct cosign *out, struct arc_error *err);
void cosign_free(struct cosign *cosign);

/* Whether IMAGE@DIGEST has a signature as it should be: ARC_EFAILED says what cosign says. An
 * attestation about it is none. */
int cosign_verify(struct cosign *cosign, const char *image, const char *digest,
                  struct arc_error *err);

/* Signs IMAGE@DIGEST. */
int cosign_sign(struct cosign *cosign, const char *image, const char *digest,
                struct arc_error *err);

/* Attests a predicate (a file) of a type about IMAGE@DIGEST, and writes the bundle to a file. */
int cosign_attest(struct cosign *cosign, const char *image, const char *digest, const char *type,
                  const char *predicate, const char *bundle, struct arc_error *err);

/* Whether a bundle (a file) attests something of a type about a digest, and is signed as it should
 * be: ARC_EFAILED where not. */
int cosign_verify_bundle(struct cosign *cosign, const char *digest, const char *type,
                         const char *bundle, struct arc_error *err);
