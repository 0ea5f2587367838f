/* `.github/arc-ci.yaml` and the services' `service.yaml`.
 *
 * Read once, checked whole (docs/schema/arc-ci.schema.json), every error with file:line:column. All
 * of it lies in the memory of the configuration; lists are NULL-terminated arrays of strings, never
 * NULL. */
#ifndef ARCCI_CONFIG_H
#define ARCCI_CONFIG_H

#include "arcci/api.h"
#include "arcci/documents.h"
#include "arcci/env.h"
#include "arcci/error.h"
#include "arcci/release_version.h"
#include <stdbool.h>
#include <stddef.h>

ARC_API_BEGIN

/* An image of the same group that a service starts from, or copies from. */
struct arc_base_ref {
    char *ref;      /* what its Dockerfile asks for, in BuildKit's familiar form; it may hold
                       placeholders of build arguments, as {version} */
    char *codename; /* of the service that is released as it */
};

/* When an image tag applies: to a release of which one of the first four holds; to another run that
 * is one of the events and has one of the branches, none given of these two: any. Nothing given:
 * always. */
enum arc_tag_when {
    ARC_WHEN_LATEST = 1,     /* the release is the highest stable version of its group */
    ARC_WHEN_STABLE = 2,     /* a release that is not a prerelease */
    ARC_WHEN_PRERELEASE = 4, /* a prerelease */
    ARC_WHEN_RELEASE = 8,    /* any release */
    ARC_WHEN_PUSH = 16,      /* a push to a branch */
    ARC_WHEN_PULL_REQUEST = 32,
    ARC_WHEN_SCHEDULE = 64,
};

/* A name that a build gives its images. */
struct arc_image_tag {
    char *name;      /* template, with the placeholders of arc_check_image_tag() */
    char *image;     /* the one image of its service that it is for; NULL: all of them */
    unsigned when;   /* bits of enum arc_tag_when; 0: always */
    char **branches; /* patterns of branches, or NULL */
};

struct arc_group;

/* What a train takes a service from: a release that is out. */
struct arc_released_from {
    const struct arc_group *group;
    char *tag;      /* "messaging/v1.2.3" */
    char *revision; /* its commit */
    struct arc_version_info *version;
};

/* A group that a train takes along. */
struct arc_include {
    char *group;
    char *version; /* the one that is taken; NULL: the newest that is published */
};

/* One image that a group releases, as service.yaml (docs/schema/service.schema.json) or the
 * group's entry has it. Several may lie in one directory. */
struct arc_service {
    char *directory;   /* "services/messaging", relative to the root, no slash at the end; "." */
    char *name;        /* "arc-flash": image and container name */
    char *codename;    /* "flash": filter name, job name, output name */
    char *role;        /* "messaging", or NULL */
    char *tech;        /* "nats", or NULL */
    char *description; /* a sentence, or NULL */
    char *health;      /* "http://localhost:8222/healthz", or NULL */
    unsigned port;     /* 4222, or 0 */
    unsigned *ports;   /* all ports it publishes; ends with 0, never NULL */
    char **depends_on; /* codenames */
    char **external;   /* those of depends_on that live in other repositories */
    char **paths;  /* globs of shared files that count as its own, beside everything in directory */
    char **images; /* what it is pushed as, without a tag; the first is built into */
    struct arc_image_tag *image_tags; /* its own; NULL: the group's */
    char *suffix; /* of one of several variants: "1.26-debian", "" for the plain one; or NULL */
    char *file;   /* the service.yaml that it was read from; NULL: arc-ci.yaml alone */
    struct arc_recipe build;
    char *version; /* its own, which stands in a file; NULL: its group's */
    char *version_file;
    char **version_at;          /* where in the file; may be NULL */
    unsigned version_line;      /* where it stands there */
    struct arc_base_ref *bases; /* ends with {NULL, NULL}; NULL when read alone */
    bool triggers;              /* its image has ONBUILD triggers for what starts from it */
    bool derive_inputs; /* its files are what its Dockerfile reads, not its whole directory */
    bool linked;        /* others start from it; it is not built for itself and gets no tag */
    char *definition;   /* its target of bake as JSON, where a file of docker's says it; or NULL */
    unsigned line;      /* of its entry in arc-ci.yaml, from 1; 0 when read alone */
    struct arc_released_from *released; /* of a train, whose service borrows all else from its
                                           group; NULL: it is built */
};

/* Files of docker's own that say what a group's services are. */
struct arc_described {
    char **files;    /* NULL: the group says it itself */
    char **targets;  /* targets of bake, services of Compose; NULL: the default ones */
    char **profiles; /* of Compose, that are on; or NULL */
    struct arc_pair *variables;
    bool compose; /* Compose's files, not bake's */
    char **read;  /* these and what they include, extend and are set by, once it is resolved */
};

/* A release group: services that release together under one tag. */
struct arc_group {
    char *name;        /* "messaging": key in the file */
    char *title;       /* "Messaging & Cache Services" */
    char *description; /* a sentence for the release notes, or NULL */
    char **tags;       /* patterns of its release tags: "messaging/v*", "{codename}-v{version}" */
    enum arc_versioning versioning; /* how its versions are counted */
    char **registries;   /* "ghcr.io/arc-framework": image prefixes without a slash at the end; the
                            first is built into, the others are mirrors */
    char **image;        /* templates of each image's names: "{registry}/{name}" by default */
    char **platforms_ci; /* "linux/amd64", … */
    char **platforms_release;
    struct arc_image_tag *image_tags; /* ends with {NULL, …}; "{image-tag}", "sha-{sha}" and
                                         "latest" by default */
    bool tags_given;                  /* image_tags were written down */
    char **paths;                     /* globs of shared files that count as every service's */
    char *notes_template;             /* path of a notes template, or NULL for the built-in one */
    char *notes_file; /* path of a version's own text, "docs/releases/{version}.md"; or NULL */
    struct arc_pair *runners;       /* platform → runs-on label; terminated by {NULL, NULL} */
    struct arc_recipe build;        /* what its services take over; part of theirs already */
    bool derive_inputs;             /* every service's files are what its Dockerfile reads */
    struct arc_described described; /* its services, once they are resolved */
    struct arc_service *services;
    size_t service_count;
    struct arc_include *includes; /* of a train, ends with {NULL}: its services are those of other
                                     groups' releases, once they are resolved; NULL: none */
    char **unreleased; /* codenames that a train left out: they have no release yet; or NULL */
    char *predecessor; /* the tag before the group's first release, of any grammar; or NULL */
    char *make_latest; /* "auto", "own", "never" (enum arc_make_latest), or NULL */
    char *commits;     /* "pulls": notes list pull requests by kind; "all": every commit */
    struct arc_signing sign; /* who signs its images */
    char **generated;        /* globs of files that an earlier step makes and git does not know */
    bool zero_prerelease;    /* 0.x versions are prereleases */
    bool rebuild_dependents; /* a changed service rebuilds those that depend on it */
    unsigned line;
};

#define ARC_CONFIG_PATH ".github/arc-ci.yaml"

struct arc_config {
    struct arc_arena memory; /* of all of it */
    char *path;              /* as given, for messages */
    struct arc_group *groups;
    size_t group_count;
};

/* Reads the file (NULL: ARC_CONFIG_PATH) and the service.yaml of every service in it, both relative
 * to `root` (the repository's work tree; NULL: the current directory). ARC_EINPUT with the place
 * for anything wrong; ARC_ENOTFOUND if the file does not exist. Whole or nothing: on an error *out
 * is {0}. *out is owned by the caller.
 *
 * Beyond the schema: a service.yaml, a codename and an image belong to one group only (else two
 * groups would move one image's tags, and two filters would share a name); a group with
 * rebuild-dependents has no cycle of depends_on. */
int arc_config_load(const char *root, const char *path, struct arc_config *out,
                    struct arc_error *err);
/* The same of a text that is to stand at ARC_CONFIG_PATH. */
int arc_config_parse(const char *root, const char *text, size_t len, struct arc_config *out,
                     struct arc_error *err);
void arc_config_free(struct arc_config *config);

/* The group with the tags "NAME/v*", as version.json names it, or of that name; NULL if there is
 * none. Borrowed. */
const struct arc_group *arc_config_group(const struct arc_config *config, const char *name);

/* ARC_EINPUT: `what` is wrong, and which groups there are. */
int arc_config_refuse_group(const struct arc_config *config, const char *what,
                            struct arc_error *err);

/* Reads one service's service.yaml, whether a group has it or not, without what a group adds, into
 * `memory`. Errors as arc_config_load(); ARC_ENOTFOUND if the directory or the file does not
 * exist. */
int arc_service_load(const char *root, const char *directory, struct arc_arena *memory,
                     struct arc_service *out, struct arc_error *err);

ARC_API_END

#endif
