/* What programs print: git, docker with buildx, and the helpers for its logins. The first byte chooses who asks. */
#include "base/json.h"
#include "build/run.h"
#include "config/described.h"
#include "git/diff.h"
#include "git/fetch.h"
#include "git/scratch.h"
#include "registry/docker_config.h"
#include "world.h"

static const char *const vars[] = {
    "PATH=/nonexistent", "HOME=/nonexistent", "CI=true",
    "DOCKER_AUTH_CONFIG={\"credHelpers\": {\"ghcr.io\": \"x\"}, \"credsStore\": \"x\"}", NULL};
static const struct arc_env env = {.vars = vars, .cwd = "/nonexistent"};

/* An empty repository, as libgit2 sees it; what git prints about it is the input's. */
static struct arc_git *repository(void)
{
    static struct arc_git git;
    static char folder[4096];
    git_repository *made = NULL;
    if (git.repo)
        return &git;
    if (arc_git_start(NULL) || !world_folder(folder, sizeof folder) ||
        git_repository_init(&made, folder, 0) || arc_git_open(&env, folder, &git, NULL))
        abort();
    git_repository_free(made);
    return &git;
}

static int on_path(void *context, const char *path, size_t len, enum arc_git_status status)
{
    (void)context, (void)status;
    return strlen(path) == len ? ARC_OK : ARC_EWORLD;
}

static int ask_git(unsigned choice, struct arc_error *err)
{
    struct arc_git *git = repository();
    static const struct arc_oid commit = {"0123456789abcdef0123456789abcdef01234567"};
    struct arc_git_diff diff = {.each = on_path};
    ARC_AUTO_JSON json_t *tags = NULL, *renames = NULL;
    ARC_AUTO_FREE char *tag = NULL;
    struct arc_oid found;
    bool limited;
    git->scratch->allowed = false;
    json_decref(git->scratch->tags);
    git->scratch->tags = NULL;
    if (choice == 0)
        return arc_git_diff_worktree(git, &diff, true, err);
    if (choice == 1)
        return arc_git_nearest_tag(git, &commit, "g/v1.0.0", &tag, err);
    if (choice == 2) {
        ARC_TRY(arc_git_all_tags(git, &tags, err));
        arc_git_tag_commit(git, "g/v1.0.0", &found, NULL);
        return ARC_OK;
    }
    ARC_TRY(arc_git_find_renames(git, &commit, &commit, &renames, &limited, err));
    arc_json_each_pair (name, old, renames)
        if (!json_is_string(old))
            abort();
    return ARC_OK;
}

static int read_bake_file(struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    const struct arc_loading l = {.root = "/nonexistent", .memory = &memory, .err = err};
    static char name[] = "g", file[] = "docker-bake.hcl";
    char *files[] = {file, NULL}, *none[] = {NULL};
    struct arc_group group = {.name = name, .described = {.files = files}, .registries = none};
    return arc_described_resolve(&l, &env, &group, NULL);
}

static int ask_docker(unsigned choice, struct arc_error *err)
{
    struct arc_build_options options = {.env = &env, .builder = "b"};
    ARC_AUTO(arc_login) struct arc_login login = {0};
    ARC_AUTO(arc_buf) struct arc_buf why = {0};
    bool engine;
    if (choice == 0)
        return arc_build_is_engine(&options, &engine, err);
    if (choice == 1)
        return read_bake_file(err);
    if (choice == 2) {
        arc_build_explain_foreign(&options, "linux/arm64", &why);
        return why.len ? ARC_OK : ARC_EFAILED;
    }
    return arc_docker_login(&env, "ghcr.io", NULL, NULL, &login, err);
}

static void use(unsigned choice)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    int rc = choice % 8 < 4 ? ask_git(choice % 4, &err) : ask_docker(choice % 4, &err);
    world_check(rc, &err);
}

FUZZ_WORLD(use)
