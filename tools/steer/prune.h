/* Cleaning an image up: the graph of what it has, and who may go. */
#pragma once

#include "arcci/steer.h"
#include "arcci/transport.h"
#include "registry/registry.h"

/* A manifest or an index. What an index lists, and what a manifest is about, are edges. */
struct prune_node {
    char *digest;
    size_t *children; /* numbers of nodes that it lists */
    size_t child_count;
    size_t subject;  /* the node that it is about; SIZE_MAX: none */
    int64_t time;    /* when it was made, as far as it tells; 0: not known */
    int64_t newest;  /* the time of it and of all that it lists, once it is `dated` */
    int64_t version; /* GHCR: the id of the package's version; 0: none, or not asked */
    bool dated;      /* `newest` was worked out */
    bool seen;       /* its manifest was read */
    bool missing;    /* the registry does not have it */
    bool kept;       /* a root, or reached from one */
    bool removed;    /* done */
    bool about;      /* a tag "sha256-…" leads to it */
    unsigned depth;  /* how far below it there is anything: what is below goes first */
};

/* What a tag's name says of it. */
enum prune_kind { PRUNE_PUBLIC, PRUNE_STAGING, PRUNE_CACHE, PRUNE_PULL, PRUNE_ABOUT };

struct prune_tag {
    char *name;
    enum prune_kind kind;
    size_t node;
    int64_t pull;     /* PRUNE_PULL: the number of its pull request */
    size_t about;     /* PRUNE_ABOUT: the node that its name has the digest of */
    const char *kept; /* why it stays; NULL: it may go */
};

/* One image, read and judged. Initialise with {0}. */
struct prune_image {
    struct arc_arena memory;
    struct arc_registry *registry; /* borrowed */
    const char *name;
    const struct prune_rules *rules;
    char **pulls;        /* what the tags of pull requests are called; NULL: they stay */
    const json_t *seeds; /* digests that are not here, and what here may be about; or NULL */
    bool signatures;     /* it is where cosign puts those of all images */
    bool foreign;        /* … and no image of the configuration */
    struct prune_node *nodes;
    size_t node_count;
    struct prune_tag *tags;
    size_t tag_count;
    json_t *numbers;   /* owned: digest → number of its node */
    json_t *names;     /* owned: the tags' names → the digests that they lead to */
    bool versions;     /* GHCR: what it has was read from the packages API */
    bool no_referrers; /* the registry does not know who refers to what */
    char *path;        /* GHCR: of the package's versions */
    bool judged;
};

/* What may go. Borrowed. */
struct prune_rules {
    int64_t before;      /* made before this time */
    size_t keep;         /* of every kind the newest builds that stay, however old */
    const json_t *pulls; /* object: the numbers of open pull requests */
    const json_t *open;  /* array: first digits of commits that a release under way is of */
    /* Whether something stays that is not in this image, but has signatures here. */
    int (*stays_elsewhere)(void *context, const struct prune_image *image, const char *digest,
                           bool *stays, struct arc_error *err);
    void *context;
};

/* Reads the tags and all that they reach, and on GHCR all versions. ARC_ENOTFOUND: the registry has
 * no such image. */
int prune_read(struct prune_image *image, struct arc_transport *github, struct arc_error *err);

/* Decides which tags may go, and marks every node that one which stays reaches. */
int prune_judge(struct prune_image *image, struct arc_error *err);

/* Whether the tags are still those that were read, and lead where they did. */
int prune_unchanged(struct prune_image *image, bool *same, struct arc_error *err);

void prune_image_free(struct prune_image *image);

/* The node of a digest, made if need be: *out is its number. */
int prune_node_of(struct prune_image *image, const char *digest, size_t *out,
                  struct arc_error *err);

/* The node of a digest that the image has; NULL when it has not. */
const struct prune_node *prune_find_node(const struct prune_image *image, const char *digest);

/* ---- prune_packages.c: GHCR, which deletes versions by GitHub's API only ---- */

/* Whether an image lies in GitHub's registry. */
bool prune_is_package(const char *image);

/* Adds every version of the package, tagged or not, with its id and time. ARC_ENOTFOUND: there is
 * no such package. */
int prune_read_versions(struct prune_image *image, struct arc_transport *github,
                        struct arc_error *err);

/* ARC_ENOTFOUND: it is gone already; ARC_EFAILED: GitHub keeps it. */
int prune_delete_version(struct prune_image *image, struct arc_transport *github,
                         const struct prune_node *node, struct arc_error *err);
