/* Writes the workflows, which call group-images.yml and group-release.yml. */
#include "base/template.h"
#include "init/sources.h"

ARC_TEXT(init_images_workflow);
ARC_TEXT(init_release_workflow);

/* The text as a YAML scalar. */
static const char *quote(struct init *init, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    init_add_scalar(&out, text);
    return init_hold(init, &out);
}

/* The registry that a group's job logs in to, as a YAML scalar; NULL for GHCR, which takes the job's
 * own token. */
static const char *find_login(struct init *init, const struct init_group *group)
{
    return strcmp(group->host, "ghcr.io") == 0 ? NULL : quote(init, group->host);
}

/* Appends a text with those jobs; `list`: the branches or tags that start it. */
static void fill(struct init *init, const char *text, const char *source, const char *list,
                 const json_t *jobs, struct arc_buf *out)
{
    static const struct arc_template_place places[] = {{"bare", arc_template_bare}, {0}};
    int len = (int)strcspn(source, "@");
    ARC_AUTO_JSON json_t *values =
        init_made(init, json_pack("{s:s, s:s#, s:s, s:s, s:s, s:b, s:O}", "list", list,
                                  "repository", source, len, "commit", source + len, "braces", "{{",
                                  "cron", init->cron ? quote(init, init->cron) : "'41 4 * * 1'",
                                  "nightly", init->cron != NULL, "jobs", jobs));
    if (values)
        (void)init_succeeds(init, arc_template_fill(text, places, values, out, NULL));
}

void init_write_images_workflow(struct init *init, const char *source, struct arc_buf *out)
{
    ARC_AUTO_JSON json_t *jobs = init_made(init, json_array());

    init_each_group (group, init)
        if (!group->is_train) /* which builds nothing */
            init_push(init, jobs,
                      json_pack("{s:s, s:s?}", "name", quote(init, group->name), "registry",
                                find_login(init, group)));
    fill(init, arc_embedded_init_images_workflow, source, quote(init, init->branch), jobs, out);
}

/* What the group's tags start with, up to the version: one text for each name that {codename} stands
 * for. NULL if versions come from files. */
static char **list_starts(struct init *init, const struct init_group *group)
{
    char **starts = NULL;

    for (char **tag = group->tags; tag && *tag; tag++) {
        const char *end = strstr(*tag, "{version}");
        const char *start = end ? init_cut(init, *tag, (size_t)(end - *tag)) : *tag;
        const char *rest = arc_text_after(start, "{codename}");
        if (!rest)
            init_add_text(init, &starts, start);
        for (char **name = group->codenames; rest && name && *name; name++)
            init_add_text(init, &starts, init_print(init, "%s%s", *name, rest));
    }

    return starts;
}

/* Appends an expression that tests for the start of a tag. */
static void add_test(const char *start, struct arc_buf *out)
{
    arc_buf_puts(out, "startsWith(github.ref_name, '");
    for (; *start; start++)
        arc_buf_printf(out, *start == '\'' ? "%c'" : "%c", *start);
    arc_buf_puts(out, "')");
}

/* Appends a condition that is true for tags with this start but not for those of groups with another
 * login, whose start may extend this one, as "valkey-v" extends "" and "v". */
static void add_condition(const struct init *init, const struct init_group *group,
                          const char *start, struct arc_buf *out)
{
    arc_text_separate(out, " || ");
    add_test(start, out);

    init_each_group (other, init)
        for (char **at = other->starts; at && *at && strcmp(group->host, other->host) != 0; at++)
            if (strncmp(*at, start, strlen(start)) == 0 && strcmp(*at, start) != 0) {
                arc_buf_puts(out, " && !");
                add_test(*at, out);
            }
}

/* The job that releases the groups of one login; unless they are the only ones (`only`), with a
 * condition on the tag. A new reference. */
static json_t *make_release_job(struct init *init, const struct init_group *group, bool only)
{
    ARC_AUTO(arc_buf) struct arc_buf condition = {0};
    bool lowers = init->fail_on && strcmp(init->fail_on, "CRITICAL") != 0;
    const char *login = find_login(init, group);

    init_each_group (other, init)
        for (char **at = other->starts; at && *at && strcmp(group->host, other->host) == 0; at++)
            add_condition(init, group, *at, &condition);

    const char *test = only ? NULL : quote(init, init_hold(init, &condition));
    const char *name = quote(init, only ? "release" : group->name);
    return json_pack("{s:s, s:s?, s:b, s:s?, s:s?}", "name", name, "condition", test, "with",
                     lowers || login, "severity", lowers ? init->fail_on : NULL, "registry", login);
}

void init_write_release_workflow(struct init *init, const char *source, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf filters = {0};
    bool only = true;

    init_each_group (group, init) {
        only = only && strcmp(init->groups->host, group->host) == 0;
        group->starts = list_starts(init, group);
        for (char **at = group->starts; at && *at; at++) {
            ARC_AUTO(arc_buf)
            struct arc_buf filter = {0}; /* a GitHub pattern: its special characters are escaped */
            for (const char *c = *at; *c; c++)
                arc_buf_printf(&filter, strchr("+!()]", *c) ? "\\%c" : "%c", *c);
            arc_buf_puts(&filter, arc_text_ends(*at, "v") ? "*" : "[0-9]*");
            arc_text_item(&filters, ", ", "%s", quote(init, init_hold(init, &filter)));
        }
    }

    const char *tags = init_hold(init, &filters);
    if (!*tags)
        return;

    ARC_AUTO_JSON json_t *jobs = init_made(init, json_array());
    init_each_group (group, init) {
        const struct init_group *first = init->groups;
        while (first != group && (!first->tags || strcmp(first->host, group->host) != 0))
            first = first->next;
        if (first == group && group->tags)
            init_push(init, jobs, make_release_job(init, group, only));
    }
    fill(init, arc_embedded_init_release_workflow, source, tags, jobs, out);
}
