/* Whether the work tree is the commit that a plan is about, without changes. */
#include "arcci/glob.h"
#include "arcci/project.h"
#include "base/json.h"
#include "config/build.h"
#include "git/diff.h"
#include "os/file.h"

#define SHOWN_MAX 5

struct count {
    char *const *generated; /* globs of files that may differ; or NULL */
    bool known_only;        /* ignore files that the commit lacks */
    struct arc_buf *out;
    size_t files;
};

static int add_file(void *context, const char *path, enum arc_git_standing standing)
{
    static const char *const words[] = {"is changed and not committed", "is missing",
                                        "is not committed", "is hidden from git",
                                        "is a submodule that is not checked out"};
    struct count *count = context;
    size_t len = strlen(path);

    if (standing == ARC_GIT_IS_IGNORED || (standing == ARC_GIT_NEW && count->known_only) ||
        (len && path[len - 1] == '/') || arc_glob_any(count->generated, path))
        return ARC_OK;

    if (count->files++ < SHOWN_MAX)
        arc_text_item(count->out, ", ", "%.200s %s", path, words[standing]);

    return ARC_OK;
}

/* Paths to compare. */
struct paths {
    const char *root; /* the work tree */
    struct arc_arena memory;
    const char **list;
    size_t count;
};

static void paths_free(struct paths *paths)
{
    arc_arena_free(&paths->memory);
}

/* Adds a path and, if it is a link, its target; ignores NULL and paths that leave the
 * repository. */
static void add_path(struct paths *paths, const char *path)
{
    if (!path || *path == '/' || ARC_STARTS(path, ".."))
        return;
    ARC_AUTO_FREE char *real = arc_file_follow(paths->root, path);
    const char *const both[] = {path, real};

    for (size_t i = 0; i < ARC_COUNT(both) && both[i]; i++) {
        const char **place =
            arc_arena_append(&paths->memory, &paths->list, &paths->count, sizeof *paths->list);
        if (place)
            *place = arc_arena_text(&paths->memory, both[i]);
    }
}

static int add_places(struct paths *paths, const struct arc_recipe *build, struct arc_error *err)
{
    char **places = NULL;
    ARC_TRY(arc_recipe_places(paths->root, build->context, build->dockerfile,
                              build->additional_contexts, &paths->memory, &places, err));
    for (char **place = places; place && *place; place++)
        add_path(paths, *place);
    return ARC_OK;
}

/* Appends the files of the configuration and, with `contexts`, of the services that differ from the
 * commit. */
static int list_dirty(struct arc_project *project, const struct arc_oid *commit, bool contexts,
                      struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO(paths) struct paths paths = {.root = project->git->worktree};
    const struct arc_group *group = project->group;
    struct count count = {.generated = group->generated, .known_only = !contexts, .out = out};

    add_path(&paths, project->config.path);
    add_path(&paths, group->notes_template);
    for (char **file = group->described.files; file && *file; file++)
        add_path(&paths, *file);

    arc_each (service, group->services, group->service_count) {
        add_path(&paths, service->file);
        add_path(&paths, service->version_file);
        for (char **file = service->build.files; file && *file; file++)
            add_path(&paths, *file);
        if (contexts)
            ARC_TRY(add_places(&paths, &service->build, err));
    }

    bool any = paths.count != 0;
    arc_arena_append(&paths.memory, &paths.list, &paths.count, sizeof *paths.list); /* NULL */
    ARC_TRY(arc_arena_check(&paths.memory, err));
    if (any)
        ARC_TRY(arc_git_compare_worktree(project->git, commit, paths.list, add_file, &count, err));

    if (count.files > SHOWN_MAX)
        arc_buf_printf(out, " and %zu more", count.files - SHOWN_MAX);

    return arc_buf_check(out, "the changed files", err);
}

int arc_project_dirty(struct arc_project *project, struct arc_buf *out, struct arc_error *err)
{
    struct arc_oid head;
    ARC_TRY(arc_git_head(project->git, &head, NULL, err));
    if (strcmp(head.hex, project->repository.revision) != 0)
        return ARC_OK;
    return list_dirty(project, &head, true, out, err);
}

int arc_project_check_config(struct arc_project *project, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf files = {.max = 4096};
    struct arc_oid commit;
    const char *tag = project->tag.text;

    if (!tag || arc_git_resolve_in(project->git, "refs/tags/", tag, &commit, NULL))
        return ARC_OK;
    ARC_AUTO(arc_error) struct arc_error why = {0};
    int rc = list_dirty(project, &commit, false, &files, &why);
    if (rc && rc != ARC_ENOTFOUND) /* no git; arc_project_dirty() warns of that */
        return arc_error_pass(rc, &why, err);
    if (rc || !files.len)
        return ARC_OK;

    return arc_error_set(err, ARC_EINPUT,
                         "the plan would not be made of what %s has: %s; git stash it, or commit "
                         "it and take a new version",
                         tag, arc_buf_text(&files));
}

int arc_project_check_tag(struct arc_project *project, bool rehearsal, struct arc_error *err)
{
    struct arc_oid head;
    const char *tag = project->tag.text;
    const struct arc_repository *repository = &project->repository;

    if (!tag)
        return ARC_OK;
    ARC_TRY(arc_git_head(project->git, &head, NULL, err));

    if (strcmp(head.hex, repository->revision) != 0)
        return arc_error_set(err, ARC_EINPUT,
                             "%s is commit %.12s, but %.12s is checked out: the plan would be made "
                             "of another configuration, and the build of other files; git checkout "
                             "%s (in a workflow: `ref:` of actions/checkout)",
                             tag, repository->revision, head.hex, tag);

    struct arc_oid local;
    int rc = arc_git_resolve_in(project->git, "refs/tags/", tag, &local, err);
    bool here = rc == ARC_OK;
    if (rc && rc != ARC_ENOTFOUND)
        return rc;
    arc_error_clear(err);
    bool known = arc_json_lists(repository->tags, tag);

    if (known && !here)
        return arc_error_set(err, ARC_EINPUT,
                             "the remote has a tag %s that is not in this clone, so its commit is "
                             "not known: git fetch origin tag %s, and check it out",
                             tag, tag);

    if (known || here || rehearsal || !arc_env_nonempty(project->env, "GITHUB_ACTIONS"))
        return ARC_OK;

    if (!repository->tags)
        return arc_error_set(err, ARC_EWORLD,
                             "%s is not in this clone, and whether there is such a tag is not "
                             "known: %s; check it out (`ref:` of actions/checkout)",
                             tag, repository->tags_unknown);

    return arc_error_set(
        err, ARC_EINPUT,
        "there is no tag %s: push it first (git push origin %s), or rehearse with --push=false",
        tag, tag);
}
