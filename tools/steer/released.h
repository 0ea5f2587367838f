/* What a release that is out has in the registries: the plan that it was made by, made again. */
#pragma once

#include "arcci/documents.h"
#include "arcci/project.h"
#include "arcci/transport.h"
#include "registry/registry.h"

/* The group of that name; ARC_EINPUT where the configuration has none. */
int released_find_group(const struct arc_config *config, const char *name,
                        const struct arc_group **out, struct arc_error *err);

/* Opens GitHub where GITHUB_REPOSITORY and a token say whom to ask, else leaves *github NULL; reads
 * which releases are published or withdrawn. *name is borrowed. ARC_EWORLD where GitHub does not
 * say. */
int released_open_github(struct arc_project *project, struct arc_transport **github,
                         const char **name, struct arc_error *err);

/* Sets out->sign to who must have signed the release that the project was loaded for: `identity`,
 * whom the group names, else any workflow of this repository that ran for the release's tag. */
int released_signing(struct arc_project *project, const char *identity, struct arc_plan *out,
                     struct arc_error *err);

/* The plan of a release tag, as its build would have it if `tags` were all there are; it
 * points into the group. ARC_ENOTFOUND when the tag's commit is not here. */
int released_plan(struct arc_project *project, const struct arc_group *group, const char *tag,
                  const json_t *tags, struct arc_plan *out, struct arc_error *err);

/* A tag of a service in a registry. Nothing is owned. */
struct released_tag {
    const struct arc_planned_service *service;
    const struct arc_planned_tag *planned;
    const char *image;                 /* the service's, or a mirror's */
    char digest[ARC_DIGEST_LEN + 1];   /* what it points to; empty: there is no such tag */
    char expected[ARC_DIGEST_LEN + 1]; /* what the service's version tag points to */
};

/* Looks up all tags of the plan that move, side by side. *out is in `memory`. Errors as
 * arc_registry_manifest(); a tag that is not there is none. */
int released_look_up(struct arc_registry *registry, const struct arc_plan *plan,
                     struct arc_arena *memory, struct released_tag **out, size_t *count,
                     struct arc_error *err);
