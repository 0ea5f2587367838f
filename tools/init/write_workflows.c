/* The texts of the workflows: callers of group-images.yml and group-release.yml. */
#include "base/auto.h"
#include "init/sources.h"
#include <string.h>

/* "OWNER/REPOSITORY/.github/workflows/NAME@COMMIT" */
static void add_use(const char *source, const char *name, struct arc_buf *out)
{
    int len = (int)strcspn(source, "@");
    arc_buf_printf(out, "    uses: %.*s/.github/workflows/%s%s\n", len, source, name, source + len);
}

/* The host of a group's first registry, where it is not GHCR: it has a login of its own. */
static const char *other_registry(const struct init_group *group, size_t *len)
{
    const char *registry = group->registry ? group->registry : "ghcr.io";
    if (group->count && group->images[0]->registries)
        registry = group->images[0]->registries[0];
    *len = strcspn(registry, "/");
    return *len == 7 && strncmp(registry, "ghcr.io", 7) == 0 ? NULL : registry;
}

static void add_login(const struct init_group *group, const char *with, struct arc_buf *out)
{
    size_t len;
    const char *registry = other_registry(group, &len);
    if (registry || *with)
        arc_buf_printf(out, "    with:\n%s", with);
    if (registry)
        arc_buf_printf(out,
                       "      registry: %.*s\n"
                       "    secrets: # of a login to it\n"
                       "      registry-username: ${{ secrets.REGISTRY_USERNAME }}\n"
                       "      registry-password: ${{ secrets.REGISTRY_PASSWORD }}\n",
                       (int)len, registry);
}

void init_write_images_workflow(const struct init_proposal *proposal, const char *source,
                                struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf branch = {0};
    init_add_scalar(&branch, proposal->branch);
    arc_buf_printf(
        out,
        "# Builds and reports what changed; publishes from the default branch only.\n"
        "name: images\n\n"
        "on:\n"
        "  push: {branches: [%s]}\n"
        "  pull_request:\n"
        "  merge_group:\n"
        "  schedule: [{cron: '41 4 * * 1'}] # what a run that failed or never started left behind\n"
        "  workflow_dispatch: {inputs: {mode: {type: choice, options: [ci, release]}}}\n\n"
        "permissions: {contents: read, pull-requests: write, packages: write, security-events: write, "
        "issues: write, statuses: write, id-token: write, attestations: write}\n\n"
        "concurrency:\n"
        "  group: images-${{ github.event.number || github.run_id }}\n"
        "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}\n\n"
        "jobs:\n",
        arc_buf_text(&branch));
    for (size_t i = 0; i < proposal->group_count; i++) {
        ARC_AUTO(arc_buf) struct arc_buf group = {0}, with = {0};
        if (proposal->groups[i]->is_train)
            continue; /* it builds nothing */
        init_add_scalar(&group, proposal->groups[i]->name);
        arc_buf_printf(out, "  %s:\n", arc_buf_text(&group));
        add_use(source, "group-images.yml", out);
        arc_buf_printf(&with, "      group: %s\n      mode: ${{ inputs.mode }}\n",
                       arc_buf_text(&group));
        add_login(proposal->groups[i], arc_buf_text(&with), out);
    }
}

/* A pattern of tags as GitHub's filter has it: what means something there is escaped. */
static void add_filter(const char *pattern, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf filter = {0};
    const char *end = strstr(pattern, "{version}"), *c = pattern;
    for (; *c && c != end; c++) {
        if (strchr("+!()]", *c))
            arc_buf_putc(&filter, '\\');
        arc_buf_putc(&filter, *c);
    }
    arc_buf_puts(&filter, c > pattern && c[-1] == 'v' ? "*" : "[0-9]*");
    init_add_scalar(out, arc_buf_text(&filter));
}

void init_write_release_workflow(const struct init_proposal *proposal, const char *source,
                                 struct arc_buf *out)
{
    size_t count = 0;
    ARC_AUTO(arc_buf) struct arc_buf filters = {0};
    for (size_t i = 0; i < proposal->group_count; i++)
        for (char **tag = proposal->groups[i]->tags; tag && *tag; tag++) {
            arc_buf_puts(&filters, count++ ? ", " : "");
            add_filter(*tag, &filters);
        }
    if (!count)
        return;
    arc_buf_printf(
        out,
        "# Releases what a tag names: build, gate, public tags, GitHub release.\n"
        "name: release\n\n"
        "on: {push: {tags: [%s]}}\n\n"
        "permissions: {contents: write, pull-requests: read, packages: write, security-events: write, "
        "issues: write, id-token: write, attestations: write}\n\n"
        "concurrency: {group: release, cancel-in-progress: false, queue: max}\n\n"
        "jobs:\n"
        "  release:\n",
        arc_buf_text(&filters));
    add_use(source, "group-release.yml", out);
    ARC_AUTO(arc_buf) struct arc_buf with = {0};
    if (proposal->fail_on && strcmp(proposal->fail_on, "CRITICAL") != 0)
        arc_buf_printf(&with, "      fail-on-severity: %s\n", proposal->fail_on);
    add_login(proposal->groups[0], arc_buf_text(&with), out);
}
