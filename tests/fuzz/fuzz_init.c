/* A repository that has never heard of arc-ci, as init reads it: Dockerfile, bake files, compose file, workflow, action,
 * .env, a file with a version, a Makefile and a shell script, in this order. What is proposed loads. */
#include "arcci/init.h"
#include "git/lib.h"
#include "world.h"
#include <fcntl.h>
#include <git2.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {"apps/a/Dockerfile",
                                    "docker-bake.hcl",
                                    "docker-bake.json",
                                    "compose.yaml",
                                    ".github/workflows/w.yml",
                                    ".github/actions/s/action.yml",
                                    ".env",
                                    "apps/a/package.json",
                                    "Makefile",
                                    "apps/build.sh"};

#define NAME_COUNT (sizeof names / sizeof *names)

static void write_file(const char *root, const char *name, const char *text, size_t len)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (write(fd, text, len) != (ssize_t)len || close(fd))
        abort();
}

/* An empty repository, made once, which tracks all of the names. */
static const char *repository(void)
{
    static char root[4096];
    static const char *const folders[] = {
        "apps", "apps/a", ".github", ".github/workflows", ".github/actions", ".github/actions/s"};
    git_repository *made = NULL;
    git_index *index = NULL;
    if (*root)
        return root;
    if (arc_git_start(NULL) || !world_folder(root, sizeof root) ||
        git_repository_init(&made, root, 0) || git_repository_index(&index, made))
        abort();

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        mkdir(path, 0700);
    }
    for (size_t i = 0; i < NAME_COUNT; i++) {
        write_file(root, names[i], "", 0);
        if (git_index_add_bypath(index, names[i]))
            abort();
    }
    if (git_index_write(index))
        abort();
    git_remote *remote = NULL;
    if (git_remote_create(&remote, made, "origin", "https://h/o/r"))
        abort();
    git_remote_free(remote);
    git_index_free(index);
    git_repository_free(made);
    return root;
}

static void use(unsigned choice)
{
    const char *root = repository();
    for (size_t i = 0; i < NAME_COUNT; i++) {
        size_t len = 0;
        const char *part = world_part(&len);
        write_file(root, names[i], part ? part : "", len);
    }

    const struct arc_env env = {
        .vars = (const char *const[]){"PATH=/nonexistent", "HOME=/nonexistent", NULL}, .cwd = root};
    ARC_AUTO(arc_project) struct arc_project project = {.env = &env};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *document = NULL;
    (void)choice;
    int rc = arc_init(&project, &(struct arc_init_options){0}, &document, &err);
    world_check(rc, &err);
    if (strstr(arc_error_text(&err), "please report"))
        abort();
}

FUZZ_WORLD(use)
