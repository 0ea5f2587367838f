/* Whether the work tree is the commit that a plan is about, without changes. */
#include "arcci/glob.h"
#include "arcci/project.h"
#include "base/json.h"
#include "config/build.h"
#include "git/diff.h"

#define SHOWN_MAX 5

struct count {
    char *const *generated; /* globs of files that may differ; or NULL */
    char *const *read;      /* files that docker's files read, ignored by git or not; or NULL */
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
    bool decides =
        standing == ARC_GIT_IS_IGNORED && !count->known_only && arc_texts_have(count->read, path);

    if (decides)
        standing = ARC_GIT_NEW;
    if (standing == ARC_GIT_IS_IGNORED || standing == ARC_GIT_LFS_POINTER ||
        (standing == ARC_GIT_NEW && count->known_only) || (len && path[len - 1] == '/') ||
        arc_glob_any(count->generated, path))
        return ARC_OK;

    if (count->files++ < SHOWN_MAX)
        arc_text_item(count->out, ", ", "%.200s %s", path, words[standing]);

    return ARC_OK;
}

/* Adds a path of the configuration; ignores NULL and paths that leave the repository. */
static int add_path(const char *root, const char *path, struct arc_arena *memory, char ***out,
                    struct arc_error *err)
{
    if (!path || *path == '/' || ARC_STARTS(path, ".."))
        return ARC_OK;
    return arc_place_add(root, path, memory, out, err);
}

/* Appends the files of the configuration and, with `contexts`, of the services that differ from the
 * commit. */
static int list_dirty(struct arc_project *project, const struct arc_oid *commit, bool contexts,
                      struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    const struct arc_group *group = project->group;
    const char *root = project->git->worktree;
    struct count count = {.generated = group->generated,
                          .read = group->described.read,
                          .known_only = !contexts,
                          .out = out};
    char **paths = NULL;

    ARC_TRY(add_path(root, project->config.path, &memory, &paths, err));
    ARC_TRY(add_path(root, group->notes_template, &memory, &paths, err));
    for (char **file = arc_or(group->described.read, group->described.files); file && *file; file++)
        ARC_TRY(add_path(root, *file, &memory, &paths, err));

    arc_each (service, group->services, group->service_count) {
        const struct arc_recipe *build = &service->build;
        ARC_TRY(add_path(root, service->file, &memory, &paths, err));
        ARC_TRY(add_path(root, service->version_file, &memory, &paths, err));
        for (char **file = build->files; file && *file; file++)
            ARC_TRY(add_path(root, *file, &memory, &paths, err));
        if (contexts)
            ARC_TRY(arc_recipe_places(root, build->context, build->dockerfile,
                                      build->additional_contexts, &memory, &paths, err));
    }

    if (paths)
        ARC_TRY(arc_git_compare_worktree(project->git, commit, (const char *const *)paths, add_file,
                                         &count, err));

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
                             "tags/%s (in a workflow: `ref:` of actions/checkout)",
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
        "there is no tag %s: push it first (git push origin tag %s), or rehearse with --push=false",
        tag, tag);
}
