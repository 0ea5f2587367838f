#include "base/text.h"
#include "base/warn.h"
#include "changes/inner.h"
#include "changes/services.h"
#include "changes/warn.h"
#include "github/github.h"
#include "os/file.h"
#include "project/repository.h"

/* The state of a run. */
struct run {
    struct arc_project *project;
    const struct arc_changes_options *options;
    struct arc_changes *out;
    const struct arc_git *git; /* NULL: no clone, only the API */
    const struct arc_event *event;
    struct arc_base base;
    struct arc_match match;
    json_t *renames;        /* arc_git_find_renames() */
    struct arc_inner inner; /* submodules to compare */
    bool api_failed;        /* so git must be used */
    bool config_seen;       /* the API listed the configuration */
    const char *listed;     /* a file that it listed, which tells the services; or NULL */
    struct arc_error *err;  /* for callbacks */
};

static void run_free(struct run *run)
{
    json_decref(run->renames);
    arc_arena_free(&run->inner.memory);
    arc_match_free(&run->match);
    arc_base_free(&run->base);
}

static const enum arc_status statuses[] = {
    [ARC_GIT_ADDED] = ARC_STATUS_ADDED,       [ARC_GIT_DELETED] = ARC_STATUS_DELETED,
    [ARC_GIT_MODIFIED] = ARC_STATUS_MODIFIED, [ARC_GIT_TYPE_CHANGED] = ARC_STATUS_TYPE_CHANGED,
    [ARC_GIT_UNMERGED] = ARC_STATUS_UNMERGED,
};

/* Whether a directory is the working directory or above it. */
static bool is_above(const struct run *run, const char *directory, size_t len)
{
    const char *relative = run->match.relative;
    return relative && strncmp(relative, directory, len) == 0 &&
           (!relative[len] || relative[len] == '/');
}

static int match_file(struct run *run, struct arc_changed_file file)
{
    size_t old = file.previous ? strlen(file.previous) : 0;
    if (!file.previous || !arc_match_is_below(&run->match, &file.previous, &old))
        file.previous = NULL;
    else
        file.status |= ARC_STATUS_RENAMED;

    if (!arc_match_is_below(&run->match, &file.path, &file.len))
        return ARC_OK;
    return arc_match_path(&run->match, &file);
}

static int on_path(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct run *run = context;
    json_t *old = status == ARC_GIT_ADDED ? json_object_get(run->renames, path) : NULL;
    return match_file(
        run, (struct arc_changed_file){path, len, statuses[status], json_string_value(old)});
}

static int on_submodule(void *context, const char *path, const struct arc_oid *from,
                        const struct arc_oid *to)
{
    struct run *run = context;
    bool of_worktree = run->base.kind == ARC_BASE_WORKTREE;
    if (run->options->submodules)
        return arc_inner_add(&run->inner, path, from, of_worktree ? NULL : to, run->err);
    size_t len = strlen(path);
    if (is_above(run, path, len))
        return arc_warn(&run->out->warnings, run->err,
                        "--relative-to: '%s' is inside the submodule '%s', which changed and is "
                        "one path: 'submodules: true' looks inside",
                        run->match.relative, path);

    if (!arc_match_is_below(&run->match, &path, &len))
        return ARC_OK;
    if (!run->options->filters->from_config)
        return arc_warn_of_submodule(&run->match, path, run->err);

    ARC_AUTO_FREE char *why = NULL;
    ARC_TRY(arc_text_print(&why, run->err,
                           "the submodule '%s' changed, and is one path: 'submodules: true' looks "
                           "inside",
                           path));

    return arc_match_unseen(&run->match, path, len, why, run->err);
}

static int on_api_file(void *context, const struct arc_changed_file *file)
{
    struct run *run = context;
    const char *path = file->path;
    struct arc_changed_file own = *file;
    const struct arc_changes_options *options = run->options;
    const char *config =
        options->filters->from_config && options->config ? options->config->path : NULL;
    run->config_seen = run->config_seen || (config && strcmp(path, config) == 0);
    own.previous = options->renames ? file->previous : NULL;
    ARC_TRY(match_file(run, own));
    if (options->filters->from_config)
        ARC_TRY(arc_services_listed(options, path, run->out->results, run->err));

    bool tells = config && !run->listed &&
                 arc_services_told(options->config, path, file->status & ARC_STATUS_MODIFIED);
    if (tells)
        run->listed = arc_arena_text(&run->out->memory, path);
    ARC_TRY(arc_arena_check(&run->out->memory, run->err));

    bool is_submodule = options->filters->from_config && run->git && run->git->worktree &&
                        arc_file_kind_in(run->git->worktree, path) == ARC_FILE_DIRECTORY;
    return is_submodule ? on_submodule(run, path, NULL, NULL) : ARC_OK;
}

/* A submodule whose files cannot be compared: every filter that may match them counts as changed,
 * so that no change is silently missed. */
static int on_unseen(void *context, const char *path, const char *why)
{
    struct run *run = context;
    size_t len = strlen(path);
    ARC_AUTO_FREE char *text = NULL;

    ARC_TRY(arc_text_print(&text, run->err,
                           "the submodule '%s' changed and cannot be looked into: %s", path, why));
    ARC_TRY(arc_warn(&run->out->warnings, run->err,
                     "%s; filters that may be about it count as changed", text));
    if (is_above(run, path, len))
        return arc_match_unseen(&run->match, "", 0, text, run->err);

    if (!arc_match_is_below(&run->match, &path, &len))
        return ARC_OK;
    return arc_match_unseen(&run->match, path, len, text, run->err);
}

static bool on_directory(void *context, const char *directory, size_t len)
{
    struct run *run = context;
    if (is_above(run, directory, len - 1))
        return true;
    if (!arc_match_is_below(&run->match, &directory, &len))
        return false;
    return arc_match_below(&run->match, directory, len);
}

static struct arc_base_request request_of(const struct run *run)
{
    bool token = arc_github_token(run->project->env, NULL) != NULL;

    return (struct arc_base_request){
        .project = run->project,
        .git = run->git,
        .event = run->event,
        .base = run->options->base,
        .ref = run->options->ref,
        .fetch_depth = run->options->fetch_depth,
        .api = token && !run->api_failed &&
               !run->options->submodules, /* the API does not know their contents */
        .token = token,
        .is_recorded = run->options->is_recorded,
        .base_on_pulls = run->options->base_on_pulls || !token,
    };
}

static int choose(struct run *run, struct arc_error *err)
{
    const struct arc_base_request request = request_of(run);
    int rc = arc_base_choose(&request, run->options->since != ARC_SINCE_EVENT, &run->base, err);
    arc_base_may_fetch(&request);
    return rc;
}

static int compare(struct run *run, struct arc_error *err);

/* A service without files of its own, such as one with `dockerfile_inline`, is new, too, where
 * everything is. */
static int add_fileless(struct run *run, const bool *only, struct arc_error *err)
{
    arc_each (result, run->out->results, run->options->filters->count) {
        if (result->matched || (only && !only[result - run->out->results]))
            continue;
        result->matched = true;
        if (!result->reason)
            ARC_TRY(arc_match_mark(result, err, "everything counts as new"));
    }

    return ARC_OK;
}

/* Checks whether the configuration changed; if only the API knows the files, by its list. */
static int compare_entries(struct run *run, const struct arc_oid *base, const bool *only,
                           struct arc_error *err)
{
    const struct arc_changes_options *options = run->options;
    bool of_commits = run->base.kind == ARC_BASE_COMMITS || run->base.kind == ARC_BASE_WORKTREE;
    const struct arc_oid *head = run->base.kind == ARC_BASE_WORKTREE ? NULL : &run->base.head;
    for (size_t i = 0; !of_commits && i < options->filters->count; i++)
        run->out->results[i].matched |= run->out->results[i].defining > 0;
    if (options->filters->from_config && run->base.kind == ARC_BASE_EVERYTHING)
        return add_fileless(run, only, err);
    if (!options->config || !options->filters->from_config || !run->git || !of_commits)
        return ARC_OK;
    ARC_TRY(arc_services_definitions(run->project, options, only, base, head, run->out, err));
    return arc_services_entries(run->git, options, only, base, head, true, run->out->results, err);
}

/* Whether the API listed a file of which only a part is one service's: the configuration, a bake or
 * compose file, a file with versions. */
static bool lists_definitions(const struct run *run)
{
    bool any = run->config_seen;
    for (size_t i = 0; !any && i < run->options->filters->count; i++)
        any = run->out->results[i].defining > 0;
    return any;
}

/* Lets git fetch the commits, to look into the files that the API listed; false if it cannot. */
static bool look_inside(struct run *run)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    struct arc_base listed = run->base;

    run->base = (struct arc_base){0};
    run->api_failed = true;
    if (choose(run, &why) == ARC_OK && run->base.kind == ARC_BASE_COMMITS) {
        arc_base_free(&listed);
        return true;
    }

    arc_base_free(&run->base);
    run->base = listed;
    run->api_failed = false;

    return false;
}

/* The clone lacks the pull request's commits. If the API's list is incomplete, they are fetched
 * after all: the rest must not count as unchanged. */
static int compare_by_api(struct run *run, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error refused = {0}, fetching = {0};

    run->config_seen = false;
    int rc = arc_changes_api(run->project->env, run->event, on_api_file, run, &refused);
    if (!rc && run->git && lists_definitions(run) && look_inside(run))
        return ARC_OK;
    for (size_t i = 0; !rc && run->config_seen && i < run->options->filters->count; i++)
        rc = arc_match_mark(&run->out->results[i], err, "its entry in %s may have changed",
                            run->options->config->path);

    if (!rc)
        return ARC_OK;
    ARC_TRY(arc_error_memory(rc, err));
    if (!run->git)
        return arc_error_pass(rc, &refused, err);
    run->api_failed = true;
    arc_base_free(&run->base);
    rc = choose(run, &fetching);
    if (rc)
        return arc_error_set(err, refused.code, "%s; and by git: %s", arc_error_text(&refused),
                             arc_error_text(&fetching));

    ARC_TRY(arc_warn(&run->base.warnings, err, "the API did not list all files (%s); git did",
                     arc_error_text(&refused)));

    return compare(run, err);
}

static int compare(struct run *run, struct arc_error *err)
{
    struct arc_git_diff diff = {.to = &run->base.head,
                                .enter = on_directory,
                                .each = on_path,
                                .submodule = on_submodule,
                                .context = run,
                                .inside = run->options->submodules};
    const bool of_worktree = run->base.kind == ARC_BASE_WORKTREE;

    if (run->base.kind == ARC_BASE_PULL_REQUEST)
        return compare_by_api(run, err);
    if (run->base.kind == ARC_BASE_COMMITS)
        diff.from = &run->base.base;

    bool limited = false;
    json_decref(arc_steal(&run->renames)); /* of another base, as the submodules */
    run->inner.count = 0;
    if (run->options->renames && (of_worktree || diff.from)) {
        ARC_TRY(arc_git_find_renames(run->git, &run->base.base,
                                     of_worktree ? NULL : &run->base.head, &run->renames, &limited,
                                     err));
        if (limited)
            ARC_TRY(arc_warn(&run->out->warnings, err,
                             "too many files were added and deleted for git to compare what they "
                             "hold: only renames of unchanged files are known (diff.renameLimit)"));
    }

    int rc = of_worktree ? arc_git_diff_worktree(run->git, &diff, run->options->untracked, err)
                         : arc_git_diff(run->git, &diff, err);
    if (!rc && run->inner.count)
        rc = arc_inner_compare(&run->inner, run->git, &diff, run->options->untracked, err);

    if (rc == ARC_ELIMIT && err->code != ARC_ELIMIT)
        return arc_error_set(err, rc,
                             "more paths matched than %zu MiB can hold: narrower filters, or "
                             "list-files: none, keep fewer",
                             ARC_CHANGES_MEMORY >> 20);

    return rc == ARC_ENOMEM ? arc_error_nomem(err) : rc;
}

/* Finds where each service was last good: `out` has one entry per filter. */
static int find_last_good(struct run *run, struct arc_last_good *out, struct arc_error *err)
{
    const struct arc_base_request request = request_of(run);
    size_t count = run->options->filters->count;

    for (size_t i = 0; i < count; i++)
        if (!arc_services_find(run->options, i, &out[i].group, &out[i].service))
            return arc_error_set(err, ARC_EINPUT,
                                 "filter '%s' is not a service of the configuration: only services "
                                 "have a last release or image; leave --filters out",
                                 run->options->filters->items[i].name);

    if (run->options->since == ARC_SINCE_RELEASE)
        return arc_services_last_releases(&request, out, count, &run->base.head, err);

    return arc_services_last_images(&request, out, count, err);
}

/* Compares each service with where it was last good. */
static int compare_each(struct run *run, struct arc_error *err)
{
    size_t count = run->options->filters->count;
    ARC_AUTO_FREE bool *only = calloc(count + 1, sizeof *only);
    ARC_AUTO_FREE struct arc_last_good *good = calloc(count + 1, sizeof *good);

    ARC_TRY_ALLOC(only && good, err);

    int rc = find_last_good(run, good, err);
    for (size_t i = 0; i < count; i++) {
        struct arc_filter_result *result = &run->out->results[i];
        result->reason = good[i].reason;
        snprintf(result->base, sizeof result->base, "%s", good[i].base.hex);
    }

    ARC_TRY(rc);

    /* Compares all services that share a base (empty: everything counts as added) in one walk. */
    for (size_t i = 0; i < count; i++) {
        const struct arc_oid base = good[i].base;
        bool first = true;
        for (size_t j = 0; j < count; j++) {
            only[j] = strcmp(good[j].base.hex, base.hex) == 0;
            first = first && (j >= i || !only[j]);
        }
        if (!first)
            continue;
        run->base.kind = *base.hex ? ARC_BASE_COMMITS : ARC_BASE_EVERYTHING;
        run->base.base = base;
        arc_match_only(&run->match, only);
        ARC_TRY(compare(run, err));
        ARC_TRY(compare_entries(run, &base, only, err));
    }

    arc_match_only(&run->match, NULL);
    run->base.base = (struct arc_oid){{0}};
    run->base.kind = ARC_BASE_OWN;
    bool release = run->options->since == ARC_SINCE_RELEASE;
    const char *why = release ? "each service's last release" : "each service's published image";

    return arc_text_copy(why, &run->base.base_reason, err);
}

static int describe(struct run *run, struct arc_error *err)
{
    struct arc_changes *out = run->out;
    out->base_kind = run->base.kind;
    memcpy(out->base, run->base.base.hex, sizeof out->base);
    memcpy(out->head, run->base.head.hex, sizeof out->head);
    out->base_reason = arc_steal(&run->base.base_reason);
    out->head_reason = arc_steal(&run->base.head_reason);
    ARC_TRY(arc_text_copy(run->event->name, &out->event, err));
    if (out->filters->warnings)
        ARC_TRY_ALLOC(json_array_extend(out->warnings, out->filters->warnings) == 0, err);

    return arc_error_unless(json_array_extend(out->warnings, run->base.warnings) == 0, err);
}

/* A workflow need not check out a pull request, since the API knows its files. */
static int without_clone(struct run *run, struct arc_error *err)
{
    const char *base = run->options->base;
    bool compares = base && (run->options->base_on_pulls || arc_changes_is_head(base));

    if (!arc_event_is_pull_request(run->event) || !arc_github_token(run->project->env, NULL) ||
        run->options->submodules || compares)
        return ARC_ENOTFOUND;

    arc_error_clear(err);
    run->base = (struct arc_base){.kind = ARC_BASE_PULL_REQUEST,
                                  .base_reason = strdup("the files that the API lists"),
                                  .head_reason = strdup("the pull request's newest commit"),
                                  .warnings = json_array()};

    return arc_error_unless(run->base.base_reason && run->base.head_reason && run->base.warnings,
                            err);
}

/* A comment on a pull request is about that, but its event lacks the commits. */
static int read_comment(struct run *run, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error refused = {0};
    const struct arc_env *env = run->project->env;
    struct arc_event *event = &run->project->event;

    if (!event->on_pull || run->options->ref || !arc_github_token(env, NULL))
        return ARC_OK;
    int rc = arc_changes_api_comment(env, event, &refused);
    if (!rc)
        return ARC_OK;

    return arc_warn(&run->out->warnings, err,
                    "the API did not describe the pull request of the comment: %s",
                    arc_error_text(&refused));
}

/* The services are those of the work tree, whatever commit is looked at. */
static int warn_of_checkout(struct run *run, struct arc_error *err)
{
    struct arc_oid head = run->base.head;
    bool by_api = run->base.kind == ARC_BASE_PULL_REQUEST;

    if (!run->match.defers || !run->git || run->options->is_recorded || (by_api && !run->listed))
        return ARC_OK;
    if (by_api)
        head = arc_oid_of(run->event->head_sha);
    if (!*head.hex)
        return ARC_OK;

    return arc_services_elsewhere(run->git, run->options->config, &head, run->listed,
                                  &run->out->warnings, err);
}

static int changes(struct run *run, struct arc_error *err)
{
    const struct arc_changes_options *options = run->options;

    ARC_TRY(arc_project_load_event(run->project, err));
    run->event = &run->project->event;
    ARC_TRY(read_comment(run, err));

    int rc = arc_project_open(run->project, err);
    run->git = run->project->git;

    if (rc == ARC_ENOTFOUND)
        rc = without_clone(run, err);
    else if (!rc)
        rc = choose(run, err);

    if (rc)
        return rc;

    /* In the configuration, `!` always excludes. */
    enum arc_quantifier quantifier = options->quantifier;
    if (options->filters->from_config && quantifier == ARC_QUANTIFIER_SOME)
        quantifier = ARC_QUANTIFIER_SOME_EXCLUDE;
    ARC_TRY(arc_match_start(&run->match, run->out, quantifier, options->count_only, err));
    run->match.renames = options->renames;
    run->match.defers = options->config && options->filters->from_config;
    run->match.relative = options->relative;
    if (run->match.defers && run->git)
        ARC_TRY(arc_project_check_sparse(run->git, options->config, err));
    ARC_TRY(arc_warn_of_rules(&run->match, err));

    if (options->since == ARC_SINCE_EVENT) {
        ARC_TRY(compare(run, err));
        ARC_TRY(compare_entries(run, &run->base.base, NULL, err));
    } else
        ARC_TRY(compare_each(run, err));

    ARC_TRY(warn_of_checkout(run, err));
    ARC_TRY(
        arc_warn_of_result(&run->match, options, run->git, &run->base.base, &run->base.head, err));
    ARC_TRY(arc_services_dependents(options, run->out, err));

    return describe(run, err);
}

int arc_changes(struct arc_project *project, const struct arc_changes_options *options,
                struct arc_changes *out, struct arc_error *err)
{
    ARC_AUTO(run) struct run run = {.project = project, .options = options, .out = out};
    *out = (struct arc_changes){.filters = options->filters, .warnings = json_array()};
    run.err = err;
    run.inner.unseen = on_unseen;
    int rc = out->warnings ? changes(&run, err) : arc_error_nomem(err);
    if (rc)
        arc_changes_free(out);
    return rc;
}

bool arc_changes_any(const struct arc_changes *changes)
{
    for (size_t i = 0; i < changes->filters->count; i++)
        if (changes->results[i].matched)
            return true;
    return false;
}
