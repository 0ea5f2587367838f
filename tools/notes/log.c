/* The commits that release notes list: those since the group's previous tag that touch it. */
#include "arcci/notes.h"
#include "base/auto.h"
#include "base/text.h"
#include "git/git.h"
#include "yaml/yaml.h"
#include <string.h>
#include <time.h>

/* Directories and files, NULL-terminated, owned. */
struct paths {
    char **list;
    size_t count;
};

static void paths_free(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->list[i]);
    free(paths->list);
    *paths = (struct paths){0};
}

static int add_path(struct paths *paths, const char *path, size_t len, struct arc_error *err)
{
    while (len && path[len - 1] == '/')
        len--;
    if (!len)
        return ARC_OK;
    char **grown = realloc(paths->list, (paths->count + 2) * sizeof *grown);
    if (!grown)
        return arc_error_nomem(err);
    paths->list = grown;
    grown[paths->count] = strndup(path, len);
    grown[paths->count + 1] = NULL;
    return grown[paths->count++] ? ARC_OK : arc_error_nomem(err);
}

/* The part of a glob that is a path whatever the rest matches: "lib/x" of "lib/x/y*.c". A pattern
 * with no such part ("*.mk", "!x") adds no path: it would add every commit there is. */
static int add_glob(struct paths *paths, const char *glob, struct arc_error *err)
{
    glob += strncmp(glob, "./", 2) == 0 ? 2 : 0;
    size_t len = strcspn(glob, "*?[]{}()!+@\\");
    bool literal = glob[len] == '\0';
    while (!literal && len && glob[len - 1] != '/')
        len--;
    return add_path(paths, glob, len, err);
}

static int add_globs(struct paths *paths, char *const *globs, struct arc_error *err)
{
    int rc = ARC_OK;
    for (; !rc && globs && *globs; globs++)
        rc = add_glob(paths, *globs, err);
    return rc;
}

static int collect_paths(const json_t *plan, const struct arc_group *group, struct paths *paths,
                         struct arc_error *err)
{
    int rc = ARC_OK;
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(plan, "services"), i, service) {
        const char *directory = json_string_value(json_object_get(service, "directory"));
        if (!rc && directory)
            rc = add_path(paths, directory, strlen(directory), err);
    }
    if (!rc && group)
        rc = add_globs(paths, group->paths, err);
    for (i = 0; !rc && group && i < group->service_count; i++)
        rc = add_globs(paths, group->services[i].paths, err);
    return rc;
}

/* Where the services were at the group's previous tag, as its configuration said there: the commits
 * of one that has moved since, or is gone, are there. One that cannot be read adds nothing. */
static int add_previous(const struct arc_git *git, const struct arc_oid *from, const json_t *plan,
                        struct paths *paths, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    const char *group = json_string_value(json_object_get(plan, "group"));
    int rc = arc_git_blob(git, from, ARC_CONFIG_PATH, ARC_YAML_BYTES, &text, NULL);
    if (!rc)
        rc = arc_yaml_parse(arc_buf_text(&text), text.len, ARC_CONFIG_PATH, 0, &yaml, NULL);
    if (rc || !group)
        return rc == ARC_ENOMEM ? arc_error_nomem(err) : ARC_OK;
    const struct arc_yaml_node *services =
        arc_yaml_at(yaml.root, "groups", group, "services", (char *)NULL);
    bool list = services && services->type == ARC_YAML_LIST;
    for (size_t i = 0; !rc && list && i < services->count; i++)
        if (services->items[i]->type == ARC_YAML_STRING)
            rc = add_path(paths, services->items[i]->text, services->items[i]->len, err);
    return rc;
}

/* Names in commits need not be UTF-8. */
static json_t *text_value(const char *text)
{
    json_t *value = json_string(text);
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    if (value)
        return value;
    arc_text_visible(&shown, text, strlen(text));
    return shown.failed ? NULL : json_string(arc_buf_text(&shown));
}

static int add_commit(void *context, const struct arc_git_commit *commit)
{
    json_t *commits = context;
    char date[32] = "";
    time_t when = (time_t)commit->time;
    struct tm parts;
    if (gmtime_r(&when, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_t *row =
        json_pack("{s:s, s:o, s:o, s:s}", "hash", commit->oid.hex, "subject",
                  text_value(commit->subject), "author", text_value(commit->author), "date", date);
    return json_array_append_new(commits, row) ? ARC_ENOMEM : ARC_OK;
}

/* Finds both ends of the range. On failure the error says why the commits are not known. */
static int find_ends(const struct arc_git *git, const json_t *plan, struct arc_oid *from,
                     struct arc_oid *to, bool *has_from, struct arc_error *err)
{
    const char *previous =
        json_string_value(json_object_get(json_object_get(plan, "version"), "previous-tag"));
    const char *revision = json_string_value(json_object_get(plan, "revision"));
    *has_from = previous != NULL;
    if (!revision)
        return arc_error_set(err, ARC_ENOTFOUND, "the plan names no revision");
    if (arc_git_is_shallow(git))
        return arc_error_set(err, ARC_ENOTFOUND,
                             "this clone's history is cut (fetch-depth: 0 gets all of it)");
    int rc = arc_git_resolve(git, revision, to, err);
    if (rc || !previous)
        return rc;
    ARC_AUTO(arc_buf) struct arc_buf ref = {0};
    arc_buf_printf(&ref, "refs/tags/%s", previous);
    rc = arc_buf_check(&ref, "tag", err);
    if (!rc)
        rc = arc_git_resolve_ref(git, arc_buf_text(&ref), from, err);
    if (rc == ARC_ENOTFOUND)
        rc = arc_error_set(err, rc, "the tag %s is not in this clone", previous);
    return rc;
}

static int read_log(struct arc_project *project, const json_t *plan, struct paths *paths,
                    json_t *commits, bool *more, struct arc_error *err)
{
    struct arc_oid from, to;
    bool has_from = false;
    ARC_TRY(arc_project_open(project, err));

    const struct arc_git *git = project->git;
    ARC_TRY(find_ends(git, plan, &from, &to, &has_from, err));
    if (has_from)
        ARC_TRY(add_previous(git, &from, plan, paths, err));

    struct arc_git_log_range range = {
        .from = has_from ? &from : NULL,
        .to = &to,
        .paths = (const char *const *)paths->list,
        .max = ARC_NOTES_COMMITS_MAX,
    };
    return arc_git_log(git, &range, add_commit, commits, more, err);
}

int arc_notes_log(struct arc_project *project, const json_t *plan, const struct arc_group *group,
                  json_t **out, struct arc_error *err)
{
    ARC_AUTO(paths) struct paths paths = {0};
    ARC_AUTO(arc_error) struct arc_error why = {0};
    ARC_AUTO_JSON json_t *commits = json_array();
    bool more = false;
    int rc = collect_paths(plan, group, &paths, err);
    if (rc)
        return rc;
    rc = commits ? read_log(project, plan, &paths, commits, &more, &why) : ARC_ENOMEM;
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    if (rc)
        json_array_clear(commits);
    *out = json_pack("{s:O, s:b, s:s?}", "commits", commits, "complete", !rc && !more, "unknown",
                     rc ? arc_error_text(&why) : NULL);
    return *out ? ARC_OK : arc_error_nomem(err);
}
