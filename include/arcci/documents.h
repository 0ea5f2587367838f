/* The documents that stages pass on, as structs (docs/documents.md, docs/schema/).
 *
 * Reading checks a document completely: every member is present and valid, and there are no others,
 * so later code need not check again. The arena of a document that was read owns all its texts; for
 * one that was made, see arc_plan(). Lists of texts and pairs end with NULL and are never NULL. */
#ifndef ARCCI_DOCUMENTS_H
#define ARCCI_DOCUMENTS_H

#include "arcci/api.h"
#include "arcci/arena.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

ARC_API_BEGIN

/* The first members of every document: {"document": KIND, "format": 1}. The format number rises
 * when an older arc-ci would misread the document. */
#define ARC_DOCUMENT_FORMAT 1

/* NAME → value. */
struct arc_pair {
    char *name;
    char *value;
};

/* How a group's images are signed; texts that are not given are NULL. */
struct arc_signing {
    char *with;           /* "cosign"; NULL: nothing is signed */
    char *key;            /* file, env://NAME or KMS address; NULL: keyless, with the job's OIDC
                           token */
    char *public_key;     /* file; NULL: the KMS has it */
    char *identity;       /* keyless: whom the certificate must name; '*' is any text */
    char *issuer;         /* keyless: the OIDC issuer of the identity */
    char *repository;     /* "owner/name" that GitHub's certificate must name */
    char *trusted_root;   /* file: the trusted root of a private Sigstore */
    char *signing_config; /* file: the addresses of a private Sigstore */
    char *attest;         /* "github": also publish the provenance as a GitHub attestation */
    bool unlogged;        /* no entry in a transparency log */
};

/* version.json: a release tag taken apart. */
struct arc_version_info {
    struct arc_arena memory;
    char *tag;           /* "messaging/v1.2.3", without refs/tags/ */
    char *group;         /* "messaging" */
    char *version;       /* "1.2.3", with prerelease and build metadata */
    char *image_tag;     /* "messaging-v1.2.3" */
    bool prerelease;     /* the version is a prerelease, or 0.x in a group with zero-prerelease */
    bool latest;         /* the highest stable version of its group */
    bool latest_major;   /* … of its major */
    bool latest_minor;   /* … of its minor */
    bool outrun;         /* a prerelease is known to be higher; not in version.json */
    bool beaten;         /* … or a stable version; likewise */
    bool minor_named;    /* another version is just MAJOR.MINOR; likewise */
    bool withdrawn;      /* its release was rolled back; not in version.json */
    char *latest_reason; /* why it is latest, or is not */
    bool tags_known;     /* false: the other tags are unknown, so nothing is latest */
    char *major;         /* digits, of any length; NULL: the version has no such part */
    char *minor;
    char *patch;
    char *previous_tag; /* the group's highest tag below this one; or NULL */
};

enum arc_plan_mode { ARC_PLAN_CI, ARC_PLAN_RELEASE };

/* What an image tag stands for, the strictest first. */
enum arc_tag_kind {
    ARC_TAG_VERSION,  /* this version: never rewritten */
    ARC_TAG_COMMIT,   /* this commit */
    ARC_TAG_FLOATING, /* moves from version to version, never back */
    ARC_TAG_MOVING,   /* moves with every build */
};

struct arc_planned_tag {
    char *tag;
    char *ref; /* "quay.io/o/name:tag" in a mirror; NULL: in the service's image */
    enum arc_tag_kind kind;
    bool move;        /* whether it moves to the image that is built */
    bool prereleases; /* prereleases have it too, and keep it from a lower version */
    char *reason;
};

/* How an image is built: Compose's build section (Compose specification, "Build"), with the paths
 * made relative to the repository's root. Texts that are not given are NULL; lists never are. */
struct arc_recipe {
    char *context;    /* "services/cache", "." for the root, or what BuildKit fetches (a URL) */
    char *dockerfile; /* "services/cache/Dockerfile"; relative to a remote context, if that is one;
                         NULL with dockerfile_inline */
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
    char **files;                  /* files that hold values of arguments; NULL: none */
    struct arc_file_place *places; /* where in `files`, and where the version is */
    size_t place_count;
    char *network;
    char *shm_size;
    char *provenance; /* "mode=max", "false"; NULL: the default */
    char *sbom;       /* "true", "generator=…" */
    char *output;     /* how the image is written: "compression=zstd,rewrite-timestamp=true" */
    bool no_cache, no_cache_given; /* the second: whether the file says it, true or false */
    bool pull, pull_given;
};

/* The release that a train takes an image from. */
struct arc_planned_release {
    char *group;
    char *tag;      /* "messaging/v1.2.3" */
    char *version;  /* "1.2.3" */
    char *revision; /* commit */
};

/* A service of the plan, selected or not. */
struct arc_planned_service {
    char *service; /* codename */
    char *name;
    char *description; /* or NULL */
    char *tech;        /* or NULL */
    char *directory;
    char *context;    /* relative to the root, "." for the root; or a URL */
    char *dockerfile; /* relative to the root, or to a remote context; NULL: inline */
    char **platforms; /* the platforms of its index */
    char *image;      /* registry and name, without a tag */
    char **mirrors;   /* images in other registries that get the same index */
    bool selected;    /* whether it is to be built */
    char *reason;     /* why, or why not */
    char *staging;    /* the tag under which it is pushed */
    struct arc_pair *build_args;
    struct arc_recipe *recipe;            /* NULL: no further settings */
    struct arc_planned_release *released; /* of a train: not built, and `staging` is its version's
                                             tag; NULL: it is built */
    struct arc_pair *labels;
    struct arc_planned_tag *tags;
    size_t tag_count;
};

/* A selected service on one platform. */
struct arc_cell {
    char *service;
    char *platform; /* "linux/amd64" */
    char *runner;   /* runs-on label; or NULL */
    char *staging;  /* the cell's own tag, when it is built alone */
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
    char *created;                    /* the commit's time, RFC 3339 */
    char *source;                     /* "https://github.com/owner/name", or NULL */
    struct arc_signing *sign;         /* NULL: nothing is signed */
    char **platforms;
    char **generated;  /* globs of untracked files that an earlier step generates */
    char **unreleased; /* services that a train leaves out, since they have no release yet */
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

/* One platform of a built service. Unknown members are -1 or NULL. */
struct arc_built_cell {
    char *platform;
    char *digest;
    int64_t size;        /* compressed bytes: configuration and layers */
    int64_t unpacked;    /* bytes of the layers' tar archives */
    double started;      /* seconds since 1970 */
    double duration;     /* seconds in this run, from its first step to its last */
    int cached;          /* 1: every step came from the cache; 0: not all */
    char **attestations; /* digests of their manifests */
};

/* A service that was built. */
struct arc_built_service {
    char *service;    /* codename */
    char *image;      /* registry and name, without a tag */
    char *digest;     /* of the index, or of the local image; NULL when the builder keeps none */
    char *key;        /* hash of its inputs; NULL when it was not pushed */
    char **tags;      /* public tags that were moved to it */
    bool built;       /* false: it was in the registry already */
    char **generated; /* files of the context that are not in the commit: ignored by git, or
                         generated */
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
    bool dirty;  /* built from a work tree that differs from the commit: labels and tags say so */
    struct arc_built_service *services;
    size_t service_count;
};

/* A filter of changes.json: a service's, named by its codename, or any other. */
struct arc_changed_filter {
    char *name;
    bool matched;
    int64_t count; /* files that match */
    char *base;    /* the commit of its own base; or NULL */
    char *reason;  /* why it counts as changed, apart from files; or NULL */
    char *path;    /* its first file, and the rule that matched it; NULL: no files are listed */
    char *rule;
};

/* changes.json: the part that later stages use. */
struct arc_changes_info {
    struct arc_arena memory;
    char *base; /* commit; NULL: every file counts as added, or only the API knows */
    char *head; /* commit; NULL: the work tree, or only the API knows */
    bool own;   /* each filter has a base of its own */
    struct arc_changed_filter *filters;
    size_t filter_count;
};

/* The result of a scan, from best to worst. Of several targets the worst counts. */
enum arc_verdict {
    ARC_VERDICT_CLEAN,          /* everything was scanned, nothing was found */
    ARC_VERDICT_FINDINGS,       /* something was found, above or below the limit */
    ARC_VERDICT_INCOMPLETE,     /* a part was not scanned */
    ARC_VERDICT_STALE_DATABASE, /* the vulnerability database is too old */
    ARC_VERDICT_SCANNER_ERROR,  /* the scanner failed, or its report is incomplete */
};

/* The gate's decision. */
enum arc_gate {
    ARC_GATE_PASS,
    ARC_GATE_REPORT_ONLY, /* would fail, but is set not to block */
    ARC_GATE_FAIL,
};

/* scan.json: the part that later stages use. Texts are borrowed from the document. */
struct arc_scan_info {
    enum arc_verdict verdict;
    enum arc_gate gate;
    const char *reason; /* "": it gives none */
    int64_t time;       /* of the verdict, in seconds since 1970; 0: unknown */
    json_t *counts;     /* severity → findings, the worst first; borrowed; NULL: not known */
};

/* Checks that `json` is a document of this kind, in a format that this arc-ci reads. ARC_EINPUT
 * says what it is, what was expected and how to make one. */
int arc_document_check(const json_t *json, const char *kind, struct arc_error *err);

/* Each reads an untrusted document. ARC_EINPUT says which member is wrong, what it is and what was
 * expected, or that the document is of another kind or format. */
int arc_version_read(const json_t *json, struct arc_version_info *out, struct arc_error *err);
int arc_plan_read(const json_t *json, struct arc_plan *out, struct arc_error *err);
int arc_ledger_read(const json_t *json, struct arc_ledger *out, struct arc_error *err);
int arc_changes_read(const json_t *json, struct arc_changes_info *out, struct arc_error *err);

/* Names of verdict and gate in scan.json: "clean", …, "pass", "report-only", "fail". */
const char *arc_verdict_name(enum arc_verdict verdict);
const char *arc_gate_name(enum arc_gate gate);

/* Reads scan.json. A missing verdict counts as a scanner error, a missing gate as a failed one.
 * ARC_EINPUT for another document, and for an invalid verdict, gate or time. */
int arc_scan_read(const json_t *scan, struct arc_scan_info *out, struct arc_error *err);

/* Each writes the document; *out is a new reference. */
int arc_version_write(const struct arc_version_info *version, json_t **out, struct arc_error *err);
int arc_plan_write(const struct arc_plan *plan, json_t **out, struct arc_error *err);
int arc_ledger_write(const struct arc_ledger *ledger, json_t **out, struct arc_error *err);

/* *out is a copy, in `memory`. */
int arc_version_info_copy(const struct arc_version_info *version, struct arc_arena *memory,
                          struct arc_version_info **out, struct arc_error *err);

/* Parts of plan.json; *out is a new reference. */
int arc_recipe_json(const struct arc_recipe *recipe, json_t **out, struct arc_error *err);
int arc_signing_json(const struct arc_signing *signing, json_t **out, struct arc_error *err);

/* Whether the OIDC issuer is GitHub (github.com or a GitHub Enterprise server), so that the signer
 * is a workflow (GitHub docs, "OpenID Connect reference"). */
bool arc_signing_is_github(const struct arc_signing *signing);

/* Whether `key` is the address of a key management service. */
bool arc_signing_in_kms(const char *key);

/* Each frees what a document owns, not the struct itself; accepts NULL. */
void arc_version_info_free(struct arc_version_info *version);
void arc_plan_free(struct arc_plan *plan);
void arc_ledger_free(struct arc_ledger *ledger);
void arc_changes_info_free(struct arc_changes_info *changes);

/* NULL-terminated lists as JSON; new references, NULL when out of memory. */
json_t *arc_texts_json(char *const *texts);
json_t *arc_pairs_json(const struct arc_pair *pairs);

/* Whether a NULL-terminated list has `text`. */
bool arc_texts_have(char *const *texts, const char *text);

/* Whether the plan is a train's, which builds nothing. */
bool arc_plan_is_train(const struct arc_plan *plan);

/* Makes an empty ledger for a plan, with room for all its services. */
int arc_ledger_begin(const struct arc_plan *plan, struct arc_ledger *out, struct arc_error *err);

/* Copies a ledger's entry into `memory`. */
int arc_built_copy(const struct arc_built_service *built, struct arc_arena *memory,
                   struct arc_built_service *out, struct arc_error *err);

/* Returns the filter with that name; NULL if there is no such filter, or `changes` is NULL. */
const struct arc_changed_filter *arc_changed_filter(const struct arc_changes_info *changes,
                                                    const char *name);

/* Returns the service with that codename, borrowed; NULL if there is none, or `ledger` is NULL. */
const struct arc_planned_service *arc_plan_service(const struct arc_plan *plan,
                                                   const char *service);
struct arc_built_service *arc_ledger_service(const struct arc_ledger *ledger, const char *service);

/* Returns the named contexts of a service, ended by one without a name; and the service whose image
 * a context is ("target:NAME"), NULL for any other. Borrowed. */
const struct arc_pair *arc_planned_contexts(const struct arc_planned_service *service);
const struct arc_planned_service *arc_planned_base(const struct arc_plan *plan,
                                                   const char *context);

/* Marks a service and all that it starts from; `marked` has one per service of the plan. */
void arc_planned_mark(const struct arc_plan *plan, const struct arc_planned_service *service,
                      bool *marked);

/* Returns the cell of a service on one platform, borrowed; NULL if there is none, or `built` is
 * NULL. */
const struct arc_cell *arc_plan_cell(const struct arc_plan *plan, const char *service,
                                     const char *platform);
const struct arc_built_cell *arc_built_on(const struct arc_built_service *built,
                                          const char *platform);

/* Checks that the ledger belongs to the plan. ARC_EINPUT if its group, commit or image names
 * differ. */
int arc_ledger_check_plan(const struct arc_ledger *build, const struct arc_plan *plan,
                          struct arc_error *err);

/* Returns the version's own tag, else the first tag that moves; NULL if no tag moves. */
const struct arc_planned_tag *arc_planned_own_tag(const struct arc_planned_service *service);

/* Returns the image that the tag belongs to: the service's, or the mirror in tag->ref. Borrowed. */
const char *arc_planned_image(const struct arc_planned_service *service,
                              const struct arc_planned_tag *tag);

/* Lists a service's image, then its mirrors. *out is in `memory` and ends with NULL. */
int arc_planned_images(const struct arc_planned_service *service, struct arc_arena *memory,
                       char ***out, struct arc_error *err);

ARC_API_END

#endif
