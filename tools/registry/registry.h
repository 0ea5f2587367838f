/* Image registries: the part of the OCI distribution spec 1.1 that reading back, merging and
 * promoting an image takes.
 *
 * Images are named as docker names them ("ghcr.io/arc-framework/arc-flash"; without a host,
 * Docker Hub's). Every manifest and blob is hashed when it arrives: what these functions give back
 * is what its digest says. Loopback hosts are spoken to over http, all others over https,
 * but for those that ARC_CI_INSECURE_REGISTRIES names (registry/trust.h). Credentials come from
 * docker's config.json and credential helpers and are asked for only when the registry demands
 * them.
 */
#pragma once

#include "arcci/clock.h"
#include "arcci/env.h"
#include "os/hash.h"

/* The longest digest: "sha512:" and 128 digits. */
#define ARC_DIGEST_LEN ARC_DIGEST_MAX

/* Most bytes of a manifest, an index or an image's configuration: what registries accept
 * (distribution spec 1.1, "Pushing Manifests": at least 4 MiB). */
#define ARC_MANIFEST_MAX ((size_t)4 << 20)

#define ARC_MEDIA_INDEX    "application/vnd.oci.image.index.v1+json"
#define ARC_MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"

struct arc_registry;

/* A client. `env` finds the credentials and the proxy, `clock` (NULL: the machine's) waits between
 * tries; both are borrowed for its life. ARC_EWORLD when libcurl is not installed. */
int arc_registry_new(const struct arc_env *env, const struct arc_clock *clock,
                     struct arc_registry **out, struct arc_error *err);
void arc_registry_free(struct arc_registry *registry);
ARC_HANDLE(arc_registry)

/* Tells `on_wait` with `context` before each wait that a registry asks for (Retry-After): where,
 * the HTTP status and the seconds. */
void arc_registry_on_wait(struct arc_registry *registry,
                          void (*on_wait)(void *context, const char *url, int status,
                                          int64_t seconds),
                          void *context);

/* Whether the user named the image's registry as one without https that verifies: then those who
 * push there must be told, too. */
bool arc_registry_insecure(const struct arc_env *env, const char *image);

/* A manifest or an index as it lies in the registry. Initialise with {0}. */
struct arc_manifest {
    char digest[ARC_DIGEST_LEN + 1]; /* of the bytes, by our own hashing: the one that was asked
                                        for, or, of a tag, the SHA-256 */
    char *media_type;                /* owned; as the document says, else the registry */
    struct arc_buf bytes;            /* as they came: to be put under another tag unchanged */
    json_t *document;                /* the same, parsed; owned */
};
void arc_manifest_free(struct arc_manifest *manifest);

/* Reads the manifest or index that `reference` (a tag or a digest) names. ARC_ENOTFOUND when the
 * registry has none; ARC_EFAILED when the bytes are not those of the digest, or no manifest;
 * ARC_EWORLD for the network or refused credentials. */
int arc_registry_manifest(struct arc_registry *registry, const char *image, const char *reference,
                          struct arc_manifest *out, struct arc_error *err);

/* Whether the registry keeps what `reference` names from those without a login (it answers 401, 403
 * or 404). Any other answer, and none, is an error: nothing was seen. */
int arc_registry_look_anonymously(const struct arc_env *env, const struct arc_clock *clock,
                                  const char *image, const char *reference, bool *kept,
                                  struct arc_error *err);

/* The SHA-256 digest that a tag points to, in digest[]; ARC_ENOTFOUND when there is no such tag.
 * For looking only: it is the registry's own word where that has one, else the manifest is read. */
int arc_registry_resolve(struct arc_registry *registry, const char *image, const char *reference,
                         char digest[ARC_DIGEST_LEN + 1], struct arc_error *err);

/* Reads a JSON blob (an image's configuration, an attestation) of that digest. *out is a new
 * reference. Errors as arc_registry_manifest(). */
int arc_registry_blob(struct arc_registry *registry, const char *image, const char *digest,
                      json_t **out, struct arc_error *err);

/* Something in a registry. Nothing is owned. */
struct arc_registry_item {
    enum arc_registry_kind { ARC_REGISTRY_MANIFEST, ARC_REGISTRY_BLOB, ARC_REGISTRY_TAIL } kind;
    const char *image;
    const char *reference; /* a tag or a digest; of a blob and a tail a digest */
};

/* Asks for items side by side, so that they need not be waited for one after another. What comes is
 * kept until arc_registry_manifest() or arc_registry_blob() takes it, once, and hashes it; what
 * does not come, and a digest that is missing, is asked for when it is needed, and fails then. A
 * tail is the last four bytes of a blob, asked for by range, once per digest. Fails only for want
 * of memory. */
int arc_registry_read_ahead(struct arc_registry *registry, const struct arc_registry_item *items,
                            size_t count, struct arc_error *err);

/* Drops what is kept: what was there earlier says nothing about now. */
void arc_registry_forget(struct arc_registry *registry);

/* A manifest that is kept, parsed but not hashed yet: to see what to ask for next. Borrowed until
 * it is taken; NULL when there is none. */
const json_t *arc_registry_kept(struct arc_registry *registry, const char *image,
                                const char *reference);

/* A tail that was asked for, as a little-endian number; the registry's own word, since no digest
 * covers it. False when the registry did not tell it. */
bool arc_registry_tail(const struct arc_registry *registry, const char *digest, uint32_t *out);

/* Whether a blob whose tail was not found is not in the image's repository at all. */
int arc_registry_lacks(struct arc_registry *registry, const char *image, const char *digest,
                       bool *lacks, struct arc_error *err);

/* Puts the manifest's bytes under a tag: one request, and the digest stays. What the registry says
 * it has stored is compared with manifest->digest. */
int arc_registry_put(struct arc_registry *registry, const char *image, const char *tag,
                     const struct arc_manifest *manifest, struct arc_error *err);

/* A manifest that is put under a tag. Nothing is owned. */
struct arc_registry_put {
    const char *image;
    const char *tag;
    const struct arc_manifest *manifest;
    bool done; /* set: the registry said that it has it */
};

/* Puts all side by side, once each. Those that are not done may or may not have arrived: put them
 * with arc_registry_put(), which tries again and says what is wrong. Fails only for want of memory.
 */
int arc_registry_put_all(struct arc_registry *registry, struct arc_registry_put *puts, size_t count,
                         struct arc_error *err);

/* Removes a tag, not what it points to. ARC_ENOTFOUND when it is not there; ARC_EFAILED when the
 * registry cannot (many refuse: distribution spec 1.1, "Deleting tags", is optional). Some remove
 * what it points to as well: arc_registry_probe_untag(). */
int arc_registry_untag(struct arc_registry *registry, const char *image, const char *tag,
                       struct arc_error *err);

/* Removes a manifest or an index, and with it every tag that points there. Errors as
 * arc_registry_untag(). */
int arc_registry_remove(struct arc_registry *registry, const char *image, const char *digest,
                        struct arc_error *err);

/* Whether arc_registry_untag() removes the tag and nothing else, tried on an empty index that is
 * put there and removed again. */
int arc_registry_probe_untag(struct arc_registry *registry, const char *image, bool *alone,
                             struct arc_error *err);

/* Every tag of an image, in `memory`, NULL at the end. ARC_ENOTFOUND when the registry has no such
 * image, else errors as arc_registry_manifest(). */
int arc_registry_tags(struct arc_registry *registry, const char *image, struct arc_arena *memory,
                      char ***out, struct arc_error *err);

/* The digests of what says to be about a manifest (distribution spec 1.1, "Listing Referrers"), in
 * `memory`, NULL at the end. ARC_ENOTFOUND when the registry does not know the question: then such
 * things have tags "sha256-…". */
int arc_registry_referrers(struct arc_registry *registry, const char *image, const char *digest,
                           struct arc_arena *memory, char ***out, struct arc_error *err);

/* Whether the login may push to an image. Nothing is owned but the problem. */
struct arc_registry_push {
    const char *image;
    struct arc_error
        problem;        /* what the registry says, or why it could not be asked; none: it may */
    const char *advice; /* what to do when the registry says no: a push would fail; else NULL */
};

/* Opens an upload to each image, and drops it again: nothing is stored. Fails only for want of
 * memory. The caller clears the problems. */
int arc_registry_may_push(struct arc_registry *registry, struct arc_registry_push *items,
                          size_t count, struct arc_error *err);

/* Fills *out with a manifest of these bytes (taken over from `bytes`, which is left empty), of this
 * media type. */
int arc_manifest_make(struct arc_buf *bytes, const char *media_type, struct arc_manifest *out,
                      struct arc_error *err);
