/* The texts of the workflows: callers of group-images.yml and group-release.yml. */
#include "base/auto.h"
#include "init/sources.h"
#include <string.h>

/* A text as a scalar of YAML. */
static const char *quote(struct init_proposal *proposal, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    init_add_scalar(&out, text);
    return init_hold(proposal, &out);
}

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

void init_write_images_workflow(struct init_proposal *proposal, const char *source,
                                struct arc_buf *out)
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
        quote(proposal, proposal->branch));

    for (size_t i = 0; i < proposal->group_count; i++) {
        const char *name = quote(proposal, proposal->groups[i]->name);
        if (proposal->groups[i]->is_train)
            continue; /* it builds nothing */
        arc_buf_printf(out, "  %s:\n", name);
        add_use(source, "group-images.yml", out);
        add_login(proposal->groups[i],
                  arc_arena_printf(&proposal->arena,
                                   "      group: %s\n      mode: ${{ inputs.mode }}\n", name),
                  out);
    }
}

/* A pattern of tags as GitHub's filter has it: what means something there is escaped. */
static void add_filter(struct init_proposal *proposal, const char *pattern, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf filter = {0};
    const char *end = strstr(pattern, "{version}"), *c = pattern;

    for (; *c && c != end; c++) {
        if (strchr("+!()]", *c))
            arc_buf_putc(&filter, '\\');
        arc_buf_putc(&filter, *c);
    }

    arc_buf_puts(&filter, c > pattern && c[-1] == 'v' ? "*" : "[0-9]*");
    arc_buf_puts(out, quote(proposal, init_hold(proposal, &filter)));
}

static bool same_host(const struct init_group *a, const struct init_group *b)
{
    size_t x = 0, y = 0;
    const char *of_a = other_registry(a, &x), *of_b = other_registry(b, &y);
    return of_a && of_b ? x == y && strncmp(of_a, of_b, x) == 0 : of_a == of_b;
}

/* What a pattern's tags start with, as a test of GitHub's expressions. */
static void add_test(const char *pattern, struct arc_buf *out)
{
    const char *end = strstr(pattern, "{version}");
    arc_buf_puts(out, "startsWith(github.ref_name, '");
    for (const char *c = pattern; *c && c != end; c++)
        arc_buf_printf(out, *c == '\'' ? "%c'" : "%c", *c);
    arc_buf_puts(out, "')");
}

/* Whether what one pattern's tags start with is but the beginning of what the other's do: "" and
 * "v" are of "valkey-v". */
static bool is_beginning(const char *pattern, const char *other)
{
    const char *end = strstr(pattern, "{version}");
    size_t len = end ? (size_t)(end - pattern) : strlen(pattern);
    return strncmp(pattern, other, len) == 0 && strncmp(other + len, "{version}", 9) != 0;
}

/* Tells the tags of one pattern from those of groups with another login. */
static void add_condition(const struct init_proposal *proposal, const struct init_group *group,
                          const char *pattern, struct arc_buf *out)
{
    arc_buf_puts(out, out->len ? " || " : "");
    add_test(pattern, out);

    for (size_t i = 0; i < proposal->group_count; i++) {
        char **other = proposal->groups[i]->tags;
        if (same_host(group, proposal->groups[i]))
            continue;
        for (; other && *other; other++)
            if (is_beginning(pattern, *other)) {
                arc_buf_puts(out, " && !");
                add_test(*other, out);
            }
    }
}

/* The job that releases the groups of one login; `condition` tells their tags from others, where
 * others have a login of their own. */
static void add_release_job(struct init_proposal *proposal, const struct init_group *group,
                            const char *source, bool only, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf condition = {0};
    const char *with = "";

    for (size_t i = 0; i < proposal->group_count; i++)
        for (char **tag = proposal->groups[i]->tags;
             tag && *tag && same_host(group, proposal->groups[i]); tag++)
            add_condition(proposal, group, *tag, &condition);

    arc_buf_printf(out, "  %s:\n", quote(proposal, only ? "release" : group->name));
    if (!only)
        arc_buf_printf(out, "    if: %s\n", quote(proposal, init_hold(proposal, &condition)));
    add_use(source, "group-release.yml", out);
    if (proposal->fail_on && strcmp(proposal->fail_on, "CRITICAL") != 0)
        with =
            arc_arena_printf(&proposal->arena, "      fail-on-severity: %s\n", proposal->fail_on);
    add_login(group, with, out);
}

void init_write_release_workflow(struct init_proposal *proposal, const char *source,
                                 struct arc_buf *out)
{
    size_t count = 0;
    ARC_AUTO(arc_buf) struct arc_buf filters = {0};
    bool only = true;

    for (size_t i = 0; i < proposal->group_count; i++) {
        only = only && same_host(proposal->groups[0], proposal->groups[i]);
        for (char **tag = proposal->groups[i]->tags; tag && *tag; tag++) {
            arc_buf_puts(&filters, count++ ? ", " : "");
            add_filter(proposal, *tag, &filters);
        }
    }

    if (!count)
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
        init_hold(proposal, &filters));

    for (size_t i = 0; i < proposal->group_count; i++) {
        bool known = false;
        for (size_t j = 0; j < i; j++)
            known = known || same_host(proposal->groups[j], proposal->groups[i]);
        if (!known && proposal->groups[i]->tags)
            add_release_job(proposal, proposal->groups[i], source, only, out);
    }
}
