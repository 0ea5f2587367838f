#include "project/sparse.h"
#include "arcci/glob.h"
#include "config/graph.h"
#include "git/git.h"

struct looking {
    const struct arc_config *config;
    struct arc_error *err;
};

static bool is_service(const struct arc_config *config, const char *directory, size_t len)
{
    arc_each (group, config->groups, config->group_count)
        arc_each (service, group->services, group->service_count)
            if (service->directory && arc_text_is(directory, len, service->directory))
                return true;
    return false;
}

/* Refuses a file that is left out and would make a service. */
static int check_file(void *context, const char *path)
{
    const struct looking *looking = context;
    const struct arc_config *config = looking->config;

    arc_each (group, config->groups, config->group_count)
        arc_each (given, group->service_globs, group->service_glob_count) {
            ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
            size_t len = arc_service_directory(path, given->value);

            if (!len || is_service(config, path, len))
                continue;
            ARC_TRY(arc_glob_compile(given->name, strlen(given->name), &glob, looking->err));
            if (arc_glob_match(glob, path, len))
                return arc_error_set(looking->err, ARC_EINPUT,
                                     "services: '%s' matches %.*s, whose %s this sparse checkout "
                                     "leaves out: check out the services' directories "
                                     "('sparse-checkout' of actions/checkout), or all",
                                     given->name, (int)len, path, path + len + 1);
        }

    return ARC_OK;
}

int arc_project_check_sparse(const struct arc_git *git, const struct arc_config *config,
                             struct arc_error *err)
{
    struct looking looking = {config, err};

    arc_each (group, config->groups, config->group_count)
        if (group->service_glob_count)
            return arc_git_sparse(git, check_file, &looking, err);

    return ARC_OK;
}

static int note_any(void *context, const char *path)
{
    *(bool *)context = *path != '\0';
    return ARC_OK;
}

bool arc_project_is_sparse(const struct arc_git *git)
{
    bool any = false;
    return arc_git_sparse(git, note_any, &any, NULL) == ARC_OK && any;
}
