/* The documents that the stages hand on, as structs (docs/documents.md, docs/schema/).
 *
 * Each is read and written at one place. What was read holds: every member is there, of its type
 * and form, and no other; so nobody has to look again. A document that was read holds in its memory
 * all that it points to; see arc_plan() for one that was made. Lists of texts and pairs end with
 * NULL and are never NULL. */
#ifndef ARCCI_DOCUMENTS_H
#define ARCCI_DOCUMENTS_H

#include "arcci/api.h"
#include "arcci/arena.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

ARC_API_BEGIN

/* The first members of every document: {"document": KIND, "format": 1}. A new format is one that
 * an older arc-ci would misread. */
#define ARC_DOCUMENT_FORMAT 1

/* NAME → value. */
struct arc_pair {
    char *name;
    char *value;
};

/* Who signs a group's images, and how; texts that are not given are NULL. */
struct arc_signing {
    char *with;         /* "cosign"; NULL: nothing is signed */
    char *key;          /* file, env://NAME or a KMS's; NULL: keyless, with the job's OIDC token */
    char *public_key;   /* file; NULL: the KMS itself says it */
    char *identity;     /* keyless: whom the certificate must name; '*' is any text */
    char *issuer;       /* keyless: who vouched for the identity */
    char *repository;   /* "owner/name" that GitHub's certificate must name */
    char *trusted_root; /* file: the authorities of a Sigstore of one's own */
    char *signing_config; /* file: its addresses */
    char *attest;         /* "github": the provenance goes to GitHub's attestations, too */
    bool unlogged;        /* no entry in a transparency log */
};

/* version.json: what a release tag says. */
struct arc_version_info {
    struct arc_arena memory;
    char *tag;           /* "messaging/v1.2.3", without refs/tags/ */
    char *group;         /* "messaging" */
    char *version;       /* "1.2.3", with prerelease and build metadata */
    char *image_tag;     /* "messaging-v1.2.3" */
    bool prerelease;     /* the version is one, or 0.x where the group counts those */
    bool latest;         /* the highest stable version of its group */
    bool latest_major;   /* … of its major */
    bool latest_minor;   /* … of its minor */
    char *latest_reason; /* why it is latest, or is not */
    bool tags_known;     /* false: the other tags are not known, so nothing is latest */
    char *major;         /* digits, of any number; NULL: the version has no such part */
    char *minor;
    char *patch;
    char *previous_tag; /* the group's highest tag below; NULL for none */
};

enum arc_plan_mode { ARC_PLAN_CI, ARC_PLAN_RELEASE };

/* What a tag of an image names; the stricter comes first. */
enum arc_tag_kind {
    ARC_TAG_VERSION,  /* this version alone: never rewritten */
    ARC_TAG_COMMIT,   /* this commit */
    ARC_TAG_FLOATING, /* goes from version to version, never back */
    ARC_TAG_MOVING,   /* always goes along */
};

struct arc_planned_tag {
    char *tag;
    char *ref; /* "quay.io/o/name:tag" of a mirror; NULL: of the service's image */
    enum arc_tag_kind kind;
    bool move; /* whether it moves to what is built */
    char *reason;
};

/* How an image is built: Compose's build section (Compose specification, "Build"), with the paths
 * made relative to the repository's root. Texts that are not given are NULL; lists never are. */
struct arc_recipe {
    char *context;    /* "services/cache", "." for the root, or what BuildKit fetches (a URL) */
    char *dockerfile; /* "services/cache/Dockerfile"; below a remote context as it is written
                         there; NULL with dockerfile_inline */
    char *dockerfile_inline;
    char *target;
    struct arc_pair *args;                /* these lists of pairs end with {NULL, NULL} */
    struct arc_pair *additional_contexts; /* name in BuildKit's familiar form → a path from the
                                             root, or "docker-image://…", "target:…", a URL */
    struct arc_pair *labels;
    struct arc_pair *extra_hosts; /* name → address */
    char **secrets;               /* as buildx takes them: "id=token,env=TOKEN" */
    char **ssh;                   /* "default", "id=path" */
    char **platforms;             /* normalized; empty: the group's */
    char **cache_from;
    char **cache_to;
    char **ulimits;                /* "nofile=1024:2048" */
    char **annotations;            /* as buildx takes them: "index:org.example.key=value" */
    char **files;                  /* that values of arguments stand in; NULL: none */
    struct arc_file_place *places; /* where in them, and that of the version */
    size_t place_count;
    char *network;
    char *shm_size;
    char *provenance; /* "mode=max", "false"; NULL: the default */
    char *sbom;       /* "true", "generator=…" */
    char *output;     /* how the image is written: "compression=zstd,rewrite-timestamp=true" */
    bool no_cache;
    bool pull;
};

/* The release that a train takes an image from. */
struct arc_planned_release {
    char *group;
    char *tag;      /* "messaging/v1.2.3" */
    char *version;  /* "1.2.3" */
    char *revision; /* commit */
};

/* A service of the plan, built or not. */
struct arc_planned_service {
    char *service; /* codename */
    char *name;
    char *description; /* or NULL */
    char *tech;        /* or NULL */
    char *directory;
    char *context;    /* from the root, "." for it; or a URL */
    char *dockerfile; /* from the root, below a remote context from there; NULL: inline */
    char **platforms; /* what its index holds */
    char *image;      /* registry and name, without a tag */
    char **mirrors;   /* images in other registries that get the same index */
    bool selected;    /* whether it is built */
    char *reason;     /* why, or why not */
    char *staging;    /* the tag under which it is pushed */
    struct arc_pair *build_args;
    struct arc_recipe *recipe;            /* NULL: nothing more is said */
    struct arc_planned_release *released; /* of a train: it is not built, `staging` is the tag of
                                             its version; NULL: it is built */
    struct arc_pair *labels;
    struct arc_planned_tag *tags;
    size_t tag_count;
};

/* A selected service on one platform. */
struct arc_cell {
    char *service;
    char *platform; /* "linux/amd64" */
    char *runner;   /* label of the machine that builds it; or NULL */
    char *staging;  /* its own tag, when it is built alone */
};

/* plan.json: what will be built, and under which names. */
struct arc_plan {
    struct arc_arena memory;
    char *group;
    enum arc_plan_mode mode;
    char *title;
    char *description;                /* or NULL */
    bool push;                        /* whether the images are pushed */
    char *tag;                        /* the release's; NULL in a ci plan */
    struct arc_version_info *version; /* NULL in a ci plan */
    char *revision;                   /* commit, 40 or 64 hexadecimal digits */
    char *created;                    /* its time, RFC 3339 */
    char *source;                     /* "https://github.com/owner/name", or NULL */
    struct arc_signing *sign;         /* NULL: nothing is signed */
    char **platforms;
    char **generated;  /* globs of files that an earlier step makes and git does not know */
    char **unreleased; /* services that a train left out, since they have no release yet */
    bool any;          /* whether there is any cell */
    struct arc_planned_service *services;
    size_t service_count;
    struct arc_cell *cells;
    size_t cell_count;
};

struct arc_base_image {
    char *ref;
    char *digest;
};

/* One platform of what was built. What is not known is -1 or NULL. */
struct arc_built_cell {
    char *platform;
    char *digest;
    int64_t size;        /* compressed bytes: configuration and layers */
    int64_t unpacked;    /* bytes of the layers' tar archives */
    double started;      /* seconds since 1970 */
    double duration;     /* seconds, from its first step to its last; of this run */
    int cached;          /* 1: every step came from the cache, 0: not */
    char **attestations; /* digests of their manifests */
};

/* A service that was built. */
struct arc_built_service {
    char *service;    /* codename */
    char *image;      /* registry and name, without a tag */
    char *digest;     /* the index's, or the local image's; NULL when the builder keeps none */
    char *key;        /* hash of what it was made from; NULL when it was not pushed */
    char **tags;      /* public tags that were moved to it */
    bool built;       /* false: it was in the registry already */
    char **generated; /* files of the context that are not of the commit: ignored by git, or made */
    struct arc_base_image *base_images;
    size_t base_count;
    struct arc_built_cell *cells;
    size_t cell_count;
};

/* build.json: the ledger of what was built. */
struct arc_ledger {
    struct arc_arena memory;
    char *group;
    char *revision;
    bool pushed; /* whether the images are in the registry, read back and verified */
    bool dirty;  /* built from a work tree that was not the commit: labels and tags say so */
    struct arc_built_service *services;
    size_t service_count;
};

/* A filter of changes.json: of a service, by its codename, or of any paths. */
struct arc_changed_filter {
    char *name;
    bool matched;
    int64_t count; /* files that match */
    char *base;    /* the commit that it was compared with, where that is its own; or NULL */
    char *reason;  /* why it counts as changed beside its files; or NULL */
    char *path;    /* the first of its files, and the rule that it met; NULL: none is listed */
    char *rule;
};

/* changes.json: what changed, as far as the stages after it ask. */
struct arc_changes_info {
    struct arc_arena memory;
    char *base; /* commit; NULL: every file counts as added, or only the API knows */
    char *head; /* commit; NULL: the work tree, or only the API knows */
    bool own;   /* each filter has a base of its own */
    struct arc_changed_filter *filters;
    size_t filter_count;
};

/* What was found. Worse ones come later: of several targets the worst counts. */
enum arc_verdict {
    ARC_VERDICT_CLEAN,          /* everything was looked at, nothing was found */
    ARC_VERDICT_FINDINGS,       /* something was found, at, above or below the limit */
    ARC_VERDICT_INCOMPLETE,     /* a part was not looked at */
    ARC_VERDICT_STALE_DATABASE, /* the scanner's knowledge is too old to say */
    ARC_VERDICT_SCANNER_ERROR,  /* nobody looked, or the report is not whole */
};

/* What follows from a scan. */
enum arc_gate {
    ARC_GATE_PASS,
    ARC_GATE_REPORT_ONLY, /* would fail, but was told not to block */
    ARC_GATE_FAIL,
};

/* scan.json, as far as the stages after it decide by it. Its text is the document's. */
struct arc_scan_info {
    enum arc_verdict verdict;
    enum arc_gate gate;
    const char *reason; /* "": it gives none */
    int64_t time;       /* when it was said, in seconds since 1970; 0: not known */
    json_t *counts;     /* severity → findings, the worst first; borrowed; NULL: not known */
};

/* Whether a JSON object is a document of this kind, in the format that this arc-ci reads.
 * ARC_EINPUT says what it is, what was expected and how to make one. */
int arc_document_check(const json_t *json, const char *kind, struct arc_error *err);

/* Each reads a document that came from anywhere. ARC_EINPUT says which member is wrong, what it is
 * and what was expected; or that the document is another, or of another format. */
int arc_version_read(const json_t *json, struct arc_version_info *out, struct arc_error *err);
int arc_plan_read(const json_t *json, struct arc_plan *out, struct arc_error *err);
int arc_ledger_read(const json_t *json, struct arc_ledger *out, struct arc_error *err);
int arc_changes_read(const json_t *json, struct arc_changes_info *out, struct arc_error *err);

/* Verdict and gate as scan.json has them: "clean", …, "pass", "report-only", "fail". */
const char *arc_verdict_name(enum arc_verdict verdict);
const char *arc_gate_name(enum arc_gate gate);

/* What scan.json says. Where it has no verdict nobody looked, and without a gate the gate has
 * failed. ARC_EINPUT for another document, and for a word or a time that is none. */
int arc_scan_read(const json_t *scan, struct arc_scan_info *out, struct arc_error *err);

/* Each writes the document; *out is a new reference. */
int arc_version_write(const struct arc_version_info *version, json_t **out, struct arc_error *err);
int arc_plan_write(const struct arc_plan *plan, json_t **out, struct arc_error *err);
int arc_ledger_write(const struct arc_ledger *ledger, json_t **out, struct arc_error *err);

/* *out is a copy, in `memory`. */
int arc_version_info_copy(const struct arc_version_info *version, struct arc_arena *memory,
                          struct arc_version_info **out, struct arc_error *err);

/* Parts of a plan as they are written there; *out is a new reference. */
int arc_recipe_json(const struct arc_recipe *recipe, json_t **out, struct arc_error *err);
int arc_signing_json(const struct arc_signing *signing, json_t **out, struct arc_error *err);

/* Whether GitHub, of any of its servers, vouches for the signer, which is then a workflow (GitHub
 * docs, "OpenID Connect reference"). */
bool arc_signing_is_github(const struct arc_signing *signing);

/* Whether a key is an address of a service that keeps it. */
bool arc_signing_in_kms(const char *key);

/* Each frees what a document points to, not the struct itself; NULL is fine. */
void arc_version_info_free(struct arc_version_info *version);
void arc_plan_free(struct arc_plan *plan);
void arc_ledger_free(struct arc_ledger *ledger);
void arc_changes_info_free(struct arc_changes_info *changes);

/* Lists that end with NULL as JSON, for documents of others; new references, NULL when out of
 * memory. */
json_t *arc_texts_json(char *const *texts);
json_t *arc_pairs_json(const struct arc_pair *pairs);

/* Whether a text is in a list that ends with NULL. */
bool arc_texts_have(char *const *texts, const char *text);

/* Whether a plan is of a train, which builds nothing. */
bool arc_plan_is_train(const struct arc_plan *plan);

/* An empty ledger of a plan, with room for all of its services. */
int arc_ledger_begin(const struct arc_plan *plan, struct arc_ledger *out, struct arc_error *err);

/* A copy of a ledger's entry, in `memory`. */
int arc_built_copy(const struct arc_built_service *built, struct arc_arena *memory,
                   struct arc_built_service *out, struct arc_error *err);

/* A filter by its name; NULL where there is none, or `changes` is NULL. */
const struct arc_changed_filter *arc_changed_filter(const struct arc_changes_info *changes,
                                                    const char *name);

/* A service by its codename; NULL where there is none, or no ledger. Borrowed from the document. */
const struct arc_planned_service *arc_plan_service(const struct arc_plan *plan,
                                                   const char *service);
struct arc_built_service *arc_ledger_service(const struct arc_ledger *ledger, const char *service);

/* A service on one platform, in the plan and in the ledger; NULL where there is none, or `built` is
 * NULL. Borrowed from the document. */
const struct arc_cell *arc_plan_cell(const struct arc_plan *plan, const char *service,
                                     const char *platform);
const struct arc_built_cell *arc_built_on(const struct arc_built_service *built,
                                          const char *platform);

/* ARC_EINPUT for a ledger of another plan: of another group or commit, or of images with other
 * names. */
int arc_ledger_check_plan(const struct arc_ledger *build, const struct arc_plan *plan,
                          struct arc_error *err);

/* The tag that is its version's own, else the first that moves with it; NULL: none moves. */
const struct arc_planned_tag *arc_planned_own_tag(const struct arc_planned_service *service);

/* The image that a tag is of: the service's, or the mirror that its reference names. Borrowed. */
const char *arc_planned_image(const struct arc_planned_service *service,
                              const struct arc_planned_tag *tag);

/* The images of a service: its own, then its mirrors; *out, in `memory`, ends with NULL. */
int arc_planned_images(const struct arc_planned_service *service, struct arc_arena *memory,
                       char ***out, struct arc_error *err);

ARC_API_END

#endif
