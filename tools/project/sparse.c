#include "project/sparse.h"
#include "arcci/glob.h"
#include "base/text.h"
#include "config/graph.h"
#include "git/git.h"

/* The files that a sparse checkout leaves out and that make services. */
struct left_out {
    struct arc_arena memory;
    char **files;
    size_t count;
    struct arc_error *err;
};

static void left_out_free(struct left_out *out)
{
    arc_arena_free(&out->memory);
}

static int note_file(void *context, const char *path)
{
    struct left_out *out = context;
    if (arc_service_directory(path))
        ARC_APPEND(&out->memory, out->files, out->count, out->err,
                   arc_arena_text(&out->memory, path));
    return arc_arena_check(&out->memory, out->err);
}

static bool is_service(const struct arc_config *config, const char *directory, size_t len)
{
    arc_each (group, config->groups, config->group_count)
        arc_each (service, group->services, group->service_count)
            if (service->directory && arc_text_is(directory, len, service->directory))
                return true;
    return false;
}

static int check_glob(const struct arc_config *config, const char *pattern,
                      const struct left_out *out, struct arc_error *err)
{
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;

    ARC_TRY(arc_glob_compile(pattern, strlen(pattern), &glob, err));
    arc_each (file, out->files, out->count) {
        size_t len = arc_service_directory(*file);
        if (!arc_glob_match(glob, *file, len) || is_service(config, *file, len))
            continue;
        return arc_error_set(err, ARC_EINPUT,
                             "services: '%s' matches %.*s, whose %s this sparse checkout leaves "
                             "out: check out the services' directories ('sparse-checkout' of "
                             "actions/checkout), or all",
                             pattern, (int)len, *file, *file + len + 1);
    }

    return ARC_OK;
}

int arc_project_check_sparse(const struct arc_git *git, const struct arc_config *config,
                             struct arc_error *err)
{
    ARC_AUTO(left_out) struct left_out out = {.err = err};
    size_t globs = 0;

    arc_each (group, config->groups, config->group_count)
        globs += group->service_glob_count;
    if (!globs)
        return ARC_OK;

    ARC_TRY(arc_git_sparse(git, note_file, &out, err));
    arc_each (group, config->groups, config->group_count)
        for (size_t i = 0; i < group->service_glob_count; i++)
            ARC_TRY(check_glob(config, group->service_globs[i], &out, err));

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
