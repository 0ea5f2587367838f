#include "project/sparse.h"
#include "arcci/glob.h"
#include "base/path.h"
#include "base/text.h"
#include "git/git.h"

/* One glob of a group, to compare with what a sparse checkout leaves out. */
struct sparse {
    const struct arc_config *config;
    struct arc_glob *glob;
    const char *pattern;
    struct arc_error *err;
};

static int check_left_out(void *context, const char *path)
{
    const struct sparse *sparse = context;
    const char *name = arc_path_name(path);
    size_t len = name > path ? (size_t)(name - path) - 1 : 0;

    if (!ARC_AMONG(name, "service.yaml", "Dockerfile") || !arc_glob_match(sparse->glob, path, len))
        return ARC_OK;

    arc_each (group, sparse->config->groups, sparse->config->group_count)
        arc_each (service, group->services, group->service_count)
            if (service->directory && arc_text_is(path, len, service->directory))
                return ARC_OK;

    return arc_error_set(sparse->err, ARC_EINPUT,
                         "services: '%s' matches %.*s, whose %s this sparse checkout leaves out: "
                         "check out the services' directories ('sparse-checkout' of "
                         "actions/checkout), or all",
                         sparse->pattern, (int)len, path, name);
}

int arc_project_check_sparse(const struct arc_git *git, const struct arc_config *config,
                             struct arc_error *err)
{
    arc_each (group, config->groups, config->group_count)
        for (size_t i = 0; i < group->service_glob_count; i++) {
            const char *pattern = group->service_globs[i];
            ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
            ARC_TRY(arc_glob_compile(pattern, strlen(pattern), &glob, err));
            struct sparse sparse = {config, glob, pattern, err};
            ARC_TRY(arc_git_sparse(git, check_left_out, &sparse, err));
        }

    return ARC_OK;
}
