/* Turns the configuration's services into filters. */
#include "base/path.h"
#include "base/text.h"
#include "base/warn.h"
#include "changes/filters_build.h"
#include "config/build.h"
#include "git/git.h"
#include "os/file.h"
#include "project/inputs.h"
#include <limits.h>
#include <unistd.h>

#define LINKS_MAX 40       /* as Linux does */
#define BELOW     "/\x2a*" /* all below a path; no tool shall see a comment in it */

static int add_rules(struct arc_filters *filters, char *const *patterns, unsigned line,
                     struct arc_error *err)
{
    for (; *patterns; patterns++) {
        int rc = arc_filters_add_rule(filters, ARC_STATUS_ANY, line, 0, err);
        if (!rc)
            rc = arc_filters_add_pattern(filters, *patterns, err);
        if (rc == ARC_EINPUT || rc == ARC_ELIMIT)
            return arc_error_prefix(err, "pattern '%s'", *patterns);
        ARC_TRY(rc);
    }
    return ARC_OK;
}

/* Adds a pattern to the last rule: a path and what is behind it; "." is the root. */
static int add_file(struct arc_filters *filters, const char *path, const char *more,
                    struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf pattern = {0};
    bool is_root = strcmp(path, ".") == 0 && *more == '/';

    if (!is_root)
        arc_path_to_glob(&pattern, path);
    arc_buf_puts(&pattern, more + is_root);
    ARC_TRY(arc_buf_check(&pattern, "a path", err));

    return arc_filters_add_pattern(filters, arc_buf_text(&pattern), err);
}

/* The same as a rule of its own. */
static int add_path(struct arc_filters *filters, const char *path, const char *more, unsigned line,
                    struct arc_error *err)
{
    ARC_TRY(arc_filters_add_rule(filters, ARC_STATUS_ANY, line, 0, err));
    return add_file(filters, path, more, err);
}

int arc_filters_add_folder(struct arc_filters *filters, const char *name, const char *folder,
                           struct arc_error *err)
{
    ARC_TRY(arc_filters_add(filters, name, err));
    return add_path(filters, folder, BELOW, 0, err);
}

/* Adds the links on the way to a path to the last rule, since a changed link moves the path. */
static int add_links(struct arc_filters *filters, const char *root, const char *path,
                     unsigned depth, struct arc_error *err)
{
    char to[PATH_MAX];
    size_t len = 0;

    do {
        len += strcspn(path + len, "/");
        ARC_AUTO_FREE char *link = strndup(path, len);
        ARC_AUTO_FREE char *full = link ? arc_file_join(root, link) : NULL;
        ARC_TRY_ALLOC(full, err);
        ssize_t got = readlink(full, to, sizeof to);
        if (got < 0 || got == sizeof to)
            continue;

        ARC_AUTO(arc_buf) struct arc_buf whole = {0};
        ARC_AUTO_FREE char *next = NULL;
        if (depth || path[len]) /* the path itself exists */
            ARC_TRY(add_file(filters, link, "", err));
        arc_buf_printf(&whole, "%.*s%s", (int)got, to, path + len);
        ARC_TRY(arc_buf_check(&whole, "a path", err));
        link[arc_path_name(link) - link] = '\0';
        ARC_TRY(arc_path_resolve(link, whole.data, &next, err));

        return next && depth < LINKS_MAX ? add_links(filters, root, next, depth + 1, err) : ARC_OK;
    } while (path[len++]);

    return ARC_OK;
}

/* Adds patterns to the last rule: everything in a context, and its real path. */
static int add_context(struct arc_filters *filters, const char *root, const char *context,
                       struct arc_error *err)
{
    ARC_AUTO_FREE char *real = arc_file_follow(root, context);
    ARC_TRY(add_file(filters, context, BELOW, err));
    return real ? add_file(filters, real, BELOW, err) : ARC_OK;
}

/* Adds one rule for all places of files that the image may depend on, of which only those count that
 * the Dockerfile reads; without one, the whole context. */
static int add_inputs(struct arc_filters *filters, const char *root, const struct arc_group *group,
                      const struct arc_service *service, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    struct arc_inputs *inputs = NULL;
    int rc = arc_service_inputs(root, group, service, &inputs, &why);

    if (rc && rc != ARC_ENOTFOUND)
        return arc_error_set(err, rc, "service '%s': %s", service->codename, arc_error_text(&why));

    if (rc && !arc_service_waits(root, group, service))
        ARC_TRY(arc_warn(&filters->warnings, err, "service '%s': %s; its whole context counts",
                         service->codename, arc_error_text(&why)));
    if (!rc && !inputs) /* a remote context */
        return ARC_OK;

    const struct arc_recipe *build = &service->build;
    const char *link;
    rc = arc_filters_add_rule(filters, ARC_STATUS_ANY, service->line, 0, err);
    if (rc) {
        arc_inputs_free(&inputs);
        return rc;
    }
    filters->rules[filters->rule_count - 1].inputs = inputs;
    ARC_TRY(add_context(filters, root, build->context, err));

    if (build->dockerfile) {
        ARC_TRY(add_file(filters, build->dockerfile, "", err));
        ARC_TRY(add_file(filters, build->dockerfile, ".dockerignore", err));
    }

    for (size_t at = 0; inputs && (link = arc_inputs_next_link(inputs, &at));)
        ARC_TRY(add_file(filters, link, "", err));
    for (const struct arc_pair *more = build->additional_contexts; more && more->name; more++)
        if (!strchr(more->value, ':')) /* "target:base", "docker-image://…" */
            ARC_TRY(add_context(filters, root, more->value, err));

    return ARC_OK;
}

/* Adds the target of a path with a suffix, if it is a link. */
static int add_linked(struct arc_filters *filters, const char *root, const char *path,
                      const char *more, unsigned line, struct arc_error *err)
{
    ARC_AUTO_FREE char *whole = NULL;
    ARC_TRY(arc_text_print(&whole, err, "%s%s", path, more));
    ARC_AUTO_FREE char *real = arc_file_follow(root, whole);
    return real ? add_path(filters, real, "", line, err) : ARC_OK;
}

/* Adds a whole directory, and the Dockerfile and its ignore file, unless they are in it, and what is
 * behind links. */
static int add_directory(struct arc_filters *filters, const char *root,
                         const struct arc_service *service, struct arc_error *err)
{
    static const char ignore[] = ".dockerignore";
    ARC_AUTO_FREE char *real = arc_file_follow(root, service->directory);
    const char *dockerfile = service->build.dockerfile;

    ARC_TRY(add_path(filters, service->directory, BELOW, service->line, err));
    ARC_TRY(add_links(filters, root, service->directory, 0, err));
    if (real)
        ARC_TRY(add_path(filters, real, BELOW, service->line, err));

    if (dockerfile && !arc_path_below(service->directory, dockerfile)) {
        ARC_TRY(add_path(filters, dockerfile, "", service->line, err));
        ARC_TRY(add_file(filters, dockerfile, ignore, err));
        ARC_TRY(add_links(filters, root, dockerfile, 0, err));
    }

    if (dockerfile) {
        ARC_TRY(add_linked(filters, root, dockerfile, "", service->line, err));
        ARC_TRY(add_linked(filters, root, dockerfile, ignore, service->line, err));
    }

    return add_linked(filters, root, service->directory, "/.dockerignore", service->line, err);
}

/* Adds a file that defines the service or contains a value of it, and its link target. */
static int add_definition(struct arc_filters *filters, const char *root, const char *path,
                          unsigned line, struct arc_error *err)
{
    ARC_AUTO_FREE char *real = arc_file_follow(root, path);
    ARC_TRY(add_path(filters, path, "", line, err));
    filters->rules[filters->rule_count - 1].defines = true;
    if (real)
        ARC_TRY(add_file(filters, real, "", err));
    return add_links(filters, root, path, 0, err);
}

static int add_service(struct arc_filters *filters, const char *root, const struct arc_group *group,
                       const struct arc_service *service, struct arc_error *err)
{
    ARC_TRY(arc_filters_add(filters, service->codename, err));

    if (service->derive_inputs) /* these follow links themselves */
        ARC_TRY(add_inputs(filters, root, group, service, err));
    else
        ARC_TRY(add_directory(filters, root, service, err));

    /* Folders of additional contexts of which no part can be told: OCI layouts, and all if the
     * Dockerfile is elsewhere. */
    const struct arc_pair *more = service->build.additional_contexts;
    for (; more && more->name; more++) {
        const char *folder = arc_context_layout(more->value, &filters->memory);
        if (!folder && arc_context_is_remote(service->build.context) &&
            !arc_context_is_remote(more->value))
            folder = more->value;
        if (folder)
            ARC_TRY(add_path(filters, folder, BELOW, service->line, err));
    }

    if (service->file &&
        (service->derive_inputs || !arc_path_below(service->directory, service->file)))
        ARC_TRY(add_path(filters, service->file, "", service->line, err));

    if (service->file)
        ARC_TRY(add_linked(filters, root, service->file, "", service->line, err));

    ARC_TRY(add_rules(filters, service->paths, service->line, err));
    ARC_TRY(add_rules(filters, group->paths, group->line, err));

    for (char **file = group->described.read; file && *file; file++)
        ARC_TRY(add_definition(filters, root, *file, service->line, err));
    arc_each (place, service->build.places, service->build.place_count)
        ARC_TRY(add_definition(filters, root, place->file, service->line, err));

    return ARC_OK;
}

int arc_filters_of_config(const char *root, const struct arc_config *config,
                          struct arc_filters *out, struct arc_error *err)
{
    *out = (struct arc_filters){.from_config = true};
    out->name = arc_arena_text(&out->memory, config->path);
    ARC_TRY(arc_or_free(arc_filters, out, arc_arena_check(&out->memory, err)));

    arc_each (group, config->groups, config->group_count)
        arc_each (service, group->services, group->service_count)
            if (arc_filters_index(out, service->codename, strlen(service->codename)) == SIZE_MAX)
                ARC_TRY(arc_or_free(arc_filters, out, add_service(out, root, group, service, err)));

    return ARC_OK;
}

int arc_filters_find(struct arc_project *project, const char *input, struct arc_filters *out,
                     struct arc_error *err)
{
    *out = (struct arc_filters){0};
    if (input)
        return arc_filters_load(project->env->cwd, input, out, err);

    ARC_TRY(arc_project_open(project, err));

    if (!project->git->worktree)
        return arc_error_set(err, ARC_EINPUT,
                             "there are no filters: '%s' is a bare repository without a "
                             "configuration; give --filters",
                             project->git->gitdir);

    int rc = arc_project_load_config(project, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_prefix(err, "there are no filters: give --filters, or a configuration");
    if (rc)
        return rc;

    return arc_filters_of_config(arc_project_root(project), &project->config, out, err);
}
