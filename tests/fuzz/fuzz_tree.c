/* The files of a pull request's tree, as lint and the configuration read them: arc-ci.yaml, service.yaml, Dockerfile,
 * compose file, workflow, action, lint settings with facts, and a make file, in this order. */
#include "arcci/config.h"
#include "arcci/filters.h"
#include "arcci/lint.h"
#include "config/graph.h"
#include "git/lib.h"
#include "project/inputs.h"
#include "world.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {".github/arc-ci.yaml",
                                    "services/a/service.yaml",
                                    "services/a/Dockerfile",
                                    "services/a/docker-compose.yml",
                                    ".github/workflows/w.yml",
                                    ".github/actions/s/action.yml",
                                    ".github/arc-ci-lint.yaml",
                                    "Makefile",
                                    "x.env"};

/* Writes the files where nothing else is. */
static const char *write_tree(void)
{
    static char root[4096];
    static const char *const folders[] = {".github",         ".github/workflows",
                                          ".github/actions", ".github/actions/s",
                                          "services",        "services/a"};
    char path[4200];
    if (!*root) {
        if (!world_folder(root, sizeof root) || arc_git_start(NULL)) /* once: it takes long */
            abort();
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
            snprintf(path, sizeof path, "%s/%s", root, folders[i]);
            mkdir(path, 0700);
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = 0;
        char *part = world_part(&len);
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        if (!part || !len) {
            unlink(path);
            continue;
        }
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (write(fd, part, len) != (ssize_t)len || close(fd))
            abort();
    }
    return root;
}

static void read_config(const char *root)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct arc_config config = {0};
    struct arc_filters filters = {0};
    int rc = arc_config_load(root, NULL, &config, &err);
    world_check(rc, &err);
    for (size_t i = 0; i < config.group_count; i++)
        for (size_t j = 0; j < config.groups[i].service_count; j++) {
            struct arc_inputs *inputs = NULL;
            if (arc_service_inputs(root, &config.groups[i], &config.groups[i].services[j], &inputs,
                                   NULL) == ARC_OK &&
                inputs) /* NULL: the context is a URL */
                arc_inputs_find(inputs, "services/a/x", 12);
            arc_inputs_free(&inputs);
        }
    if (!rc && arc_filters_of_config(root, &config, &filters, NULL) == ARC_OK)
        arc_filters_free(&filters);
    arc_config_free(&config);
}

static void use(unsigned choice)
{
    const char *root = write_tree();
    const struct arc_env env = {
        .vars = (const char *const[]){"PATH=/nonexistent", "GIT_DIR=/nonexistent", NULL},
        .cwd = root};
    ARC_AUTO(arc_project) struct arc_project project = {.env = &env};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *document = NULL;
    (void)choice;
    read_config(root);
    int rc = arc_lint(&project, NULL, &document, &err);
    world_check(rc, &err);
}

FUZZ_WORLD(use)
