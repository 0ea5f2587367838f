/* What `changes` knows about services beyond their paths: where each was last good, and which
 * depends on which. */
#pragma once

#include "changes/base.h"

/* Where one service was last good; the first two members say whose it is. `reason` is owned. */
struct arc_last_good {
    const struct arc_group *group;
    const struct arc_service *service;
    struct arc_oid base; /* empty: it never was, so every file counts as added */
    char *reason;        /* "since messaging/v0.1.0" */
};

/* The service that filter number `filter` was made of, and its group; false if there is none. */
bool arc_services_find(const struct arc_changes_options *options, size_t filter,
                       const struct arc_group **group, const struct arc_service **service);

/* A last release; the first three members say which is looked for. */
struct arc_last_release {
    const struct arc_group *group;
    const struct arc_service *service; /* a tag that releases only another one does not count; NULL:
                                          any tag of the group does */
    bool stable;                       /* no prerelease */
    char *tag;                         /* owned; NULL: there is none */
    struct arc_oid commit;             /* of the tag */
};

/* Finds the last release of each group behind `head`: of the tags that are there and whose commit
 * is `head` or before it, the highest version. The tag that is being pushed does not count. A
 * shallow clone asks the remote for its tags, once, and gets as much history as it takes. */
int arc_services_find_releases(const struct arc_base_request *request,
                               struct arc_last_release *releases, size_t count,
                               const struct arc_oid *head, struct arc_error *err);

/* The same as where each service was last good. */
int arc_services_last_releases(const struct arc_base_request *request, struct arc_last_good *out,
                               size_t count, const struct arc_oid *head, struct arc_error *err);

/* The commits that the services' published images say they were built of. One that is not
 * published, or that does not say, was never good. One that others start from, and that is not
 * published itself, was good where all of those were. ARC_EWORLD when the registry cannot be
 * asked. */
int arc_services_last_images(const struct arc_base_request *request, struct arc_last_good *out,
                             size_t count, struct arc_error *err);

/* Marks each service whose own entry in the configuration differs between two commits (`head` NULL:
 * the work tree): what its group says of images and paths, or its own mapping, or a service.yaml
 * that its paths leave out; also when that cannot be told. A configuration that `head` does not
 * have says nothing. `only` (per filter; may be NULL) says which are asked about. */
int arc_services_entries(const struct arc_git *git, const struct arc_changes_options *options,
                         const bool *only, const struct arc_oid *base, const struct arc_oid *head,
                         struct arc_filter_result *results, struct arc_error *err);

/* The same where the API alone knows what changed: a path that it lists. */
int arc_services_listed(const struct arc_changes_options *options, const char *path,
                        struct arc_filter_result *results, struct arc_error *err);

/* Takes files back that changed where the service's definition or values in them did not, as docker
 * reads its files of both commits (`head` NULL: the work tree); where they differ, or that cannot
 * be told, the service is marked. `only` as above. */
int arc_services_definitions(struct arc_project *project, const struct arc_changes_options *options,
                             const bool *only, const struct arc_oid *base,
                             const struct arc_oid *head, struct arc_changes *out,
                             struct arc_error *err);

/* Marks the services whose image starts, directly or not, from one that changed, and in groups with
 * rebuild-dependents those that depend on one. */
int arc_services_dependents(const struct arc_changes_options *options, struct arc_changes *out,
                            struct arc_error *err);

/* Whether a file says which services there are, or what is one's; one that is there on both sides,
 * and `changed`, is what a glob finds on either. */
bool arc_services_told(const struct arc_config *config, const char *path, bool changed);

/* Adds a warning where services are read from another commit than the one that is looked at, and a
 * file that tells them is not the same there: `listed`, or NULL: git looks for it. A merge of the
 * commit into its base has its services. */
int arc_services_elsewhere(const struct arc_git *git, const struct arc_config *config,
                           const struct arc_oid *head, const char *listed, json_t **warnings,
                           struct arc_error *err);
