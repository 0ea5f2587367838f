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

/* Another registry than GHCR has a login of its own. */
static void add_login(const struct init_proposal *proposal, struct arc_buf *out)
{
    if (proposal->login)
        arc_buf_puts(out, "    secrets:\n"
                          "      registry-username: ${{ secrets.REGISTRY_USERNAME }}\n"
                          "      registry-password: ${{ secrets.REGISTRY_PASSWORD }}\n");
}

void init_write_images_workflow(const struct init_proposal *proposal, const char *source,
                                struct arc_buf *out)
{
    arc_buf_puts(
        out,
        "# Builds and reports what changed; publishes from the default branch only.\n"
        "name: images\n\n"
        "on:\n"
        "  push: {branches: [main]}\n"
        "  pull_request:\n"
        "  merge_group:\n"
        "  schedule: [{cron: '41 4 * * 1'}] # what a run that failed or never started left behind\n"
        "  workflow_dispatch: {inputs: {mode: {type: choice, options: [ci, release]}}}\n\n"
        "permissions: {contents: read, pull-requests: write, packages: write, security-events: write, "
        "issues: write, statuses: write}\n\n"
        "concurrency:\n"
        "  group: images-${{ github.event.number || github.run_id }}\n"
        "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}\n\n"
        "jobs:\n");
    for (size_t i = 0; i < proposal->group_count; i++) {
        const char *group = proposal->groups[i]->name;
        arc_buf_printf(out, "  %s:\n", group);
        add_use(source, "group-images.yml", out);
        arc_buf_puts(out, "    with:\n");
        arc_buf_printf(out, "      group: %s\n      mode: ${{ inputs.mode }}\n", group);
        if (proposal->login)
            arc_buf_printf(out, "      registry: %s\n", proposal->login);
        add_login(proposal, out);
    }
}

/* A pattern of tags as GitHub's filter has it, quoted for YAML. */
static void add_filter(const char *pattern, struct arc_buf *out)
{
    const char *version = strstr(pattern, "{version}");
    size_t before = version ? (size_t)(version - pattern) : strlen(pattern);
    arc_buf_printf(out, "'%.*s%s*'", (int)before, pattern,
                   before && pattern[before - 1] == 'v' ? "" : "[0-9]");
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
        "permissions: {contents: write, packages: write, security-events: write, issues: write}\n\n"
        "concurrency: {group: release, cancel-in-progress: false, queue: max}\n\n"
        "jobs:\n"
        "  release:\n",
        arc_buf_text(&filters));
    add_use(source, "group-release.yml", out);
    if (proposal->login)
        arc_buf_printf(out, "    with:\n      registry: %s\n", proposal->login);
    add_login(proposal, out);
}
