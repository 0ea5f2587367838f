/* `.github/arc-ci.yaml` and the services' `service.yaml`.
 *
 * The whole file is checked against docs/schema/arc-ci.schema.json; every error has
 * file:line:column. The configuration's arena owns all of it. Lists are NULL-terminated arrays of
 * strings, never NULL. */
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

/* An image of the same group that a service starts FROM or copies from. */
struct arc_base_ref {
    char *ref;      /* the reference in its Dockerfile, in BuildKit's familiar form; may hold
                       placeholders of build arguments, such as {version} */
    char *codename; /* of the service that releases this image */
};

/* When an image tag applies: to a release, if one of the first four bits holds; to another run, if
 * its event and its branch are among those given (none given: any; a pull request has no branch).
 * No bits: always. */
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
    char *name;    /* template with placeholders; see arc_check_image_tag() */
    char *printed; /* the name in this plan, as bake or compose print it; NULL: only the template */
    char *image;   /* only for this image of the service; NULL: for all its images */
    unsigned when; /* bits of enum arc_tag_when; 0: always */
    char **branches; /* patterns of branches, or NULL */
};

struct arc_group;

/* The published release that a train takes a service from. */
struct arc_released_from {
    const struct arc_group *group;
    char *tag;      /* "messaging/v1.2.3" */
    char *revision; /* its commit */
    struct arc_version_info *version;
};

/* A group that a train includes. */
struct arc_include {
    char *group;
    const struct arc_group *of; /* the group of that name */
    char *version;              /* the version to take; NULL: the newest published one */
};

/* One image that a group releases, from service.yaml (docs/schema/service.schema.json) or the
 * group's entry. Several may share a directory. */
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
    char **external;   /* those of depends_on in other repositories */
    char **paths;      /* globs of shared files that count as its own, besides its directory */
    char **images;     /* image names to push to, without a tag; the build pushes to the first;
                          empty if `linked` */
    struct arc_image_tag *image_tags; /* its own; NULL: the group's */
    char *suffix; /* for one of several variants: "1.26-debian", "" for the plain one; else NULL */
    char *file;   /* the service.yaml it was read from; NULL: only arc-ci.yaml */
    struct arc_recipe build;
    char *version; /* its own, read from version_file; NULL: its group's */
    char *version_file;
    char **version_at;                   /* where in the file; may be NULL */
    unsigned version_line;               /* its line in version_file */
    struct arc_base_ref *bases;          /* ends with {NULL, NULL}; NULL when read alone */
    struct arc_base_ref *released_bases; /* the same; those by a tag that a release may give them:
                                            "base:1" */
    bool triggers;                       /* its image has ONBUILD triggers */
    bool derive_inputs; /* its files are those its Dockerfile reads, not its whole directory */
    bool linked;        /* others start from it; not built on its own, gets no tag */
    char *definition;   /* its bake target as JSON, if docker's files define it; or NULL */
    unsigned line;      /* of its entry in arc-ci.yaml, from 1; 0 when read alone */
    struct arc_released_from *released; /* in a train: its release; all other members are borrowed
                                           from that release's group. NULL: it is built */
};

/* Bake or Compose files that define a group's services. */
struct arc_described {
    char **files;    /* NULL: the group lists its services itself */
    char **targets;  /* targets of bake, services of Compose; NULL: the default ones */
    char **profiles; /* active Compose profiles; or NULL */
    struct arc_pair *variables;
    bool compose; /* Compose's files, not bake's */
    char **read;  /* once resolved: `files` and all files that they include, extend or read */
};

/* A release group: services that release together under one tag. */
struct arc_group {
    char *name;        /* "messaging": key in the file */
    char *title;       /* "Messaging & Cache Services" */
    char *description; /* a sentence for the release notes, or NULL */
    char **tags;       /* patterns of its release tags: "messaging/v*", "{codename}-v{version}" */
    enum arc_versioning versioning; /* its version scheme */
    char **registries;   /* "ghcr.io/arc-framework": image prefixes without a trailing slash; the
                            build pushes to the first, the others are mirrors */
    char **image;        /* templates of image names: "{registry}/{name}" by default */
    char **platforms_ci; /* "linux/amd64", … */
    bool ci_given;       /* the file sets platforms_ci */
    char **platforms_release;
    struct arc_image_tag *image_tags; /* ends with {NULL, …}; "{image-tag}", "sha-{sha}" and
                                         "latest" by default */
    bool tags_given;                  /* the file sets image_tags */
    char **paths;                     /* globs of shared files that count for every service */
    char *notes_template;             /* path of a notes template, or NULL for the built-in one */
    char *notes_file; /* path of the notes written by hand, "docs/releases/{version}.md"; or NULL */
    struct arc_pair *runners; /* platform → runs-on label; terminated by {NULL, NULL} */
    struct arc_recipe build;  /* defaults of its services, already merged into their
                                       recipes */
    char *inputs;             /* which files are a service's: "directory", "dockerfile", or NULL */
    struct arc_described described; /* what defines its services */
    struct arc_service *services;
    size_t service_count;
    struct arc_pair *service_globs; /* the globs of `services`, as written, and the name of the
                                       Dockerfile that their build sections give; NULL: none */
    size_t service_glob_count;
    struct arc_include *includes; /* of a train, ends with {NULL}: once resolved, its services are
                                     those of other groups' releases; NULL: not a train */
    char **unreleased; /* codenames that a train leaves out, since they have no release yet; or
                          NULL */
    char *predecessor; /* the tag before the group's first release, of any grammar; or NULL */
    char *make_latest; /* "auto", "own", "never" (enum arc_make_latest), or NULL */
    char *commits;     /* "pulls": notes list pull requests by kind; "all": every commit */
    struct arc_signing sign; /* who signs its images */
    char **generated;        /* globs of untracked files that an earlier step generates */
    bool zero_prerelease;    /* 0.x versions are prereleases */
    bool rebuild_dependents; /* a changed service also rebuilds those that depend on it */
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
 * for anything wrong; ARC_ENOTFOUND if the file does not exist. *out is owned by the caller, and {0}
 * after an error.
 *
 * Checked beyond the schema: a service.yaml, a codename and an image belong to only one group (or
 * two groups would move the same image's tags, and two filters share a name), and a group with
 * rebuild-dependents has no cycle of depends_on. */
int arc_config_load(const char *root, const char *path, struct arc_config *out,
                    struct arc_error *err);
/* As arc_config_load(), for a text that would be the file at ARC_CONFIG_PATH. */
int arc_config_parse(const char *root, const char *text, size_t len, struct arc_config *out,
                     struct arc_error *err);
void arc_config_free(struct arc_config *config);

/* Returns the group with that name, else the one with the tags "NAME/v*"; NULL if no group has it.
 * Borrowed. */
const struct arc_group *arc_config_group(const struct arc_config *config, const char *name);

/* Returns ARC_EINPUT: says that `what` is wrong, and lists the groups. */
int arc_config_refuse_group(const struct arc_config *config, const char *what,
                            struct arc_error *err);

/* *out says whether the directory has a service.yaml, and not an object of Kubernetes that is
 * called so ("Kubernetes API Conventions", "Types (Kinds)": it has apiVersion and kind). Fails only
 * if out of memory. */
int arc_service_described(const char *root, const char *directory, bool *out,
                          struct arc_error *err);

/* Reads one service.yaml into `memory`, whether or not a group has the service, and without the
 * group's settings. Errors as arc_config_load(); ARC_ENOTFOUND if the directory or the file does
 * not exist. */
int arc_service_load(const char *root, const char *directory, struct arc_arena *memory,
                     struct arc_service *out, struct arc_error *err);

ARC_API_END

#endif
