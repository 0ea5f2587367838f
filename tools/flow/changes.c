#include "arcci/changes.h"
#include "base/auto.h"
#include "flow/base.h"
#include "flow/changes_match.h"
#include "port/git_diff.h"
#include <string.h>

/* A run under way. */
struct run {
    const struct arc_env *env;
    const struct arc_changes_options *options;
    struct arc_changes *out;
    struct arc_git git;
    struct arc_event event;
    struct arc_base base;
    struct arc_match match;
};

static void run_free(struct run *run)
{
    arc_match_free(&run->match);
    arc_base_free(&run->base);
    arc_event_free(&run->event);
    arc_git_free(&run->git);
}

static enum arc_status status_of(enum arc_git_status status)
{
    switch (status) {
    case ARC_GIT_ADDED:
        return ARC_STATUS_ADDED;
    case ARC_GIT_DELETED:
        return ARC_STATUS_DELETED;
    case ARC_GIT_TYPE_CHANGED:
        return ARC_STATUS_TYPE_CHANGED;
    case ARC_GIT_UNMERGED:
        return ARC_STATUS_UNMERGED;
    default:
        return ARC_STATUS_MODIFIED;
    }
}

static int on_path(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct run *run = context;
    return arc_match_path(&run->match, path, len, status_of(status));
}

static bool on_directory(void *context, const char *directory, size_t len)
{
    struct run *run = context;
    return arc_match_below(&run->match, directory, len);
}

static int compare(struct run *run, struct arc_error *err)
{
    struct arc_git_diff diff = {
        .to = &run->base.head, .enter = on_directory, .each = on_path, .context = run};
    int rc;
    switch (run->base.kind) {
    case ARC_BASE_WORKTREE:
        rc = arc_git_diff_worktree(&run->git, &diff, err);
        break;
    case ARC_BASE_COMMITS:
        diff.from = &run->base.base;
        rc = arc_git_diff(&run->git, &diff, err);
        break;
    case ARC_BASE_EVERYTHING:
        rc = arc_git_diff(&run->git, &diff, err);
        break;
    default:
        return arc_error_set(err, ARC_EWORLD, "the files of a pull request: no API");
    }
    return rc == ARC_ENOMEM ? arc_error_nomem(err) : rc;
}

static int choose(struct run *run, struct arc_error *err)
{
    const struct arc_changes_options *options = run->options;
    const struct arc_base_request request = {
        .env = run->env,
        .git = &run->git,
        .event = &run->event,
        .base = options->base,
        .ref = options->ref,
        .fetch_depth = options->fetch_depth,
        .token = options->token != NULL,
    };
    return arc_base_choose(&request, &run->base, err);
}

/* Hands over what was found out about the base. */
static int describe(struct run *run, struct arc_error *err)
{
    struct arc_changes *out = run->out;
    memcpy(out->base, run->base.base.hex, sizeof out->base);
    memcpy(out->head, run->base.head.hex, sizeof out->head);
    out->event = arc_steal(&run->event.name);
    out->base_reason = arc_steal(&run->base.base_reason);
    out->head_reason = arc_steal(&run->base.head_reason);
    if (out->filters->warnings && json_array_extend(out->warnings, out->filters->warnings) != 0)
        return arc_error_nomem(err);
    if (json_array_extend(out->warnings, run->base.warnings) != 0)
        return arc_error_nomem(err);
    return ARC_OK;
}

static int changes(struct run *run, struct arc_error *err)
{
    const struct arc_changes_options *options = run->options;
    int rc = arc_event_load(run->env, &run->event, err);
    if (!rc)
        rc = arc_git_open(run->env, NULL, &run->git, err);
    if (!rc)
        rc = choose(run, err);
    if (!rc)
        rc = arc_match_start(&run->match, run->out, options->quantifier, options->count_only, err);
    if (!rc)
        rc = compare(run, err);
    return rc ? rc : describe(run, err);
}

int arc_changes(const struct arc_env *env, const struct arc_changes_options *options,
                struct arc_changes *out, struct arc_error *err)
{
    ARC_AUTO(run) struct run run = {.env = env, .options = options, .out = out};
    *out = (struct arc_changes){.filters = options->filters, .warnings = json_array()};
    int rc = out->warnings ? changes(&run, err) : arc_error_nomem(err);
    if (rc)
        arc_changes_free(out);
    return rc;
}

bool arc_changes_any(const struct arc_changes *changes)
{
    for (size_t i = 0; i < changes->filters->count; i++)
        if (changes->results[i].count)
            return true;
    return false;
}
