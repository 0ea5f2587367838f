/* Which services changed: what `arc-ci changes` finds out, called as a library. Prints one codename per line. */
#include <arcci/changes.h>
#include <arcci/filters.h>
#include <arcci/project.h>
#include <stdio.h>
#include <time.h>

extern char **environ;

int main(void)
{
    struct arc_env env = {.vars = (const char *const *)environ, .now = time(NULL)};
    struct arc_project project = {.env = &env};
    struct arc_filters filters = {0};
    struct arc_changes changes = {0};
    struct arc_error err = {0};

    int rc = arc_filters_find(&project, NULL, &filters, &err);
    if (!rc) {
        struct arc_changes_options options = {
            .filters = &filters, .config = &project.config, .fetch_depth = 100};
        rc = arc_changes(&project, &options, &changes, &err);
    }
    for (size_t i = 0; !rc && i < filters.count; i++)
        if (changes.results[i].matched)
            puts(filters.items[i].name);
    if (rc)
        fprintf(stderr, "changed: %s\n", arc_error_text(&err));

    arc_changes_free(&changes);
    arc_filters_free(&filters);
    arc_project_free(&project);
    arc_error_clear(&err);
    return arc_exit_status(rc);
}
