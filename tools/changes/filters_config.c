/* The services of the configuration as filters. */
#include "base/auto.h"
#include "changes/filters_build.h"
#include "git/git.h"
#include <string.h>

static int add_rule(struct arc_filters *filters, const char *pattern, unsigned line,
                    struct arc_error *err)
{
    int rc = arc_filters_add_rule(filters, ARC_STATUS_ANY, line, 0, err);
    if (!rc)
        rc = arc_filters_add_pattern(filters, pattern, err);
    return rc == ARC_EINPUT || rc == ARC_ELIMIT ? arc_error_prefix(err, "pattern '%s'", pattern)
                                                : rc;
}

static int add_rules(struct arc_filters *filters, char *const *patterns, unsigned line,
                     struct arc_error *err)
{
    int rc = ARC_OK;
    for (; !rc && *patterns; patterns++)
        rc = add_rule(filters, *patterns, line, err);
    return rc;
}

/* A directory (`below` "/" and two stars) or a file is a name, not a pattern: its special characters
 * stand for themselves. The repository's root is everything. */
static int add_name(struct arc_filters *filters, const char *name, const char *below, unsigned line,
                    struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf pattern = {0};
    if (strcmp(name, ".") == 0)
        return add_rule(filters, "**", line, err);
    for (const char *c = name; *c; c++) {
        if (strchr("\\*?[]{}()!+@|^$\"", *c))
            arc_buf_putc(&pattern, '\\');
        arc_buf_putc(&pattern, *c);
    }
    arc_buf_puts(&pattern, below);
    int rc = arc_buf_check(&pattern, "the directory of a service", err);
    return rc ? rc : add_rule(filters, pattern.data, line, err);
}

static bool known(const struct arc_filters *filters, const char *name)
{
    for (size_t i = 0; i < filters->count; i++)
        if (strcmp(filters->items[i].name, name) == 0)
            return true;
    return false;
}

static int add_service(struct arc_filters *filters, const struct arc_group *group,
                       const struct arc_service *service, struct arc_error *err)
{
    int rc = arc_filters_add(filters, service->codename, err);
    if (!rc)
        rc = add_name(filters, service->directory, "/**", service->line, err);
    size_t len = strlen(service->directory);
    bool is_outside = service->file && (strncmp(service->file, service->directory, len) != 0 ||
                                        service->file[len] != '/');
    if (!rc && is_outside)
        rc = add_name(filters, service->file, "", service->line, err);
    if (!rc)
        rc = add_rules(filters, service->paths, service->line, err);
    return rc ? rc : add_rules(filters, group->paths, group->line, err);
}

int arc_filters_of_config(const struct arc_config *config, struct arc_filters *out,
                          struct arc_error *err)
{
    *out = (struct arc_filters){.name = strdup(config->path), .from_config = true};
    int rc = out->name ? ARC_OK : arc_error_nomem(err);
    for (size_t g = 0; !rc && g < config->group_count; g++) {
        const struct arc_group *group = &config->groups[g];
        for (size_t s = 0; !rc && s < group->service_count; s++)
            if (!known(out, group->services[s].codename))
                rc = add_service(out, group, &group->services[s], err);
    }
    if (rc)
        arc_filters_free(out);
    return rc;
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
        return arc_error_prefix(err, "there are no filters (--filters)");
    return rc ? rc : arc_filters_of_config(&project->config, out, err);
}
