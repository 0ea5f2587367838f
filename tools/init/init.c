/* What a repository has, as a first configuration and workflows. */
#include "arcci/init.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"
#include "config/file_value.h"
#include "git/git.h"
#include "init/sources.h"
#include "init/steps.h"
#include "os/file.h"
#include "project/repository.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGES_PATH   ".github/workflows/arc-ci-images.yml"
#define RELEASE_PATH  ".github/workflows/arc-ci-release.yml"
#define ENV_MAX       1000
#define OWNER_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static void init_proposal_free(struct init_proposal *proposal)
{
    json_decref(proposal->git_tags);
    json_decref(proposal->dotenv);
    json_decref(proposal->dockerfile_names);
    json_decref(proposal->registries);
    json_decref(proposal->filters);
    json_decref(proposal->texts);
    json_decref(proposal->kept);
    json_decref(proposal->said);
    arc_arena_free(&proposal->arena);
}

/* ---- the repository ------------------------------------------------------------------------- */

static int add_file(void *context, const char *path)
{
    struct init_proposal *proposal = context;

    if (!arc_text_is_visible(path)) {
        init_ask(proposal, path, 0,
                 "skipped: its name is not UTF-8 or contains control characters");
        return ARC_OK;
    }

    char **slot =
        arc_arena_append(&proposal->arena, &proposal->files, &proposal->file_count, sizeof *slot);
    if (slot)
        *slot = arc_arena_text(&proposal->arena, path);

    return ARC_OK;
}

/* The names of the repository and its owner: the last parts of its page, else of its folder. */
static int read_names(const struct arc_project *project, struct init_proposal *proposal,
                      struct arc_error *err)
{
    struct arc_repository known = {0};
    int rc = arc_repository_read_source(project->git, project->env, &known, err);
    const char *path = known.source ? strstr(known.source, "://") : NULL;

    path = path ? strchr(path + 3, '/') : NULL;
    proposal->repository =
        arc_arena_text(&proposal->arena, init_base(path ? path : proposal->root));
    if (path && strchr(path + 1, '/')) {
        const char *owner = init_base(init_directory(proposal, path));
        proposal->owner = owner[strspn(owner, OWNER_LETTERS)] ? NULL : (char *)owner;
    }
    arc_repository_free(&known);

    return rc;
}

/* The default branch: the remote's, else the one that is checked out. */
static void read_branch(const struct arc_project *project, struct init_proposal *proposal)
{
    ARC_AUTO_FREE char *branch = NULL;
    struct arc_oid head;
    if (arc_git_origin_branch(project->git, &branch, NULL) || !branch)
        (void)arc_git_head(project->git, &head, &branch, NULL);
    bool usable =
        branch && *branch && strspn(branch, OWNER_LETTERS "/") == strlen(branch) && *branch != '-';
    proposal->branch = arc_arena_text(&proposal->arena, usable ? branch : "main");
}

/* NAME=VALUE lines of .env in the root, which Compose reads too. */
static void read_dotenv(struct init_proposal *proposal)
{
    const char *text = init_has_file(proposal, ".env") ? init_read(proposal, ".env") : NULL;
    struct arc_assignments reader = {.at = text};

    while (text && arc_assignments_next(&reader) && json_object_size(proposal->dotenv) < ENV_MAX) {
        char *value = init_cut(proposal, reader.value, reader.value_len);
        struct init_image image = {0};
        init_set(proposal, proposal->dotenv, init_cut(proposal, reader.name, reader.name_len),
                 json_string(value));
        if (strchr(value, '.') && strchr(value, '/') && !strstr(value, "://") &&
            init_take_reference(proposal, value, &image) && image.registries &&
            strncmp(image.registries[0], "docker.io/", 10) != 0)
            init_count_registry(proposal, image.registries[0]);
    }
}

/* The clone's tags; without any, as a job's checkout has it, the remote's. */
static int read_tags(struct arc_project *project, struct init_proposal *proposal,
                     struct arc_error *err)
{
    ARC_TRY(arc_git_tags(project->git, &proposal->git_tags, err));
    if (json_array_size(proposal->git_tags))
        return ARC_OK;
    ARC_TRY(arc_project_load_tags(project, err));

    if (project->repository.tags)
        json_array_extend(proposal->git_tags, project->repository.tags);
    else
        init_ask(proposal, NULL, 0, "which tags does the repository have? This clone has none: %s",
                 project->repository.tags_unknown);

    return ARC_OK;
}

static int read_repository(struct arc_project *project, struct init_proposal *proposal,
                           struct arc_error *err)
{
    static void (*const readers[])(struct init_proposal *) = {
        read_dotenv,           init_find_dockerfiles,   init_read_bake_files,
        init_read_workflows,   init_read_compose_files, init_read_scripts,
        init_read_dockerfiles, init_end_reading};
    json_t **const maps[] = {&proposal->dotenv,  &proposal->texts,
                             &proposal->said,    &proposal->registries,
                             &proposal->filters, &proposal->dockerfile_names};

    ARC_TRY(arc_project_open(project, err));
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        *maps[i] = init_made(proposal, json_object());
    proposal->kept = init_made(proposal, json_array());

    if (!project->git->worktree)
        return arc_error_set(err, ARC_EINPUT,
                             "this is a bare repository: there is no work tree to read");

    proposal->root = project->git->worktree;
    ARC_TRY(read_tags(project, proposal, err));
    ARC_TRY(arc_git_tracked(project->git, add_file, proposal, err));
    ARC_TRY(arc_arena_check(&proposal->arena, err));
    ARC_TRY(read_names(project, proposal, err));
    read_branch(project, proposal);

    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        readers[i](proposal);
        ARC_TRY(arc_arena_check(&proposal->arena, err));
    }

    if (!proposal->image_count && !proposal->group_count)
        return arc_error_set(
            err, ARC_ENOTFOUND,
            "%s has no image to release: git tracks no Dockerfile (or Containerfile) and "
            "no bake or compose file that builds one; add it with 'git add' if it is new",
            proposal->root);

    init_make_groups(proposal);

    return arc_arena_check(&proposal->arena, err);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* The proposal has to load. */
static int check_loads(const char *root, const struct arc_buf *text, struct arc_error *err)
{
    ARC_AUTO(arc_config) struct arc_config config = {0};
    int rc = arc_config_parse(root, text->data, text->len, &config, err);
    if (rc && rc != ARC_ENOMEM)
        return arc_error_prefix(err, "what init would propose does not load, please report it");
    return rc;
}

static int add_proposed(json_t *files, const char *path, const struct arc_buf *text,
                        struct arc_error *err)
{
    ARC_TRY(arc_buf_check(text, path, err));
    if (!text->len)
        return ARC_OK;
    if (json_array_append_new(files,
                              json_pack("{s:s, s:s}", "path", path, "text", arc_buf_text(text))))
        return arc_error_nomem(err);
    return ARC_OK;
}

static int propose_files(struct init_proposal *proposal, const char *source, json_t *files,
                         struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf config = {0}, images = {0}, release = {0};
    init_write_config(proposal, &config);
    ARC_TRY(arc_arena_check(&proposal->arena, err));
    ARC_TRY(arc_buf_check(&config, ARC_CONFIG_PATH, err));
    ARC_TRY(check_loads(proposal->root, &config, err));
    init_write_images_workflow(proposal, source, &images);
    init_write_release_workflow(proposal, source, &release);
    ARC_TRY(arc_arena_check(&proposal->arena, err));
    ARC_TRY(add_proposed(files, ARC_CONFIG_PATH, &config, err));
    ARC_TRY(add_proposed(files, IMAGES_PATH, &images, err));
    return add_proposed(files, RELEASE_PATH, &release, err);
}

/* Nothing is ever overwritten, not even a link that leads nowhere. */
static int check_absent(const char *root, const json_t *files, struct arc_error *err)
{
    size_t i;
    json_t *file;

    json_array_foreach (files, i, file) {
        const char *path = arc_json_text_of(file, "path");
        struct stat found;
        ARC_AUTO_FREE char *full = arc_file_join(root, path);
        if (!full)
            return arc_error_nomem(err);
        if (lstat(full, &found) == 0)
            return arc_error_set(
                err, ARC_EINPUT,
                "%s is there already, and init overwrites nothing: move it away to get a new "
                "proposal",
                path);
    }

    return ARC_OK;
}

/* Makes the folder, which is in the repository and no link; *made tells that it was not there. */
static int make_folder(const char *root, const char *path, bool *made, struct arc_error *err)
{
    ARC_AUTO_FREE char *full = arc_file_join(root, path);
    if (!full)
        return arc_error_nomem(err);
    *made = mkdir(full, 0777) == 0;
    if (!*made && errno != EEXIST)
        return arc_error_set(err, ARC_EWORLD, "cannot make the folder %s: %s", path,
                             strerror(errno));

    if (!arc_file_is_folder(full))
        return arc_error_set(err, ARC_EINPUT, "%s is not a folder of the repository", path);

    return ARC_OK;
}

static void take_back(const char *root, const char *path, int (*take)(const char *))
{
    ARC_AUTO_FREE char *full = arc_file_join(root, path);
    if (full)
        (void)take(full);
}

static int write_new(const char *root, const char *path, const char *text, struct arc_error *err)
{
    int fd = arc_file_open_in(root, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
    bool written = fd >= 0 && arc_file_write_all(fd, text, strlen(text));
    int why = errno;

    if (fd >= 0 && close(fd) != 0 && written) {
        written = false;
        why = errno;
    }

    if (written)
        return ARC_OK;
    if (fd >= 0)
        take_back(root, path, unlink);

    return arc_error_set(err, ARC_EWORLD, "cannot write %s: %s", path, strerror(why));
}

/* All or nothing: what was made is taken back when a later file cannot be written. */
static int write_files(const char *root, const json_t *files, struct arc_error *err)
{
    static const char *const folders[] = {".github", ".github/workflows"};
    bool made[2] = {false, false};
    size_t written = 0;
    int rc = make_folder(root, folders[0], &made[0], err);

    if (!rc)
        rc = make_folder(root, folders[1], &made[1], err);

    for (; !rc && written < json_array_size(files); written += !rc) {
        const json_t *file = json_array_get(files, written);
        rc = write_new(root, arc_json_text_of(file, "path"), arc_json_text_of(file, "text"), err);
    }

    if (!rc)
        return ARC_OK;

    while (written-- > 0)
        take_back(root, arc_json_text_of(json_array_get(files, written), "path"), unlink);

    for (size_t i = 2; i-- > 0;)
        if (made[i])
            take_back(root, folders[i], rmdir);

    return rc;
}

/* ---- the document --------------------------------------------------------------------------- */

static json_t *list_remarks(struct init_proposal *proposal, const struct init_remark *list,
                            size_t count)
{
    json_t *out = init_made(proposal, json_array());

    for (size_t i = 0; i < count; i++) {
        json_t *remark = json_pack("{s:s}", "text", init_remark_text(proposal, &list[i]));
        if (list[i].file)
            init_set(proposal, remark, "file", json_string(list[i].file));
        if (list[i].line)
            init_set(proposal, remark, "line", json_integer(list[i].line));
        init_push(proposal, out, remark);
    }

    return out;
}

static int check_source(const char *source, struct arc_error *err)
{
    const char *slash = source ? strchr(source, '/') : NULL,
               *at = slash ? strchr(slash, '@') : NULL;
    bool right = !source || (slash && at && slash > source && at > slash + 1 && at[1] &&
                             strspn(source, OWNER_LETTERS "/@") == strlen(source) &&
                             !strchr(slash + 1, '/') && !strchr(at + 1, '@'));

    return right
               ? ARC_OK
               : arc_error_set(err, ARC_EINPUT,
                               "'%s' does not say where the workflows are: OWNER/REPOSITORY@COMMIT",
                               source);
}

int arc_init(struct arc_project *project, const struct arc_init_options *options, json_t **out,
             struct arc_error *err)
{
    ARC_AUTO(init_proposal) struct init_proposal proposal = {0};
    ARC_AUTO_JSON json_t *files = json_array();

    ARC_TRY(check_source(options->source, err));
    ARC_TRY(read_repository(project, &proposal, err));

    if (!options->source)
        init_ask(
            &proposal, NULL, 0,
            "which commit of arc-ci should the workflows use? Replace COMMIT with its full hash, "
            "or pass --source");

    ARC_TRY(propose_files(
        &proposal, options->source ? options->source : ARC_OWN_REPOSITORY "@COMMIT", files, err));
    ARC_TRY(check_absent(proposal.root, files, err));
    ARC_AUTO_JSON json_t *document = init_made(
        &proposal,
        json_pack("{s:s, s:i, s:b, s:O, s:o, s:o}", "document", "init", "format", 1, "written",
                  options->write, "files", files, "found",
                  list_remarks(&proposal, proposal.found, proposal.found_count), "questions",
                  list_remarks(&proposal, proposal.questions, proposal.question_count)));
    ARC_TRY(arc_arena_check(&proposal.arena, err));
    if (options->write)
        ARC_TRY(write_files(proposal.root, files, err));
    *out = arc_steal(&document);
    return ARC_OK;
}
