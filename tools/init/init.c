/* Proposes a first configuration and workflows from what a repository contains. */
#include "arcci/init.h"
#include "base/own.h"
#include "git/git.h"
#include "init/sources.h"
#include "os/file.h"
#include "os/new_files.h"
#include "project/repository.h"
#include <sys/stat.h>

#define IMAGES_PATH   ".github/workflows/arc-ci-images.yml"
#define RELEASE_PATH  ".github/workflows/arc-ci-release.yml"
#define ENV_MAX       1000
#define OWNER_LETTERS ARC_ALNUM "._-"

static void init_free(struct init *init)
{
    json_decref(init->git_tags);
    json_decref(init->kept);
    arc_arena_free(&init->arena);
}

/* ---- the repository ------------------------------------------------------------------------- */

static int add_file(void *context, const char *path)
{
    struct init *init = context;

    if (!arc_text_is_visible(path)) {
        init_ask(init, arc_arena_utf8(&init->arena, path), 0,
                 "skipped: its name is not UTF-8 or contains control characters");
        return ARC_OK;
    }

    char **slot = arc_arena_append(&init->arena, &init->files, &init->file_count, sizeof *slot);
    if (slot)
        *slot = arc_arena_text(&init->arena, path);

    return ARC_OK;
}

/* The repository's owner and name, from its URL, else from its folder. */
static int read_names(const struct arc_project *project, struct init *init, struct arc_error *err)
{
    struct arc_repository known = {0};
    int rc = arc_repository_read_source(project->git, &known, err);
    const char *path = arc_url_path(known.source);

    init->repository = arc_arena_text(&init->arena, arc_path_name(arc_or(path, init->root)));
    if (path && strchr(path, '/')) {
        const char *owner = arc_path_name(init_directory(init, path));
        init->owner = !*owner || owner[strspn(owner, OWNER_LETTERS)] ? NULL : (char *)owner;
    }
    arc_repository_free(&known);

    return rc;
}

/* Reads .env in the root, as Compose does. */
static void read_dotenv(struct init *init)
{
    const char *text = init_has_file(init, ".env") ? init_read(init, ".env") : NULL;
    struct arc_assignments reader = {.at = text};

    while (text && arc_assignments_next(&reader) && json_object_size(init->dotenv) < ENV_MAX) {
        char *value = init_cut(init, reader.value, reader.value_len);
        struct init_image image = {0};
        init_set(init, init->dotenv, init_cut(init, reader.name, reader.name_len),
                 json_string(value));
        if (strchr(value, '.') && strchr(value, '/') && !strstr(value, "://") &&
            init_take_reference(init, value, &image) && image.registries &&
            (init->owner
                 ? init_is_owner(init, image.registries[0]) /* not a base image or an address */
                 : !ARC_STARTS(image.registries[0], "docker.io/")))
            init_count_registry(init, image.registries[0]);
    }
}

/* The clone's tags or, if it has none (the checkout of a job), the remote's. */
static int read_tags(struct arc_project *project, struct init *init, struct arc_error *err)
{
    init->git = project->git;
    ARC_TRY(arc_git_tags(project->git, NULL, &init->git_tags, err));
    if (json_array_size(init->git_tags))
        return ARC_OK;
    ARC_TRY(arc_project_load_tags(project, err));

    if (project->repository.tags)
        json_array_extend(init->git_tags, project->repository.tags);
    else
        init_ask(init, NULL, 0, "which tags does the repository have? They are unknown: %s",
                 project->repository.tags_unknown);

    return ARC_OK;
}

/* Asks about build descriptions of other tools, which are not read, if nothing else says what is
 * published. */
static void ask_unread(struct init *init)
{
    static const char *const names[] = {
        ".gitlab-ci.yml", "Jenkinsfile",     "Earthfile",   "skaffold.yaml",
        "Tiltfile",       ".drone.yml",      ".drone.star", ".circleci/config.yml",
        ".travis.yml",    "cloudbuild.yaml", "werf.yaml",   "azure-pipelines.yml",
        ".woodpecker",    ".woodpecker.yml", "justfile",    "Taskfile.yml",
        "Taskfile.yaml"};

    arc_each_in (name, names)
        if (!init->pushes && !init->groups &&
            (init_has_file(init, *name) || init_has_directory(init, *name)))
            init_ask(init, *name, 0,
                     "which names, tags and platforms does it give to images? It is not read");
}

/* Reads the files, most authoritative kind first. */
static int read_files(struct init *init, struct arc_error *err)
{
    static void (*const readers[])(struct init *) = {read_dotenv,
                                                     init_find_dockerfiles,
                                                     init_read_workflows,
                                                     init_read_goreleaser,
                                                     init_end_workflows,
                                                     init_read_bake_files,
                                                     init_read_compose_files,
                                                     init_read_scripts,
                                                     init_read_dockerfiles,
                                                     ask_unread,
                                                     init_end_reading};

    arc_each_in (read, readers) {
        (*read)(init);
        ARC_TRY(arc_arena_check(&init->arena, err));
    }

    if (!init->images && !init->groups)
        return arc_error_set(
            err, ARC_ENOTFOUND,
            "%s has no image to release: git tracks no Dockerfile (or Containerfile) and "
            "no bake or compose file that builds one; add it with 'git add' if it is new. Images of "
            "Nix, ko, Jib and buildpacks have none, and arc-ci builds neither these nor those "
            "for Windows",
            init->root);

    return ARC_OK;
}

static int read_repository(struct arc_project *project, struct init *init, struct arc_error *err)
{
    ARC_AUTO_FREE char *branch = NULL;
    struct arc_oid head;
    json_t **const maps[] = {&init->dotenv,           &init->texts,   &init->said,
                             &init->registries,       &init->filters, &init->bakes,
                             &init->places,           &init->called,  &init->published,
                             &init->dockerfile_names, &init->named,   &init->joined,
                             &init->bake_values,      &init->aside};

    ARC_TRY(arc_project_open(project, err));
    init->kept = init_made(init, json_array());
    arc_each_in (map, maps)
        **map = init_keep(init, json_object());

    if (!project->git->worktree)
        return arc_error_set(err, ARC_EINPUT,
                             "this is a bare repository: there is no work tree to read");

    init->root = project->git->worktree;
    ARC_TRY(read_tags(project, init, err));
    ARC_TRY(arc_git_tracked(project->git, add_file, init, err));
    ARC_TRY(arc_arena_check(&init->arena, err));
    ARC_TRY(read_names(project, init, err));

    if (arc_git_remote_head(project->git, &branch, NULL) || !branch)
        (void)arc_git_head(project->git, &head, &branch, NULL);
    bool usable =
        branch && *branch && strspn(branch, OWNER_LETTERS "/") == strlen(branch) && *branch != '-';
    init->branch = arc_arena_text(&init->arena, usable ? branch : "main");

    ARC_TRY(read_files(init, err));
    init_make_groups(init);

    return arc_arena_check(&init->arena, err);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Makes the files' texts and checks that they load. Empty ones are not proposed. */
static int propose_files(struct init *init, const char *source, json_t *files,
                         struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf config = {0}, images = {0}, release = {0};
    ARC_AUTO(arc_config) struct arc_config loaded = {0};
    const struct {
        const char *path;
        const struct arc_buf *text;
    } made[] = {{ARC_CONFIG_PATH, &config}, {IMAGES_PATH, &images}, {RELEASE_PATH, &release}};

    init_write_config(init, &config);
    init_write_images_workflow(init, source, &images);
    init_write_release_workflow(init, source, &release);
    ARC_TRY(arc_arena_check(&init->arena, err));

    arc_each_in (file, made) {
        ARC_TRY(arc_buf_check(file->text, file->path, err));
        if (file->text->len)
            ARC_TRY(arc_json_append(
                files,
                json_pack("{s:s, s:s}", "path", file->path, "text", arc_buf_text(file->text)),
                err));
    }

    int rc = arc_config_parse(init->root, config.data, config.len, &loaded, err);
    if (rc && rc != ARC_ENOMEM)
        return arc_error_prefix(err, "init's proposal is not valid; please report this");

    return rc;
}

/* ---- the document --------------------------------------------------------------------------- */

static json_t *list_remarks(struct init *init, const struct init_remarks *list)
{
    json_t *out = init_made(init, json_array());

    arc_each (remark, list->items, list->count) {
        json_t *item = init_made(init, json_object());
        init_set_text(init, item, "text", init_remark_text(init, remark));
        if (remark->file)
            init_set_text(init, item, "file", remark->file);
        if (remark->line)
            init_set(init, item, "line", json_integer(remark->line));
        init_push(init, out, item);
    }

    return out;
}

int arc_init(struct arc_project *project, const struct arc_init_options *options, json_t **out,
             struct arc_error *err)
{
    const char *source = options->source, *slash = source ? strchr(source, '/') : NULL;
    const char *at = slash ? strchr(slash, '@') : NULL;
    ARC_AUTO(init) struct init init = {0};
    ARC_AUTO_JSON json_t *files = json_array();

    if (source && !(slash && at && slash > source && at > slash + 1 && at[1] &&
                    strspn(source, OWNER_LETTERS "/@") == strlen(source) &&
                    !strchr(slash + 1, '/') && !strchr(at + 1, '@')))
        return arc_error_set(err, ARC_EINPUT,
                             "'%s' does not name the workflows' repository: "
                             "OWNER/REPOSITORY@COMMIT",
                             source);

    ARC_TRY(read_repository(project, &init, err));

    if (!source)
        init_ask(
            &init, NULL, 0,
            "which commit of arc-ci should the workflows use? Replace COMMIT with its full hash, "
            "or pass --source");

    ARC_TRY(propose_files(&init, source ? source : ARC_OWN_REPOSITORY "@COMMIT", files, err));
    arc_json_each (file, files) { /* not even a dangling symbolic link is overwritten */
        const char *path = arc_json_text_of(file, "path");
        struct stat found;
        if (lstat(init_join(&init, init.root, path), &found) == 0)
            return arc_error_set(
                err, ARC_EINPUT,
                "%s already exists, and init does not overwrite files: move it away to get a new "
                "proposal",
                path);
    }
    ARC_AUTO_JSON json_t *document =
        init_made(&init, json_pack("{s:s, s:i, s:b, s:O, s:o, s:o}", "document", "init", "format",
                                   1, "written", options->write, "files", files, "found",
                                   list_remarks(&init, &init.found), "questions",
                                   list_remarks(&init, &init.questions)));
    ARC_TRY(arc_arena_check(&init.arena, err));
    if (options->write)
        ARC_TRY(arc_files_make(init.root, files, err));
    *out = arc_steal(&document);
    return ARC_OK;
}
