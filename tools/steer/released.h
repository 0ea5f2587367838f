/* A published release: in the registries, by recreating its plan, and at GitHub, with its files. */
#pragma once

#include "arcci/documents.h"
#include "arcci/project.h"
#include "arcci/transport.h"
#include "registry/registry.h"

/* The group of that name; ARC_EINPUT if the configuration has none. */
int released_find_group(const struct arc_config *config, const char *name,
                        const struct arc_group **out, struct arc_error *err);

/* Opens GitHub if GITHUB_REPOSITORY and a token are set, else leaves *github NULL; reads which
 * releases are published or withdrawn. *name is borrowed. ARC_EWORLD if GitHub does not answer. */
int released_open_github(struct arc_project *project, struct arc_transport **github,
                         const char **name, struct arc_error *err);

/* Sets out->sign to the required signer of the project's release: `identity`, else the group's,
 * else any workflow of this repository run for the release's tag. */
int released_signing(struct arc_project *project, const char *identity, struct arc_plan *out,
                     struct arc_error *err);

/* Reads the project's repository at a release tag, which the clone may lack; the tags are loaded.
 * ARC_ENOTFOUND if there is no such tag, or the clone lacks its commit. */
int released_find_repository(const struct arc_project *project, const char *tag,
                             struct arc_repository *out, struct arc_error *err);

/* The plan of a release tag, as a build would make it if `tags` were all that exist; points into
 * the group. ARC_ENOTFOUND if the clone lacks the tag's commit. */
int released_plan(struct arc_project *project, const struct arc_group *group, const char *tag,
                  const json_t *tags, struct arc_plan *out, struct arc_error *err);

/* A tag of a service in a registry. All borrowed. */
struct released_tag {
    const struct arc_planned_service *service;
    struct arc_planned_tag *planned;
    const char *image;                 /* the service's image, or a mirror */
    char digest[ARC_DIGEST_LEN + 1];   /* its digest; empty: no such tag */
    char expected[ARC_DIGEST_LEN + 1]; /* digest of the service's version tag */
    const char *revision;              /* the commit that its index names; "": none */
    char **listed;                     /* digests of what its index lists; may be NULL */
};

/* Looks up all floating tags of the plan in parallel. *out is in `memory`. Errors as
 * arc_registry_manifest(), except for missing tags. */
int released_look_up(struct arc_registry *registry, const struct arc_plan *plan,
                     struct arc_arena *memory, struct released_tag **out, size_t *count,
                     struct arc_error *err);

/* ---- at GitHub ---- */

/* A cache of releases, each requested once. Initialize with {0}. */
struct records {
    struct arc_transport *github; /* owned; NULL: GitHub is not asked, and nothing is known */
    const char *repository;
    json_t *releases; /* owned: tag → its published release, or null */
};

void records_free(struct records *records);

/* GETs a path, formatted as by printf(); *out is a new reference, NULL for a 404. */
int records_get(const struct records *records, struct arc_request request, json_t **out,
                struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The published release of a tag; *out is borrowed, NULL if there is none or GitHub is not
 * asked. */
int records_release(struct records *records, const char *tag, const json_t **out,
                    struct arc_error *err);

/* Reads a JSON asset of a tag's published release; *out is a new reference, NULL if there is no
 * such release or file. ARC_EFAILED if the file is empty or gone. */
int records_find(struct records *records, const char *tag, const char *name, json_t **out,
                 struct arc_error *err);
