#include "base/json.h"
#include "config/described.h"
#include "config/graph.h"
#include "git/fetch.h"
#include "os/file.h"
#include "project/repository.h"
#include "project/train.h"

#define VALUE_FILE_MAX ((size_t)1 << 20)

int arc_project_open(struct arc_project *project, struct arc_error *err)
{
    if (project->git)
        return ARC_OK;

    struct arc_git *git = calloc(1, sizeof *git);
    ARC_TRY_ALLOC(git, err);

    int rc = arc_git_open(project->env, NULL, git, err);
    if (rc) {
        free(git);
        return rc;
    }

    project->git = git;

    return ARC_OK;
}

int arc_project_load_event(struct arc_project *project, struct arc_error *err)
{
    return project->event.name ? ARC_OK : arc_event_load(project->env, &project->event, err);
}

/* Asks docker for the services of a group; what it says of the input is wrong at the group's
 * line. */
static int resolve(struct arc_project *project, struct arc_group *group, const json_t *values,
                   struct arc_error *err)
{
    const struct arc_config *config = &project->config;
    const struct arc_loading l = {
        .root = arc_project_root(project), .memory = &project->config.memory, .err = err};
    int rc = arc_described_resolve(&l, project->env, group, values);
    if (rc != ARC_EINPUT || !err || err->place_len)
        return rc;

    ARC_AUTO(arc_error) struct arc_error why = arc_steal(err);
    return arc_error_at(err, rc, config->path, group->line, 0, "%s", arc_error_text(&why));
}

/* Says so if a file may be missing because it is not checked out. */
static int explain_sparse(const struct arc_project *project, int rc, struct arc_error *err)
{
    bool may_be_missing = rc == ARC_EINPUT || rc == ARC_ENOTFOUND;
    if (err && may_be_missing && project->git && arc_project_is_sparse(project->git))
        return arc_error_prefix(err, "in this sparse checkout, which leaves out tracked files");
    return rc;
}

int arc_project_read_config(struct arc_project *project, struct arc_error *err)
{
    const char *root = arc_project_root(project);
    if (project->config.path)
        return ARC_OK;
    return explain_sparse(
        project, arc_config_load(root, project->wanted.config, &project->config, err), err);
}

/* Asks docker for the group's services, unless they are known. */
static int know_services(struct arc_project *project, const struct arc_group *of,
                         struct arc_error *err)
{
    struct arc_group *group = &project->config.groups[of - project->config.groups];
    if (!group->described.files || group->services)
        return ARC_OK;
    int rc = resolve(project, group, NULL, err);
    if (!rc)
        rc = arc_config_distinct(&project->config, err);
    return explain_sparse(project, rc, err);
}

int arc_project_load_group(struct arc_project *project, const struct arc_group *group,
                           struct arc_error *err)
{
    const struct arc_include *include = group->includes;
    for (; include && include->group; include++)
        ARC_TRY(know_services(project, include->of, err));
    return know_services(project, group, err);
}

int arc_project_load_config(struct arc_project *project, struct arc_error *err)
{
    ARC_TRY(arc_project_read_config(project, err));
    arc_each (group, project->config.groups, project->config.group_count)
        ARC_TRY(know_services(project, group, err));
    return ARC_OK;
}

const char *arc_project_root(struct arc_project *project)
{
    if (arc_project_open(project, NULL) == ARC_OK && project->git->worktree)
        return project->git->worktree;
    return arc_or(project->env->cwd, ".");
}

int arc_project_load_tags(struct arc_project *project, struct arc_error *err)
{
    struct arc_repository *repository = &project->repository;
    ARC_AUTO(arc_error) struct arc_error problem = {0};

    if (repository->tags || repository->tags_unknown)
        return ARC_OK;

    /* The local tags; a clone also asks its remote (`git ls-remote --tags origin`). */
    ARC_TRY(arc_project_open(project, err));
    int rc = arc_git_all_tags(project->git, &repository->tags, &problem);
    if (!rc)
        return ARC_OK;
    ARC_TRY(arc_error_memory(rc, err));
    repository->tags_unknown = arc_arena_text(&repository->memory, arc_error_text(&problem));
    ARC_TRY(arc_arena_check(&repository->memory, err));

    /* Whoever rehearses away from the network has fetched, unless there is no tag, and promotes
     * nothing: that asks for the tag again. */
    ARC_AUTO_JSON json_t *own = NULL;
    if (!arc_git_in_ci(project->git) && !arc_git_is_shallow(project->git))
        ARC_TRY(arc_git_tags(project->git, NULL, &own, err));
    if (json_array_size(own))
        repository->tags = arc_steal(&own);

    return ARC_OK;
}

/* ---- group --------------------------------------------------------------------------------- */

/* The groups that a tag releases. */
struct tagged {
    const struct arc_group *first; /* NULL: none */
    size_t count;
    bool differs; /* it is another version in a later one: v1.0.0-alpine matches both
                     v{version}-alpine and v{version} */
};

static struct tagged find_tagged(const struct arc_config *config, const char *tag)
{
    ARC_AUTO(arc_tag) struct arc_tag known = {0};
    struct tagged found = {0};

    arc_each (group, config->groups, config->group_count) {
        ARC_AUTO(arc_tag) struct arc_tag parsed = {0};
        if (arc_tag_parse(tag, group, &parsed, NULL))
            continue;
        if (!found.count++) {
            found.first = group;
            known = arc_steal(&parsed);
        } else
            found.differs |= arc_text_compare(known.version.text, known.version.len,
                                              parsed.version.text, parsed.version.len) != 0;
    }

    return found;
}

const struct arc_group *arc_project_group_of(const struct arc_project *project, const char *tag)
{
    const struct tagged found = find_tagged(&project->config, tag);
    return found.differs ? NULL : found.first;
}

/* Loads the groups that must know their services to tell whether the tag is theirs. */
static int load_possible(struct arc_project *project, const char *tag, struct arc_error *err)
{
    arc_each (group, project->config.groups, project->config.group_count)
        if (arc_tag_names_service(group) &&
            strncmp(tag, group->tags[0], arc_tag_prefix(group)) == 0)
            ARC_TRY(arc_project_load_group(project, group, err));
    return ARC_OK;
}

/* The group that says why a tag is none of its own: the only one, or the one whose tags begin like
 * it. */
static const struct arc_group *find_like(const struct arc_config *config, const char *tag)
{
    arc_each (group, config->groups, config->group_count) {
        size_t same = arc_tag_prefix(group);
        same -= same && group->tags[0][same - 1] == 'v';
        if (config->group_count == 1 || (same && strncmp(tag, group->tags[0], same) == 0))
            return group;
    }
    return NULL;
}

/* The group of a tag; if several share it, the one that was named. */
static int choose_tagged(struct arc_project *project, const char *tag, struct arc_error *err)
{
    const struct arc_config *config = &project->config;
    const char *name = project->wanted.group;
    ARC_AUTO(arc_buf) struct arc_buf what = {.max = 2048};
    ARC_AUTO(arc_tag) struct arc_tag plain = {0}, parsed = {0};
    const struct tagged found = find_tagged(config, tag);

    project->group = found.first;

    bool is_tag = config->group_count && arc_tag_name(tag);
    if (!found.count && !is_tag && arc_tag_parse(tag, NULL, &plain, err))
        return ARC_EINPUT; /* sets the error */

    const struct arc_group *like =
        found.count || !is_tag ? NULL : find_like(config, arc_tag_name(tag));
    if (like) {
        project->group = like;
        return arc_tag_parse(tag, like, &parsed, err);
    }

    const struct arc_group *named = name ? arc_config_group(config, name) : NULL;
    int rc = named && found.count ? arc_tag_parse(tag, named, &parsed, NULL) : ARC_ENOTFOUND;
    ARC_TRY(arc_error_memory(rc, err));
    if (!rc)
        project->group = named;
    else if (!found.count)
        arc_buf_printf(&what, "no release group has the tag %s", tag);
    else if (name)
        arc_buf_printf(&what, "tag %s belongs to group %s, not to %s", tag, project->group->name,
                       name);
    else if (found.count > 1)
        arc_buf_printf(&what,
                       "the tag %s releases %zu groups; name one with --group, or give its --plan",
                       tag, found.count);

    return what.len ? arc_config_refuse_group(config, arc_buf_text(&what), err) : ARC_OK;
}

static int choose_group(struct arc_project *project, const char *tag, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf what = {.max = 2048};
    const struct arc_config *config = &project->config;
    const char *name = project->wanted.group;

    if (tag) {
        ARC_TRY(load_possible(project, tag, err));
        return choose_tagged(project, tag, err);
    }

    if (name)
        project->group = arc_config_group(config, name);
    else if (config->group_count == 1)
        project->group = &config->groups[0];

    if (!project->group && name)
        arc_buf_printf(&what, "there is no release group '%s'", name);
    else if (!project->group)
        arc_buf_puts(&what, "there are several release groups; name one with --group");

    return what.len ? arc_config_refuse_group(config, arc_buf_text(&what), err) : ARC_OK;
}

/* ---- version ------------------------------------------------------------------------------- */

/* A tag that a person names, by --previous-tag or as a group's predecessor, must exist: a typo
 * would list the whole history. */
static int check_previous(const struct arc_project *project, const char *previous,
                          const struct arc_group *group, struct arc_error *err)
{
    const struct arc_repository *repository = &project->repository;
    bool known = repository->tags && !repository->tags_unknown;
    ARC_AUTO(arc_buf) struct arc_buf slip = {.max = 1024};

    if (previous && arc_text_same(previous, project->tag.text))
        arc_buf_printf(&slip, "%s is the release itself", previous);
    else if (previous && known && !arc_json_lists(repository->tags, previous))
        arc_buf_printf(&slip, "there is no tag '%.200s'", previous);

    if (!slip.len)
        return ARC_OK;
    if (!group)
        return arc_error_set(err, ARC_EINPUT, "--previous-tag: %s", arc_buf_text(&slip));
    return arc_error_at(err, ARC_EINPUT, project->config.path, group->line, 0, "predecessor: %s",
                        arc_buf_text(&slip));
}

int arc_project_check_predecessor(const struct arc_project *project, const struct arc_group *group,
                                  struct arc_error *err)
{
    return check_previous(project, group->predecessor, group, err);
}

static int set_version(struct arc_project *project, const struct arc_version_options *options,
                       struct arc_error *err)
{
    project->version = calloc(1, sizeof *project->version);
    ARC_TRY_ALLOC(project->version, err);
    int rc = arc_version(project->tag.text, options, project->version, err);
    if (rc)
        free(arc_steal(&project->version));
    return rc;
}

/* Reads the event of a release; a container may lack the file of another one. */
static int load_release(struct arc_project *project, struct arc_error *err)
{
    const char *name = arc_or(arc_env_get(project->env, "GITHUB_EVENT_NAME"), "");
    return strcmp(name, "release") == 0 ? arc_project_load_event(project, err) : ARC_OK;
}

struct arc_version_options arc_project_version_options(const struct arc_project *project,
                                                       const struct arc_group *group)
{
    const struct arc_repository *repository = &project->repository;
    return (struct arc_version_options){.tags = repository->tags,
                                        .tags_unknown = repository->tags_unknown,
                                        .published = repository->published,
                                        .withdrawn = repository->withdrawn,
                                        .marked = repository->marked,
                                        .previous = project->wanted.previous,
                                        .predecessor = group ? group->predecessor : NULL,
                                        .group = group};
}

/* `group` may be NULL. */
static int make_version(struct arc_project *project, const struct arc_group *group,
                        struct arc_error *err)
{
    struct arc_repository *repository = &project->repository;

    if (project->version || !project->tag.text)
        return ARC_OK;
    ARC_TRY(check_previous(project, project->wanted.previous, NULL, err));
    if (group)
        ARC_TRY(arc_project_check_predecessor(project, group, err));
    if (repository->tags)
        ARC_TRY(arc_repository_read_published(project->env, repository, err));

    ARC_TRY(load_release(project, err));
    if (project->event.marked_tag) {
        if (!repository->marked)
            repository->marked = json_array();
        ARC_TRY(arc_json_append(repository->marked, json_string(project->event.marked_tag), err));
    }

    struct arc_version_options options = arc_project_version_options(project, group);

    return set_version(project, &options, err);
}

/* Loads the services of a group defined by a bake or compose file, now that the version and the
 * commit are known. */
static int resolve_again(struct arc_project *project, struct arc_error *err)
{
    const char *revision = project->repository.revision;
    struct arc_group *group = &project->config.groups[project->group - project->config.groups];
    ARC_AUTO_JSON json_t *values = project->version ? NULL : json_object();

    if (project->version)
        ARC_TRY(arc_version_write(project->version, &values, err));

    if (json_object_set_new(values, "revision", json_string(revision)) ||
        json_object_set_new(values, "sha", json_sprintf("%.12s", revision)) ||
        json_object_set_new(values, "sha7", json_sprintf("%.7s", revision)))
        return arc_error_nomem(err);

    ARC_TRY(resolve(project, group, values, err));
    if (!project->tag.text)
        return ARC_OK;

    ARC_AUTO_FREE char *text = arc_steal(&project->tag.text); /* its services were recreated */
    arc_tag_free(&project->tag);

    return arc_tag_parse(text, project->group, &project->tag, err);
}

/* The tag that a person named ("tags/x" is refs/tags/x, as in git), else the event's; NULL without
 * one. `any`: the event's ref must be a tag. */
static int find_tag(struct arc_project *project, bool any, const char **out, struct arc_error *err)
{
    const char *name = arc_or(arc_text_after(project->wanted.tag, "tags/"), project->wanted.tag);
    const char *ref = arc_env_nonempty(project->env, "GITHUB_REF");

    if (!name && (any || arc_text_after(ref, "refs/tags/"))) {
        name = ref;
        ARC_TRY(load_release(project, err));
        if (project->event.unreleased) /* `on: release` without types starts for that, too */
            return arc_error_set(err, ARC_EINPUT,
                                 "the event deleted or unpublished '%s': there is nothing to "
                                 "release",
                                 ref);
    }

    *out = name ? arc_tag_name(name) : NULL;
    return name && !*out ? arc_tag_parse(name, NULL, &project->tag, err) /* says what it is */
                         : ARC_OK;
}

int arc_project_load(struct arc_project *project, struct arc_error *err)
{
    const char *tag;

    ARC_TRY(find_tag(project, false, &tag, err));
    ARC_TRY(arc_project_open(project, err));
    ARC_TRY(arc_project_read_config(project, err));
    ARC_TRY(choose_group(project, tag, err));
    ARC_TRY(arc_project_load_group(project, project->group, err));
    if (tag && !project->tag.text)
        ARC_TRY(arc_tag_parse(tag, project->group, &project->tag, err));
    if (project->tag.text)
        ARC_TRY(arc_project_load_tags(project, err));
    if (!project->repository.root)
        ARC_TRY(arc_repository_read(project->git, project->tag.text, &project->repository, err));
    ARC_TRY(make_version(project, project->group, err));
    if (project->wanted.previous && !project->version)
        return arc_error_set(err, ARC_EINPUT,
                             "--previous-tag is about a release, and no release tag is given");
    ARC_TRY(arc_train_resolve(project, err));

    return project->group->described.files ? resolve_again(project, err) : ARC_OK;
}

int arc_project_load_release(struct arc_project *project, struct arc_error *err)
{
    ARC_TRY(arc_project_load(project, err));
    if (!project->version)
        return arc_config_refuse_group(&project->config, "which release? Name its tag", err);
    return ARC_OK;
}

int arc_project_load_version(struct arc_project *project, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0}, unread = {0};
    const struct arc_group *group;
    struct tagged found = {0};
    struct arc_oid head;
    const char *tag;

    ARC_TRY(find_tag(project, true, &tag, err));
    int rc = arc_project_read_config(project, &unread);
    if (!rc && tag)
        rc = load_possible(project, tag, &unread);
    /* Without a configuration the tag alone is enough, but there is no group to choose. */
    if (rc && (rc != ARC_ENOTFOUND || project->wanted.group))
        return arc_error_pass(rc, &unread, err);
    const char *none = "no tag was given and GITHUB_REF is not set";
    if (!tag && !rc)
        return arc_config_refuse_group(&project->config, none, err);
    if (!tag)
        return arc_error_set(err, ARC_EINPUT, "%s; a release tag is like shop/v1.2.3", none);
    if (!rc)
        found = find_tagged(&project->config, tag);
    group = found.first;
    if (project->wanted.group || found.differs) {
        ARC_TRY(choose_tagged(project, tag, err));
        group = project->group;
    }

    rc = project->tag.text ? ARC_OK : arc_tag_parse(tag, group, &project->tag, err);
    if (rc && !group && project->config.group_count)
        return choose_tagged(project, tag, err); /* the groups know more forms than the default */
    ARC_TRY(rc);

    rc = arc_project_open(project, &problem);
    if (!rc)
        rc = arc_git_head(project->git, &head, NULL, &problem);
    if (!rc)
        rc = arc_project_load_tags(project, &problem);
    if (!rc)
        return make_version(project, group, err);
    if (rc != ARC_ENOTFOUND)
        return arc_error_pass(rc, &problem, err);

    struct arc_version_options unknown = {.tags_unknown = arc_error_text(&problem),
                                          .previous = project->wanted.previous,
                                          .group = group};
    return set_version(project, &unknown, err);
}

int arc_project_value_at(struct arc_project *project, const struct arc_file_place *place,
                         const struct arc_oid *commit, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = VALUE_FILE_MAX};
    struct arc_file_place found = *place;
    int rc;

    *out = NULL;
    if (commit)
        rc = arc_git_blob(project->git, commit, place->file, VALUE_FILE_MAX, &text, err);
    else
        rc = arc_file_read_in(project->git->worktree, place->file, VALUE_FILE_MAX, &text, err);
    bool is_pointer = ARC_STARTS(arc_buf_text(&text), ARC_GIT_LFS);
    if (!rc && !is_pointer)
        rc = arc_file_value(&found, &text, out, err);
    if (rc == ARC_ENOMEM || rc == ARC_EWORLD)
        return rc;
    arc_error_clear(err);

    return ARC_OK;
}

int arc_project_version_at(struct arc_project *project, const struct arc_service *service,
                           const char *commit, char **out, struct arc_error *err)
{
    const struct arc_file_place place = {service->version_file, service->version_at, 0};
    struct arc_oid oid;

    ARC_TRY(arc_project_open(project, err));

    /* Another job may have a shallower clone than the one that compared. */
    int rc = arc_git_resolve(project->git, commit, &oid, err);
    arc_git_allow_fetching(project->git, 1);
    if (rc == ARC_ENOTFOUND && arc_event_is_sha(commit)) {
        arc_error_clear(err);
        oid = arc_oid_of(commit);
        rc = arc_git_fetch_trees(project->git, &oid, 1, err);
    }
    ARC_TRY(rc);

    return arc_project_value_at(project, &place, &oid, out, err);
}

void arc_project_free(struct arc_project *project)
{
    if (project->git)
        arc_git_free(project->git);
    free(project->git);
    arc_event_free(&project->event);
    arc_config_free(&project->config);
    arc_repository_free(&project->repository);
    arc_tag_free(&project->tag);
    arc_version_info_free(project->version);
    free(project->version);
    *project = (struct arc_project){0};
}
