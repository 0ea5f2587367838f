/* The commits that release notes list: those since the group's previous tag that touch it. */
#include "arcci/glob.h"
#include "arcci/notes.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "git/diff.h"
#include "git/git.h"
#include "yaml/yaml.h"
#include <stdio.h>
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

/* Paths that count for a service, or for all of them: as arc_filters_of_config() has them, one
 * pattern without `!` takes in and none with `!` refuses. */
struct pattern {
    struct arc_glob *glob;
    bool refuses;
};

/* A service's directories, and where its `paths` lie among the patterns. */
struct place {
    struct paths folders;
    size_t first, count;
};

/* What the commits have to touch. */
struct scope {
    struct pattern *patterns;
    struct place *places; /* per service of the plan, and a last one for where they were before */
    struct paths bounds;  /* no path that counts lies elsewhere */
    size_t pattern_count, shared, place_count;
    bool everywhere; /* no folder bounds what counts */
};

static void scope_free(struct scope *scope)
{
    for (size_t i = 0; i < scope->pattern_count; i++)
        arc_glob_free(&scope->patterns[i].glob);
    for (size_t i = 0; i < scope->place_count; i++)
        paths_free(&scope->places[i].folders);
    paths_free(&scope->bounds);
    free(scope->patterns);
    free(scope->places);
}

static int add_bound(struct scope *scope, const char *path, size_t len, struct arc_error *err)
{
    scope->everywhere |= !len;
    return add_path(&scope->bounds, path, len, err);
}

static int add_pattern(struct scope *scope, const char *text, struct arc_error *err)
{
    struct pattern *grown =
        realloc(scope->patterns, (scope->pattern_count + 1) * sizeof *scope->patterns);
    if (!grown)
        return arc_error_nomem(err);
    scope->patterns = grown;
    struct pattern *pattern = &grown[scope->pattern_count];
    ARC_TRY(arc_glob_compile(text, strlen(text), &pattern->glob, err));
    scope->pattern_count++;
    pattern->refuses = arc_glob_negated(pattern->glob);
    if (pattern->refuses)
        return ARC_OK;

    size_t len = 0;
    const char *prefix = arc_glob_prefix(pattern->glob, &len);
    return add_bound(scope, prefix, len, err);
}

static int add_patterns(struct scope *scope, char *const *list, size_t *count,
                        struct arc_error *err)
{
    for (; list && *list; list++, ++*count)
        ARC_TRY(add_pattern(scope, *list, err));
    return ARC_OK;
}

static int add_folder(struct scope *scope, struct place *place, const char *folder,
                      struct arc_error *err)
{
    size_t len = strcmp(folder, ".") == 0 ? 0 : strlen(folder);
    ARC_TRY(add_bound(scope, folder, len, err));
    return len ? add_path(&place->folders, folder, len, err)
               : add_path(&place->folders, ".", 1, err);
}

static const struct arc_service *service_in(const struct arc_group *group, const char *codename)
{
    for (size_t i = 0; group && i < group->service_count; i++)
        if (strcmp(group->services[i].codename, codename) == 0)
            return &group->services[i];
    return NULL;
}

static int collect_paths(const json_t *plan, const struct arc_group *group, struct scope *scope,
                         struct arc_error *err)
{
    const json_t *services = json_object_get(plan, "services");
    size_t i;
    json_t *row;
    scope->places = calloc(json_array_size(services) + 1, sizeof *scope->places);
    if (!scope->places)
        return arc_error_nomem(err);
    scope->place_count = json_array_size(services) + 1;
    if (group)
        ARC_TRY(add_patterns(scope, group->paths, &scope->shared, err));

    json_array_foreach (services, i, row) {
        struct place *place = &scope->places[i];
        const struct arc_service *service = service_in(group, arc_json_text_of(row, "service"));
        place->first = scope->pattern_count;
        ARC_TRY(add_folder(scope, place, arc_json_text_of(row, "directory"), err));
        if (service)
            ARC_TRY(add_patterns(scope, service->paths, &place->count, err));
    }
    return ARC_OK;
}

/* A folder of an earlier service, unless it is that of one there is. */
static int add_before(struct scope *scope, const char *folder, struct arc_error *err)
{
    size_t len = strlen(folder);
    while (len && folder[len - 1] == '/')
        len--;
    for (size_t i = 0; i < scope->place_count; i++)
        for (size_t k = 0; k < scope->places[i].folders.count; k++) {
            const char *known = scope->places[i].folders.list[k];
            if (strlen(known) == len && strncmp(known, folder, len) == 0)
                return ARC_OK;
        }
    return add_folder(scope, &scope->places[scope->place_count - 1], folder, err);
}

/* Where the services were at the group's previous tag, as its configuration said there: the commits
 * of one that has moved since, or is gone, are there. One that cannot be read adds nothing. */
static int add_previous(const struct arc_git *git, const struct arc_oid *from, const json_t *plan,
                        struct scope *scope, struct arc_error *err)
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
            rc = add_before(scope, services->items[i]->text, err);
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

/* What the commits of a range are read into. */
struct reading {
    const struct arc_git *git;
    json_t *commits;   /* newest first */
    json_t *newcomers; /* names of those whose first commit is among them */
    const struct scope *scope;
    bool matched; /* of the commit that is looked at */
};

/* At most so many bytes of a body are read for what it says of a pull request, a revert, a break. */
#define BODY_MAX 4096

static int add_commit(void *context, const struct arc_git_commit *commit)
{
    json_t *commits = ((struct reading *)context)->commits;
    char date[32] = "";
    time_t when = (time_t)commit->time;
    struct tm parts;
    if (gmtime_r(&when, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    ARC_AUTO_FREE char *body = strndup(commit->body, BODY_MAX);
    if (!body)
        return ARC_ENOMEM;
    json_t *row =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "hash", commit->oid.hex, "subject",
                  text_value(commit->subject), "body", text_value(body), "author",
                  text_value(commit->author), "email", text_value(commit->email), "date", date);
    return json_array_append_new(commits, row) ? ARC_ENOMEM : ARC_OK;
}

/* ---- what counts ---------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strcmp(folder, ".") == 0 ||
           (strncmp(path, folder, len) == 0 && (path[len] == '/' || !path[len]));
}

/* Lets patterns judge a path: *in is set by one that takes it in, false is a refusal. */
static bool judge_path(const struct pattern *patterns, size_t count, const char *path, size_t len,
                       bool *in)
{
    for (size_t i = 0; i < count; i++) {
        bool matched = arc_glob_match(patterns[i].glob, path, len);
        if (patterns[i].refuses && !matched)
            return false;
        *in |= matched && !patterns[i].refuses;
    }
    return true;
}

static int match_file(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct reading *reading = context;
    const struct scope *scope = reading->scope;
    bool shared = false;
    (void)status;
    if (reading->matched || !judge_path(scope->patterns, scope->shared, path, len, &shared))
        return ARC_OK;
    for (size_t i = 0; i < scope->place_count && !reading->matched; i++) {
        const struct place *place = &scope->places[i];
        bool in = shared;
        for (size_t k = 0; k < place->folders.count && !in; k++)
            in = is_below(path, place->folders.list[k]);
        bool kept = judge_path(scope->patterns + place->first, place->count, path, len, &in);
        reading->matched = kept && in && (place->folders.count || i + 1 < scope->place_count);
    }
    return ARC_OK;
}

/* Adds a commit that changes a file that counts. What a merge
 * took over from either side is that side's. */
static int add_matching(void *context, const struct arc_git_commit *commit)
{
    struct reading *reading = context;
    struct arc_git_diff diff = {.from = commit->parents ? &commit->parent : NULL,
                                .to = &commit->oid,
                                .each = match_file,
                                .context = reading};
    reading->matched = false;
    if (commit->parents > 1)
        return ARC_OK;
    ARC_TRY(arc_git_diff(reading->git, &diff, NULL));
    return reading->matched ? add_commit(context, commit) : ARC_OK;
}

/* Reads the commits of a range that touch the services. */
static int read_range(struct reading *reading, const struct arc_oid *from, const struct arc_oid *to,
                      bool *more, struct arc_error *err)
{
    const struct scope *scope = reading->scope;
    bool bounded = !scope->everywhere, folders = bounded && !scope->pattern_count;
    struct arc_git_log_range range = {
        .from = from,
        .to = to,
        .paths = bounded ? (const char *const *)scope->bounds.list : NULL,
        .max = folders ? ARC_NOTES_COMMITS_MAX : ARC_NOTES_COMMITS_MAX * 5,
    };
    return arc_git_log(reading->git, &range, folders ? add_commit : add_matching, reading, more,
                       err);
}

/* ---- pull requests -------------------------------------------------------------------------- */

/* "Merge pull request #12 from fork/topic", which GitHub writes: the digits; NULL for another. */
static const char *merged_pull(const char *subject)
{
    static const char prefix[] = "Merge pull request #";
    if (strncmp(subject, prefix, strlen(prefix)) != 0)
        return NULL;
    const char *digits = subject + strlen(prefix);
    size_t len = strspn(digits, "0123456789");
    return len && len < 10 && strncmp(digits + len, " from ", 6) == 0 ? digits : NULL;
}

/* The merges of a range, in struct reading's commits: {hash, pull, subject, parent, merged}. */
static int add_merge(void *context, const struct arc_git_commit *commit)
{
    const char *pull = merged_pull(commit->subject);
    if (commit->parents != 2 || !pull)
        return ARC_OK;
    size_t len = strcspn(commit->body, "\n");
    ARC_AUTO_FREE char *title = strndup(commit->body, len);
    if (!title)
        return ARC_ENOMEM;
    json_t *row = json_pack("{s:s, s:o, s:o, s:s, s:s}", "hash", commit->oid.hex, "pull",
                            json_stringn(pull, strspn(pull, "0123456789")), "subject",
                            text_value(*title ? title : commit->subject), "parent",
                            commit->parent.hex, "merged", commit->merged.hex);
    return json_array_append_new(((struct reading *)context)->commits, row) ? ARC_ENOMEM : ARC_OK;
}

static struct arc_oid oid_in(const json_t *row, const char *name)
{
    struct arc_oid oid = {{0}};
    snprintf(oid.hex, sizeof oid.hex, "%.40s", arc_json_text_of(row, name));
    return oid;
}

/* Puts a merge in the place of its commits, and of itself, among those that were read: the first of
 * them gets the pull request's number and title, the others go. */
static int take_merge(struct reading *reading, const json_t *merge, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *list = json_array();
    ARC_AUTO_JSON json_t *inner = json_object();
    const char *merge_hash = arc_json_text_of(merge, "hash");
    struct reading part = *reading;
    struct arc_oid from = oid_in(merge, "parent"), to = oid_in(merge, "merged");
    json_t *row, *first = NULL;
    size_t i;
    part.commits = list;
    if (!list || !inner)
        return arc_error_nomem(err);
    ARC_TRY(read_range(&part, &from, &to, NULL, err));
    json_array_foreach (list, i, row)
        if (json_object_set_new(inner, arc_json_text_of(row, "hash"), json_true()))
            return arc_error_nomem(err);
    for (i = 0; i < json_array_size(reading->commits);) {
        row = json_array_get(reading->commits, i);
        const char *hash = arc_json_text_of(row, "hash");
        bool own = strcmp(hash, merge_hash) == 0;
        if ((!own && !json_object_get(inner, hash)) || json_object_get(row, "pull"))
            i++;
        else if (!first && (!own || !json_array_size(list)))
            first = row, i++;
        else
            json_array_remove(reading->commits, i);
    }
    if (first && (json_object_set(first, "pull", json_object_get(merge, "pull")) ||
                  json_object_set(first, "hash", json_object_get(merge, "hash")) ||
                  json_object_set(first, "subject", json_object_get(merge, "subject"))))
        return arc_error_nomem(err);
    return ARC_OK;
}

/* What was merged by pull request is listed as one: its title, not "address review". */
static int join_pulls(struct reading *reading, const struct arc_oid *from, const struct arc_oid *to,
                      struct arc_error *err)
{
    ARC_AUTO_JSON json_t *merges = json_array();
    struct reading all = *reading;
    struct arc_git_log_range range = {.from = from, .to = to, .max = ARC_NOTES_COMMITS_MAX * 5};
    json_t *merge;
    size_t i;
    all.commits = merges;
    if (!merges)
        return arc_error_nomem(err);
    ARC_TRY(arc_git_log(reading->git, &range, add_merge, &all, NULL, err));
    for (i = json_array_size(merges); i-- > 0;) { /* the oldest first: a merge may hold others */
        merge = json_array_get(merges, i);
        ARC_TRY(take_merge(reading, merge, err));
    }
    return ARC_OK;
}

/* ---- the range ------------------------------------------------------------------------------ */

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

/* ---- who is new ----------------------------------------------------------------------------- */

#define AUTHORS_MAX 50000 /* commits that are looked through for earlier authors */

static int add_author(void *context, const struct arc_git_commit *commit)
{
    json_t *known = context;
    json_t *email = text_value(commit->email);
    const char *text = json_string_value(email);
    int rc = !text || json_object_set_new(known, text, json_true()) ? ARC_ENOMEM : ARC_OK;
    json_decref(email);
    return rc;
}

/* Names those whose first commit is in the range. Nobody is new where history is too long to tell,
 * or in a first release. */
static int find_new(const struct reading *reading, const struct arc_oid *from, json_t *out,
                    struct arc_error *err)
{
    ARC_AUTO_JSON json_t *known = json_object();
    struct arc_git_log_range range = {.to = from, .max = AUTHORS_MAX};
    bool more = false;
    size_t i;
    json_t *row;
    if (!known)
        return arc_error_nomem(err);
    ARC_TRY(arc_git_log(reading->git, &range, add_author, known, &more, err));
    json_array_foreach (reading->commits, i, row) {
        const char *email = arc_json_text_of(row, "email"), *name = arc_json_text_of(row, "author");
        if (more || !*email || !*name || strstr(name, "[bot]") || json_object_get(known, email))
            continue;
        if (json_object_set_new(known, email, json_true()) ||
            json_array_append_new(out, json_string(name)))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

static int read_log(struct arc_project *project, const json_t *plan, const struct arc_group *group,
                    struct scope *scope, struct reading *reading, bool *more, struct arc_error *err)
{
    struct arc_oid from, to;
    bool has_from = false;
    bool all = group && group->commits && strcmp(group->commits, "all") == 0;
    ARC_TRY(arc_project_open(project, err));
    reading->git = project->git;
    ARC_TRY(find_ends(project->git, plan, &from, &to, &has_from, err));
    if (has_from)
        ARC_TRY(add_previous(project->git, &from, plan, scope, err));
    ARC_TRY(read_range(reading, has_from ? &from : NULL, &to, more, err));
    if (all)
        return ARC_OK;
    if (has_from)
        ARC_TRY(find_new(reading, &from, reading->newcomers, err));
    return join_pulls(reading, has_from ? &from : NULL, &to, err);
}

/* The message of the release's own tag; "" where it has none. */
static int read_message(struct arc_project *project, const json_t *plan, struct arc_buf *out,
                        struct arc_error *err)
{
    const char *tag = arc_json_text_of(plan, "tag");
    if (!*tag || arc_project_open(project, NULL))
        return ARC_OK;
    return arc_git_tag_message(project->git, tag, out, err);
}

int arc_notes_log(struct arc_project *project, const json_t *plan, const struct arc_group *group,
                  json_t **out, struct arc_error *err)
{
    ARC_AUTO(scope) struct scope scope = {0};
    ARC_AUTO(arc_error) struct arc_error why = {0};
    ARC_AUTO(arc_buf) struct arc_buf message = {.max = 65536};
    ARC_AUTO_JSON json_t *commits = json_array();
    ARC_AUTO_JSON json_t *newcomers = json_array();
    struct reading reading = {.newcomers = newcomers, .commits = commits, .scope = &scope};
    bool more = false;
    ARC_TRY(collect_paths(plan, group, &scope, err));
    ARC_TRY(read_message(project, plan, &message, err));
    int rc = commits && newcomers ? read_log(project, plan, group, &scope, &reading, &more, &why)
                                  : ARC_ENOMEM;
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    if (rc)
        json_array_clear(commits);
    *out = json_pack("{s:O, s:O, s:b, s:s?, s:o, s:b}", "commits", commits, "newcomers", newcomers,
                     "complete", !rc && !more, "unknown", rc ? arc_error_text(&why) : NULL,
                     "message", text_value(arc_buf_text(&message)), "all",
                     group && group->commits && strcmp(group->commits, "all") == 0);
    return *out ? ARC_OK : arc_error_nomem(err);
}
