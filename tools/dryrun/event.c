#include "dryrun/event.h"
#include "base/auto.h"
#include "project/documents.h"
#include <string.h>

/* Variables that say what happened: of these only the rehearsed event's count. And tokens: a
 * rehearsal asks nobody. */
static const char *const replaced[] = {
    "GITHUB_TOKEN", "GH_TOKEN",   "INPUT_TOKEN",     "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH",
    "GITHUB_REF",   "GITHUB_SHA", "GITHUB_BASE_REF", "GITHUB_HEAD_REF",   "GITHUB_REF_NAME"};

static bool is_replaced(const char *variable)
{
    size_t len = strcspn(variable, "=");
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
        if (strlen(replaced[i]) == len && strncmp(replaced[i], variable, len) == 0)
            return true;
    return false;
}

static int add_entry(struct arc_dryrun_event *event, const char *entry, struct arc_error *err)
{
    const char **place =
        arc_arena_append(&event->memory, &event->vars, &event->count, sizeof *place);
    ARC_TRY_ALLOC(place, err);
    *place = entry;
    return ARC_OK;
}

/* Adds a variable; nothing for a NULL value. */
static int add_variable(struct arc_dryrun_event *event, const char *name, const char *value,
                        struct arc_error *err)
{
    if (!value)
        return ARC_OK;
    return add_entry(event, arc_arena_printf(&event->memory, "%s=%s", name, value), err);
}

/* Adds the other variables behind the event's own and makes the environment. */
static int make_environment(const struct arc_env *env, struct arc_dryrun_event *event,
                            struct arc_error *err)
{
    for (size_t i = 0; env->vars && env->vars[i]; i++)
        if (!is_replaced(env->vars[i]))
            ARC_TRY(add_entry(event, env->vars[i], err));
    ARC_TRY(add_entry(event, NULL, err));

    event->env = *env;
    event->env.vars = event->vars;

    return arc_arena_check(&event->memory, err);
}

int arc_dryrun_event_of_tag(const struct arc_env *env, const char *tag, const char *revision,
                            struct arc_dryrun_event *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {0};
    *out = (struct arc_dryrun_event){.publishes = true};
    arc_buf_printf(&ref, "refs/tags/%s", tag);
    ARC_TRY(arc_buf_check(&ref, "tag", err));
    ARC_TRY(add_variable(out, "GITHUB_EVENT_NAME", "push", err));
    ARC_TRY(add_variable(out, "GITHUB_REF", arc_buf_text(&ref), err));
    ARC_TRY(add_variable(out, "GITHUB_SHA", revision, err));

    return make_environment(env, out, err);
}

/* GitHub docs, "Webhook events and payloads": the member that only this event has. */
static const char *event_name(const json_t *payload)
{
    static const struct {
        const char *member, *name;
    } known[] = {
        {"pull_request", "pull_request"},
        {"merge_group", "merge_group"},
        {"workflow_run", "workflow_run"},
        {"schedule", "schedule"},
        {"after", "push"},
        {"workflow", "workflow_dispatch"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (json_object_get(payload, known[i].member))
            return known[i].name;

    return NULL;
}

static const char *text_at(const json_t *object, const char *outer, const char *key)
{
    return json_string_value(json_object_get(json_object_get(object, outer), key));
}

/* As the workflows have it. */
static bool publishes(const char *event, const char *ref, const char *default_branch)
{
    static const char tags[] = "refs/tags/", heads[] = "refs/heads/";
    if (strcmp(event, "push") != 0)
        return false;
    if (strncmp(ref, tags, strlen(tags)) == 0)
        return true;
    return default_branch && strncmp(ref, heads, strlen(heads)) == 0 &&
           strcmp(ref + strlen(heads), default_branch) == 0;
}

static int add_payload(const json_t *payload, const char *name, struct arc_dryrun_event *out,
                       struct arc_error *err)
{
    const char *sha = json_string_value(json_object_get(payload, "after"));
    const json_t *pull = json_object_get(payload, "pull_request");
    ARC_AUTO(arc_buf) struct arc_buf ref = {0};

    if (pull) {
        arc_buf_printf(&ref, "refs/pull/%" JSON_INTEGER_FORMAT "/merge",
                       json_integer_value(json_object_get(pull, "number")));
        sha = text_at(pull, "head", "sha");
    } else if (json_is_string(json_object_get(payload, "ref"))) {
        arc_buf_puts(&ref, json_string_value(json_object_get(payload, "ref")));
    }

    out->publishes =
        publishes(name, arc_buf_text(&ref), text_at(payload, "repository", "default_branch"));
    ARC_TRY(arc_buf_check(&ref, "ref", err));
    ARC_TRY(add_variable(out, "GITHUB_EVENT_NAME", name, err));
    ARC_TRY(add_variable(out, "GITHUB_REF", ref.len ? arc_buf_text(&ref) : NULL, err));
    ARC_TRY(add_variable(out, "GITHUB_SHA", sha, err));

    return add_variable(out, "GITHUB_REPOSITORY", text_at(payload, "repository", "full_name"), err);
}

int arc_dryrun_event_of_file(const struct arc_env *env, const char *path,
                             struct arc_dryrun_event *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *payload = NULL;
    *out = (struct arc_dryrun_event){0};

    ARC_TRY(arc_document_read(path, &payload, err));
    const char *name = event_name(payload);
    if (!name)
        return arc_error_set(err, ARC_EINPUT,
                             "%s is not an event of a push, pull request, merge group, dispatch, "
                             "schedule or workflow run",
                             path);
    ARC_TRY(add_variable(out, "GITHUB_EVENT_PATH", path, err));
    ARC_TRY(add_payload(payload, name, out, err));

    return make_environment(env, out, err);
}

void arc_dryrun_event_free(struct arc_dryrun_event *event)
{
    arc_arena_free(&event->memory);
    *event = (struct arc_dryrun_event){0};
}
