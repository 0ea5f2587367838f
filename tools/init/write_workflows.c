/* Writes the workflows, which call group-images.yml and group-release.yml. */
#include "init/sources.h"

/* The text as a YAML scalar. */
static const char *quote(struct init *init, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    init_add_scalar(&out, text);
    return init_hold(init, &out);
}

/* "OWNER/REPOSITORY/.github/workflows/NAME@COMMIT" */
static void add_use(const char *source, const char *name, struct arc_buf *out)
{
    int len = (int)strcspn(source, "@");
    arc_buf_printf(out, "    uses: %.*s/.github/workflows/%s%s\n", len, source, name, source + len);
}

/* Appends the call's inputs, and a login if the images are not on GHCR. */
static void add_login(const struct init_group *group, const char *with, struct arc_buf *out)
{
    bool own = strcmp(group->host, "ghcr.io") != 0;

    if (own || *with)
        arc_buf_printf(out, "    with:\n%s", with);

    if (own)
        arc_buf_printf(out,
                       "      registry: %s\n"
                       "    secrets: # of a login to it\n"
                       "      registry-username: ${{ secrets.REGISTRY_USERNAME }}\n"
                       "      registry-password: ${{ secrets.REGISTRY_PASSWORD }}\n",
                       group->host);
}

void init_write_images_workflow(struct init *init, const char *source, struct arc_buf *out)
{
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
        "permissions: {contents: read, pull-requests: write, packages: write, security-events: "
        "write, "
        "issues: write, statuses: write, id-token: write, attestations: write}\n\n"
        "concurrency:\n"
        "  group: images-${{ github.event.number || github.run_id }}\n"
        "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}\n\n"
        "jobs:\n",
        quote(init, init->branch));

    init_each_group (group, init) {
        const char *name = quote(init, group->name);
        if (group->is_train)
            continue; /* it builds nothing */
        arc_buf_printf(out, "  %s:\n", name);
        add_use(source, "group-images.yml", out);
        add_login(group,
                  init_print(init, "      group: %s\n      mode: ${{ inputs.mode }}\n", name), out);
    }
}

/* The length of the pattern's literal start. */
static size_t measure_start(const char *pattern)
{
    const char *end = strstr(pattern, "{version}");
    return end ? (size_t)(end - pattern) : strlen(pattern);
}

/* Appends an expression that tests for the pattern's literal start. */
static void add_test(const char *pattern, struct arc_buf *out)
{
    size_t len = measure_start(pattern);
    arc_buf_puts(out, "startsWith(github.ref_name, '");
    for (size_t i = 0; i < len; i++)
        arc_buf_printf(out, pattern[i] == '\'' ? "%c'" : "%c", pattern[i]);
    arc_buf_puts(out, "')");
}

/* Appends a condition that is true for this pattern's tags but not for those of groups with another
 * login, whose literal start may extend this one's, as "valkey-v" extends "" and "v". */
static void add_condition(const struct init *init, const struct init_group *group,
                          const char *pattern, struct arc_buf *out)
{
    size_t len = measure_start(pattern);

    arc_text_separate(out, " || ");
    add_test(pattern, out);

    init_each_group (other, init)
        for (char **tag = other->tags; tag && *tag && strcmp(group->host, other->host) != 0; tag++)
            if (strncmp(pattern, *tag, len) == 0 && !ARC_STARTS(*tag + len, "{version}")) {
                arc_buf_puts(out, " && !");
                add_test(*tag, out);
            }
}

/* Appends the job that releases the groups of one login; unless they are the only ones (`only`), with
 * a condition on the tag. */
static void add_release_job(struct init *init, const struct init_group *group, const char *source,
                            bool only, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf condition = {0};
    const char *with = "";

    init_each_group (other, init)
        for (char **tag = other->tags; tag && *tag && strcmp(group->host, other->host) == 0; tag++)
            add_condition(init, group, *tag, &condition);

    arc_buf_printf(out, "  %s:\n", quote(init, only ? "release" : group->name));
    if (!only)
        arc_buf_printf(out, "    if: %s\n", quote(init, init_hold(init, &condition)));
    add_use(source, "group-release.yml", out);
    if (init->fail_on && strcmp(init->fail_on, "CRITICAL") != 0)
        with = init_print(init, "      fail-on-severity: %s\n", init->fail_on);
    add_login(group, with, out);
}

void init_write_release_workflow(struct init *init, const char *source, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf filters = {0};
    bool only = true;

    init_each_group (group, init) {
        only = only && strcmp(init->groups->host, group->host) == 0;
        for (char **tag = group->tags; tag && *tag; tag++) {
            ARC_AUTO(arc_buf)
            struct arc_buf filter = {0}; /* a GitHub pattern: its special characters are escaped */
            size_t len = measure_start(*tag);
            for (size_t i = 0; i < len; i++)
                arc_buf_printf(&filter, strchr("+!()]", (*tag)[i]) ? "\\%c" : "%c", (*tag)[i]);
            arc_buf_puts(&filter, len && (*tag)[len - 1] == 'v' ? "*" : "[0-9]*");
            arc_text_item(&filters, ", ", "%s", quote(init, init_hold(init, &filter)));
        }
    }

    const char *tags = init_hold(init, &filters);
    if (!*tags)
        return;
    arc_buf_printf(
        out,
        "# Releases what a tag names: build, gate, public tags, GitHub release.\n"
        "name: release\n\n"
        "on: {push: {tags: [%s]}}\n\n"
        "permissions: {contents: write, pull-requests: read, packages: write, security-events: "
        "write, "
        "issues: write, id-token: write, attestations: write}\n\n"
        "concurrency: {group: release, cancel-in-progress: false, queue: max}\n\n"
        "jobs:\n",
        tags);

    init_each_group (group, init) {
        const struct init_group *first = init->groups;
        while (first != group && (!first->tags || strcmp(first->host, group->host) != 0))
            first = first->next;
        if (first == group && group->tags)
            add_release_job(init, group, source, only, out);
    }
}
