/* What `changes` knows about services besides their paths: where each was last good, and their
 * dependencies. */
#pragma once

#include "changes/base.h"
#include "changes/filters_build.h"
#include "changes/match.h"
#include "yaml/yaml.h"

/* Where a service was last good. The caller sets the first three members. */
struct arc_last_good {
    const struct arc_group *group;
    const struct arc_service *service; /* of a release: NULL: whatever service its tag names */
    bool stable;                       /* of a release: not a prerelease */
    char *tag;                         /* of the release, owned; NULL: none */
    struct arc_oid base;               /* empty: never, so every file counts as added */
    char *reason;                      /* "since messaging/v0.1.0"; owned */
    size_t at, end;                    /* the group's tags that were not looked at; private */
};

/* The service and group of filter number `filter`; false if there is none. */
bool arc_services_find(const struct arc_changes_options *options, size_t filter,
                       const struct arc_group **group, const struct arc_service **service);

/* Finds the last release of each group before `head`, its tag and commit: the highest version among
 * tags whose commit is `head` or an ancestor, except the tag being pushed. A shallow clone requests
 * the remote's tags once, and fetches as much history as needed. */
int arc_services_find_releases(const struct arc_base_request *request, struct arc_last_good *out,
                               size_t count, const struct arc_oid *head, struct arc_error *err);

/* The same with the reason instead of the tag. */
int arc_services_last_releases(const struct arc_base_request *request, struct arc_last_good *out,
                               size_t count, const struct arc_oid *head, struct arc_error *err);

/* Finds the commits that the services' published images were built from, by their labels. A service
 * without a published image or label was never good. An unpublished base was good where all images
 * that start from it were. ARC_EWORLD if the registry does not answer. */
int arc_services_last_images(const struct arc_base_request *request, struct arc_last_good *out,
                             size_t count, struct arc_error *err);

/* Marks each service whose own entry in the configuration differs between two commits (`head` NULL:
 * the work tree) or, with `guess`, may differ: its group's keys for images and paths, its own
 * mapping, or a service.yaml excluded by its paths. Does nothing if `head` has no configuration.
 * `only` (per filter; may be NULL) selects services. */
int arc_services_entries(const struct arc_git *git, const struct arc_changes_options *options,
                         const bool *only, const struct arc_oid *base, const struct arc_oid *head,
                         bool guess, struct arc_filter_result *results, struct arc_error *err);

/* Matches a commit against the services' filters, the last of which is the configuration's file, and
 * with both of the above: a commit that changes a service's entry, which must be known on both
 * sides, is one of that service, and one that changes only what others take of a file is not. With
 * `own`, a merge only counts with files that differ from both parents. */
int arc_services_commit(struct arc_project *project, struct arc_match *match,
                        const struct arc_config *config, const struct arc_git_commit *commit,
                        bool own, bool *any, struct arc_error *err);

/* The same for a path listed by the API, if only that knows what changed. */
int arc_services_listed(const struct arc_changes_options *options, const char *path,
                        struct arc_filter_result *results, struct arc_error *err);

/* Removes files that changed without changing the service's definition or values in them, as docker
 * reads the files of both commits (`head` NULL: the work tree). Marks the service if they differ,
 * or may differ. `only` as above. */
int arc_services_definitions(struct arc_project *project, const struct arc_changes_options *options,
                             const bool *only, const struct arc_oid *base,
                             const struct arc_oid *head, struct arc_changes *out,
                             struct arc_error *err);

/* Marks services whose image starts, directly or not, from a changed one and, in groups with
 * rebuild-dependents, services that depend on one. */
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

/* The configurations of earlier commits, each read once; {0} is empty. Groups were released at
 * different commits, with few different configurations. */
struct arc_earlier_configs {
    struct arc_earlier_config {
        struct arc_buf text;
        struct arc_yaml yaml; /* empty if the text is not valid */
    } kept[32];
    size_t count; /* of all that were read */
};

void arc_earlier_configs_free(struct arc_earlier_configs *configs);

/* Adds a filter, named like the folder, for each folder that was a service of the group at commit
 * `from`, by its configuration there, the file `path`, and is not among those of today, `there`
 * (ends with NULL): to find the commits of services that were moved or removed since. If `to` lacks
 * what a glob found at `from`, it was a service. What cannot be read adds nothing. */
int arc_services_add_gone(const struct arc_git *git, struct arc_earlier_configs *configs,
                          const struct arc_oid *from, const struct arc_oid *to, const char *path,
                          const char *group, const char *const *there, struct arc_filters *filters,
                          struct arc_error *err);
