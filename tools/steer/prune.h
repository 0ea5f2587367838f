/* The graph of an image's manifests, and which of them may be removed. */
#pragma once

#include "arcci/steer.h"
#include "arcci/transport.h"
#include "registry/registry.h"

/* A manifest or an index. Edges lead to what an index lists and to a manifest's subject. */
struct prune_node {
    char *digest;
    size_t *children; /* indexes of the nodes that it lists */
    size_t child_count;
    size_t subject;  /* its subject; SIZE_MAX: none */
    int64_t time;    /* when it was created, if it says so; 0: unknown */
    int64_t newest;  /* the newest time of it and all that it lists; INT64_MIN: not known yet */
    int64_t version; /* GHCR: id of the package version; 0: none, or not asked */
    bool missing;    /* the registry does not have it */
    bool kept;       /* stays: a root, or reached from one */
    bool removed;    /* done */
    bool about;      /* a tag "sha256-…" leads to it */
    unsigned depth;  /* height of what is below it, which goes first */
    bool spared;     /* needed by what GitHub does not remove */
};

/* A tag, and what its name says. */
enum prune_kind { PRUNE_PUBLIC, PRUNE_STAGING, PRUNE_CACHE, PRUNE_PULL, PRUNE_ABOUT };

struct prune_tag {
    char *name;
    enum prune_kind kind;
    size_t node;
    int64_t pull;              /* PRUNE_PULL: the number of its pull request */
    size_t about;              /* PRUNE_ABOUT: the node whose digest is in its name */
    const char *kept;          /* why it stays; NULL: it may go */
    struct prune_build *build; /* PRUNE_STAGING, PRUNE_CACHE: what it belongs to */
};

/* One image: read, judged, and its row of the document. Initialize with {0}. */
struct prune_image {
    struct arc_arena memory;
    struct arc_registry *registry; /* borrowed */
    const char *name;
    const struct prune_rules *rules;
    char **pulls;        /* template of pull requests' tags; NULL: they stay */
    const json_t *seeds; /* digests in other images that may have signatures here; or NULL */
    bool signatures;     /* cosign stores the signatures of all images here */
    bool foreign;        /* … and it is not an image of the configuration */
    struct prune_node *nodes;
    size_t node_count, seen; /* how many there are; how many manifests were read */
    struct prune_tag *tags;
    size_t tag_count;
    json_t *numbers;   /* owned: digest → index of its node */
    json_t *names;     /* owned: tag → digest */
    bool versions;     /* GHCR: read from the packages API */
    bool no_referrers; /* the registry cannot list referrers */
    char *path;        /* GHCR: path of the package's versions */
    bool judged;
    unsigned deepest;         /* the greatest depth of a node */
    int rc;                   /* whether it failed, */
    struct arc_error problem; /* and why the rest of it was not done */
    json_t *removals, *stay;  /* owned: rows of what goes, and of the tags that do not */
};

/* The rules for removal. Borrowed. */
struct prune_rules {
    int64_t before; /* made before this time */
    size_t keep;    /* number of newest builds of every kind that stay, however old */
    json_t *pulls;  /* object: the numbers of open pull requests */
    json_t *open;   /* array: abbreviated commits of releases in progress */
    /* Whether something stays that is in another image but has signatures here. */
    int (*stays_elsewhere)(void *context, const struct prune_image *image, const char *digest,
                           bool *stays, struct arc_error *err);
    void *context;
};

/* Reads the tags and everything they reach, and on GHCR all package versions. ARC_ENOTFOUND if the
 * registry has no such image. */
int prune_read(struct prune_image *image, struct arc_transport *github, struct arc_error *err);

/* Decides which tags may go, and marks every node reached from the others. */
int prune_judge(struct prune_image *image, struct arc_error *err);

/* Whether the tags are still the same and point where they did. */
int prune_unchanged(struct prune_image *image, bool *same, struct arc_error *err);

void prune_image_free(struct prune_image *image);

/* Finds or adds the node of a digest: *out is its index. */
int prune_node_of(struct prune_image *image, const char *digest, size_t *out,
                  struct arc_error *err);

/* The node of a digest; NULL if the image does not have it. */
const struct prune_node *prune_find_node(const struct prune_image *image, const char *digest);

/* ---- prune_packages.c: GHCR, which deletes versions by GitHub's API only ---- */

/* Whether an image is in GitHub's registry. */
bool prune_is_package(const char *image);

/* Adds every version of the package, tagged or not, with id and time. ARC_ENOTFOUND if there is no
 * such package. */
int prune_read_versions(struct prune_image *image, struct arc_transport *github,
                        struct arc_error *err);

/* ARC_ENOTFOUND if it is already gone; ARC_EFAILED if GitHub keeps it; ARC_EWORLD if the token may
 * not delete it. */
int prune_delete_version(struct prune_image *image, struct arc_transport *github,
                         const struct prune_node *node, struct arc_error *err);
