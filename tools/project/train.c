#include "project/train.h"
#include "base/json.h"
#include "base/text.h"
#include "git/fetch.h"
#include "project/documents.h"
#include "project/repository.h"

/* A release tag of a group. */
struct candidate {
    struct arc_tag tag;
    bool ruled_out;
    bool kept_back; /* ruled out, since its release is not published, or was withdrawn */
};

/* A train being resolved. */
struct train {
    struct arc_project *project;
    struct arc_group *group; /* receives the services */
    struct arc_oid head;
    bool prerelease;    /* accepts prereleases too */
    const json_t *lock; /* its `includes`; NULL: none */
    struct arc_error *err;
    /* The group that is being added, and its tags. */
    const struct arc_include *include;
    struct candidate *items;
    size_t count;
};

static void train_free(struct train *train)
{
    arc_each (candidate, train->items, train->count)
        arc_tag_free(&candidate->tag);
    free(train->items);
}

/* ---- which versions there are -------------------------------------------------------------- */

/* The lock file's entry for a release; NULL: none. */
static const json_t *find_locked(const struct train *train, const char *tag)
{
    arc_json_each (entry, train->lock)
        if (arc_json_says(entry, "group", train->include->group) &&
            arc_json_says(entry, "tag", tag))
            return entry;
    return NULL;
}

static int find_candidates(struct train *train)
{
    const struct arc_repository *repository = &train->project->repository;
    const json_t *tags = repository->tags, *published = repository->published;
    const char *version = train->include->version;

    train->items = calloc(json_array_size(tags) + 1, sizeof *train->items);
    ARC_TRY_ALLOC(train->items, train->err);

    arc_json_each (name, tags) {
        struct candidate *candidate = &train->items[train->count];
        struct arc_tag *tag = &candidate->tag;
        if (arc_tag_parse(json_string_value(name), train->include->of, tag, NULL) != ARC_OK)
            continue;

        train->count++;
        if (train->lock) { /* and takes nothing that it does not name */
            candidate->ruled_out = !find_locked(train, tag->text);
        } else if (version && !arc_text_is(tag->version.text, tag->version.len, version)) {
            candidate->ruled_out = true;
        } else if (!version && !train->prerelease &&
                   (tag->version.prerelease || arc_json_lists(repository->marked, tag->text))) {
            candidate->ruled_out = true;
        } else {
            bool known = version || !published || arc_json_lists(published, tag->text);
            candidate->kept_back = !known || arc_json_lists(repository->withdrawn, tag->text);
            candidate->ruled_out = candidate->kept_back;
        }
    }

    return ARC_OK;
}

/* Whether the tag's commit is the train's or an ancestor. */
static int reaches(const struct train *train, const char *tag, struct arc_oid *commit, bool *yes)
{
    ARC_TRY(arc_git_tag_commit(train->project->git, tag, commit, train->err));
    return arc_git_find_ancestors(train->project->git, &train->head, commit, 1, yes, train->err);
}

static bool names_service(const struct candidate *candidate, const struct arc_service *service)
{
    return !candidate->tag.service || candidate->tag.service == service;
}

/* The highest release of a service at or before the train's commit. */
static int choose(struct train *train, const struct arc_service *service,
                  const struct arc_tag **out, struct arc_oid *commit)
{
    *out = NULL;

    for (;;) {
        struct candidate *best = NULL;
        arc_each (one, train->items, train->count) {
            if (one->ruled_out || !names_service(one, service))
                continue;
            if (!best || arc_release_version_compare(&one->tag.version, &best->tag.version) > 0)
                best = one;
        }
        if (!best)
            return ARC_OK;
        bool yes = false;
        ARC_TRY(reaches(train, best->tag.text, commit, &yes));
        if (yes) {
            *out = &best->tag;
            return ARC_OK;
        }
        best->ruled_out = true;
    }
}

/* ---- what is taken ------------------------------------------------------------------------- */

static int refuse(const struct train *train, const struct arc_service *service)
{
    const struct arc_include *include = train->include;

    arc_each (one, train->items, include->version ? train->count : 0)
        if (one->kept_back && names_service(one, service))
            return arc_error_set(train->err, ARC_EINPUT,
                                 "%s takes %s of %s, and %s was withdrawn: name another version",
                                 train->group->name, include->version, include->group,
                                 one->tag.text);

    if (train->lock)
        return arc_error_set(
            train->err, ARC_EINPUT,
            "%s includes %s, and the lock file names no release of %s before commit %.12s",
            train->group->name, include->group, service->codename, train->head.hex);

    if (include->version)
        return arc_error_set(
            train->err, ARC_EINPUT,
            "%s includes %s of %s, but there is no such release of %s before commit %.12s",
            train->group->name, include->version, include->group, service->codename,
            train->head.hex);

    return arc_error_set(
        train->err, ARC_EFAILED, "%s includes %s, and %s has no %s release before commit %.12s",
        train->group->name, include->group, service->codename,
        train->project->repository.published ? "published" : "stable", train->head.hex);
}

/* Whether a service has no release yet at the train's commit and is left out. One that is held
 * back, pinned or in the lock file is missing instead. */
static int is_unreleased(const struct train *train, const struct arc_service *service,
                         bool *unreleased)
{
    const struct arc_include *include = train->include;
    struct arc_oid commit;
    *unreleased = !include->version && !arc_json_find(train->lock, "group", include->group);

    for (size_t k = 0; *unreleased && k < train->count; k++) {
        const struct candidate *one = &train->items[k];
        bool behind = false;
        if (one->kept_back && names_service(one, service))
            ARC_TRY(reaches(train, one->tag.text, &commit, &behind));
        *unreleased = !behind;
    }

    return ARC_OK;
}

static int add_service(struct train *train, const struct arc_service *service)
{
    const struct arc_group *group = train->include->of;
    const struct arc_repository *repository = &train->project->repository;
    struct arc_arena *memory = &train->project->config.memory;
    struct arc_group *out = train->group;
    const struct arc_tag *tag;
    struct arc_oid commit;
    bool unreleased = false;

    ARC_TRY(choose(train, service, &tag, &commit));
    if (!tag)
        ARC_TRY(is_unreleased(train, service, &unreleased));
    if (unreleased)
        return arc_texts_add(memory, &out->unreleased, service->codename, train->err);
    if (!tag)
        return refuse(train, service);

    /* A tag that moved since is no longer the release in the lock file. */
    const json_t *locked = find_locked(train, tag->text);
    const char *revision = arc_json_text_of(locked, "revision");
    if (locked && strcmp(revision, commit.hex) != 0)
        return arc_error_set(train->err, ARC_EINPUT,
                             "%s: %s is at commit %.12s, the lock file has it at '%.12s'",
                             out->name, tag->text, commit.hex, revision);

    struct arc_service *added =
        arc_arena_append(memory, &out->services, &out->service_count, sizeof *added);
    struct arc_released_from *released = arc_arena_array(memory, 1, sizeof *released);
    ARC_TRY_ALLOC(added && released, train->err);
    *added = *service;        /* everything else belongs to its group */
    added->image_tags = NULL; /* the train's image names */
    added->bases = NULL;
    added->released = released;

    struct arc_version_options options = {.tags = repository->tags,
                                          .published = repository->published,
                                          .predecessor = group->predecessor,
                                          .group = group};
    ARC_AUTO(arc_version_info) struct arc_version_info version = {0};
    ARC_TRY(arc_version(tag->text, &options, &version, train->err));
    released->group = group;
    released->tag = arc_arena_text(memory, tag->text);
    released->revision = arc_arena_text(memory, commit.hex);

    return arc_version_info_copy(&version, memory, &released->version, train->err);
}

static int add_groups(const struct train *train)
{
    for (const struct arc_include *include = train->group->includes; include->group; include++) {
        ARC_AUTO(train) struct train own = *train;

        own.include = include;
        ARC_TRY(find_candidates(&own));
        arc_each (service, include->of->services, include->of->service_count)
            if (!service->linked)
                ARC_TRY(add_service(&own, service));
    }

    if (train->group->service_count)
        return ARC_OK;
    return arc_error_set(train->err, ARC_EFAILED,
                         "%s would be empty: none of the groups that it includes has a release "
                         "before commit %.12s%s",
                         train->group->name, train->head.hex,
                         train->lock ? " in the lock file" : "");
}

static int read_lock(struct train *train, json_t **document)
{
    const char *path = train->project->wanted.lock;
    if (!path)
        return ARC_OK;
    ARC_TRY(arc_document_read(path, document, train->err));
    ARC_TRY(arc_document_check(*document, "lock", train->err));
    const char *group = arc_json_text_of(*document, "group");
    if (strcmp(group, train->group->name) != 0)
        return arc_error_set(train->err, ARC_EINPUT, "%s is the lock file of %.200s, not of %s",
                             path, group, train->group->name);

    train->lock = json_object_get(*document, "includes");
    if (json_is_array(train->lock))
        return ARC_OK;

    return arc_error_set(train->err, ARC_EINPUT, "%s: 'includes' is not a list of releases", path);
}

/* "platform.lock.json": a group's name may contain slashes, an asset's may not. */
char *arc_train_lock_name(const char *group)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = 512};
    arc_buf_printf(&name, "%s.lock.json", group);
    for (char *c = name.data; c && *c; c++)
        *c = *c == '/' ? '-' : *c;
    return arc_buf_steal(&name);
}

int arc_train_resolve(struct arc_project *project, struct arc_error *err)
{
    size_t own = (size_t)(project->group - project->config.groups);
    struct arc_group *group = &project->config.groups[own];
    ARC_AUTO_JSON json_t *document = NULL;
    struct train train = {.project = project, .group = group, .err = err};

    if (project->wanted.lock && !group->includes)
        return arc_error_set(err, ARC_EINPUT, "group %s includes no others, so it has no lock file",
                             group->name);

    if (!group->includes || group->services)
        return ARC_OK;

    if (!project->version)
        return arc_error_set(err, ARC_EINPUT,
                             "group %s is made of releases of others: it has no build of a commit; "
                             "name its release tag",
                             group->name);

    if (!project->repository.tags)
        return arc_error_set(err, ARC_EWORLD,
                             "which releases %s takes is not known without the tags: %s",
                             group->name, project->repository.tags_unknown);

    if (!project->repository.published)
        ARC_TRY(arc_repository_read_published(project->env, &project->repository, err));

    if (project->repository.published_unknown)
        return arc_error_set(err, ARC_EWORLD,
                             "which releases %s may include is unknown, since GitHub did not list "
                             "the published ones: %s",
                             group->name, project->repository.published_unknown);

    ARC_TRY(read_lock(&train, &document));
    train.head = arc_oid_of(project->repository.revision);
    train.prerelease = project->version->prerelease;

    return add_groups(&train);
}

int arc_train_take(struct arc_project *project, const struct arc_group *group,
                   const struct arc_oid *commit, bool prerelease, const json_t *lock,
                   struct arc_group *out, struct arc_error *err)
{
    struct train train = {.project = project,
                          .group = out,
                          .head = *commit,
                          .prerelease = prerelease,
                          .lock = json_object_get(lock, "includes"),
                          .err = err};
    *out = *group;
    out->services = NULL;
    out->unreleased = NULL;
    out->service_count = 0;

    return add_groups(&train);
}
