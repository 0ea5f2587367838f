/* A client for image registries: the part of the OCI distribution spec 1.1 needed to verify, merge
 * and promote images. Images have docker's names ("ghcr.io/arc-framework/arc-flash"; Docker Hub if
 * there is no host). Every manifest and blob is hashed on arrival, so a result always matches its
 * digest. Uses http for loopback hosts and https for others, except those in
 * ARC_CI_INSECURE_REGISTRIES (registry/trust.h). Credentials come from docker's config.json and
 * credential helpers, and are read only when the registry requires them. */
#pragma once

#include "arcci/clock.h"
#include "arcci/env.h"
#include "os/hash.h"

/* The longest digest: "sha512:" and 128 digits. */
#define ARC_DIGEST_LEN ARC_DIGEST_MAX

/* Largest manifest, index or image configuration in bytes, which registries accept (distribution
 * spec 1.1, "Pushing Manifests": at least 4 MiB). */
#define ARC_MANIFEST_MAX ((size_t)4 << 20)

#define ARC_MEDIA_INDEX    "application/vnd.oci.image.index.v1+json"
#define ARC_MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"

struct arc_registry;

/* Makes a client. Credentials and proxy come from `env`; `clock` (NULL: the machine's) is for
 * waits. Both must outlive the client. ARC_EWORLD if libcurl is not installed. */
int arc_registry_new(const struct arc_env *env, const struct arc_clock *clock,
                     struct arc_registry **out, struct arc_error *err);
void arc_registry_free(struct arc_registry *registry);
ARC_HANDLE(arc_registry)

/* From now on, requests for something missing are repeated for a few seconds: it was just pushed,
 * and not all machines of a registry may have it yet. */
void arc_registry_await_pushed(struct arc_registry *registry);

/* Calls `on_wait` with `context` before each wait that a registry asks for (Retry-After), with the
 * host, the HTTP status and the seconds. */
void arc_registry_on_wait(struct arc_registry *registry,
                          void (*on_wait)(void *context, const char *url, int status,
                                          int64_t seconds),
                          void *context);

/* Whether the user named the image's registry as insecure: then BuildKit must be told too. */
bool arc_registry_insecure(const struct arc_env *env, const char *image);

/* A manifest or an index in a registry. Initialize with {0}. */
struct arc_manifest {
    char digest[ARC_DIGEST_LEN + 1]; /* our hash: the requested digest or, for a tag, SHA-256 */
    char *media_type;                /* owned; from the document, else from the registry */
    struct arc_buf bytes;            /* as received, to be put under another tag unchanged */
    json_t *document;                /* the same, parsed; owned */
};
void arc_manifest_free(struct arc_manifest *manifest);

/* An annotation of a manifest, an index or a descriptor; "" if there is none. */
const char *arc_annotation(const json_t *of, const char *name);

/* Reads the manifest or index that `reference` (a tag or a digest) names. ARC_ENOTFOUND if the
 * registry has none; ARC_EFAILED if the bytes do not match the digest or are not a manifest;
 * ARC_EWORLD for the network or refused credentials. */
int arc_registry_manifest(struct arc_registry *registry, const char *image, const char *reference,
                          struct arc_manifest *out, struct arc_error *err);

/* Whether the last request was refused with 401, 403 or 404, as Quay does for a repository that the
 * first push will make. */
bool arc_registry_hides(const struct arc_registry *registry);

/* Whether clients without a login cannot read what `reference` names (401, 403 or 404). Any other
 * failure is an error, since it proves nothing. */
int arc_registry_look_anonymously(const struct arc_env *env, const struct arc_clock *clock,
                                  const char *image, const char *reference, bool *kept,
                                  struct arc_error *err);

/* The SHA-256 digest that a tag points to, in digest[]; ARC_ENOTFOUND if there is no such tag. Not
 * verified: it is what the registry claims; without a claim the manifest is read. */
int arc_registry_resolve(struct arc_registry *registry, const char *image, const char *reference,
                         char digest[ARC_DIGEST_LEN + 1], struct arc_error *err);

/* Reads a JSON blob (an image's configuration, an attestation) of that digest. *out is a new
 * reference. Errors as arc_registry_manifest(). */
int arc_registry_blob(struct arc_registry *registry, const char *image, const char *digest,
                      json_t **out, struct arc_error *err);

/* Something in a registry. All borrowed. */
struct arc_registry_item {
    enum arc_registry_kind { ARC_REGISTRY_MANIFEST, ARC_REGISTRY_BLOB, ARC_REGISTRY_TAIL } kind;
    const char *image;
    const char *reference; /* a tag or a digest; for blobs and tails a digest */
};

/* Prefetches items in parallel. An answer is kept until arc_registry_manifest() or
 * arc_registry_blob() takes it, once, and hashes it. Failed requests and missing digests are not
 * errors here: they are requested again, and may fail, when needed. A tail is the last four bytes
 * of a blob, requested by range, once per digest. Fails only when out of memory. */
int arc_registry_read_ahead(struct arc_registry *registry, const struct arc_registry_item *items,
                            size_t count, struct arc_error *err);

/* Drops all prefetched answers, which may be outdated. */
void arc_registry_forget(struct arc_registry *registry);

/* A prefetched manifest, parsed but not verified, to see what to prefetch next. Borrowed until it
 * is taken; NULL: none. */
const json_t *arc_registry_kept(struct arc_registry *registry, const char *image,
                                const char *reference);

/* A prefetched tail as a little-endian number. Not verified, since no digest covers it. False if
 * the registry did not give it. */
bool arc_registry_tail(const struct arc_registry *registry, const char *digest, uint32_t *out);

/* Whether a blob is not in the image's repository: asks, unless its tail was read. */
int arc_registry_lacks(struct arc_registry *registry, const char *image, const char *digest,
                       bool *lacks, struct arc_error *err);

/* Puts the manifest's bytes under a tag with one request, so that the digest stays the same.
 * Compares the digest that the registry reports with manifest->digest. */
int arc_registry_put(struct arc_registry *registry, const char *image, const char *tag,
                     const struct arc_manifest *manifest, struct arc_error *err);

/* A manifest to put under a tag. All borrowed. */
struct arc_registry_put {
    const char *image;
    const char *tag;
    const struct arc_manifest *manifest;
    bool done; /* set: the registry confirmed it */
};

/* Puts all in parallel, once each. Those not `done` may or may not have arrived: put them with
 * arc_registry_put(), which retries and explains errors. Fails only when out of memory. */
int arc_registry_put_all(struct arc_registry *registry, struct arc_registry_put *puts, size_t count,
                         struct arc_error *err);

/* Removes a tag, not what it points to; or, by digest, a manifest or an index and every tag that
 * points to it. ARC_ENOTFOUND if there is none; ARC_EFAILED if the registry cannot (distribution
 * spec 1.1, "Deleting tags", is optional). Some registries also remove the manifest of a tag: see
 * arc_registry_probe_untag(). */
int arc_registry_remove(struct arc_registry *registry, const char *image, const char *reference,
                        struct arc_error *err);

/* Tests with an empty index, which it puts and removes, whether removing a tag removes
 * nothing else. */
int arc_registry_probe_untag(struct arc_registry *registry, const char *image, bool *alone,
                             struct arc_error *err);

/* Every tag of an image, NULL-terminated, in `memory`. ARC_ENOTFOUND if the registry has no such
 * image; other errors as arc_registry_manifest(). */
int arc_registry_tags(struct arc_registry *registry, const char *image, struct arc_arena *memory,
                      char ***out, struct arc_error *err);

/* The digests of a manifest's referrers (distribution spec 1.1, "Listing Referrers"), NULL-
 * terminated, in `memory`. ARC_ENOTFOUND if the registry does not support the request; then
 * referrers have tags "sha256-…". */
int arc_registry_referrers(struct arc_registry *registry, const char *image, const char *digest,
                           struct arc_arena *memory, char ***out, struct arc_error *err);

/* Whether the login may push to an image. All borrowed except the problem. */
struct arc_registry_push {
    const char *image;
    struct arc_error
        problem;        /* the registry's refusal, or why it could not be asked; none: it may */
    const char *advice; /* what to do about the refusal; NULL: nothing known */
};

/* Opens an upload to each image and cancels it, so nothing is stored. Fails only when out of
 * memory. The caller clears the problems. */
int arc_registry_may_push(struct arc_registry *registry, struct arc_registry_push *items,
                          size_t count, struct arc_error *err);

/* Fills *out with an index, moving the bytes out of `bytes`. */
int arc_manifest_make(struct arc_buf *bytes, struct arc_manifest *out, struct arc_error *err);
