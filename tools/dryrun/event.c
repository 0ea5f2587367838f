#include "dryrun/event.h"
#include "base/json.h"
#include "base/text.h"
#include "os/environment.h"
#include "project/documents.h"

/* Adds a variable; ignores a NULL value. */
static int add_variable(struct arc_dryrun_event *event, const char *name, const char *value,
                        struct arc_error *err)
{
    if (value)
        ARC_APPEND(&event->memory, event->vars, event->count, err,
                   arc_arena_printf(&event->memory, "%s=%s", name, value));
    return ARC_OK;
}

/* Adds the other variables after the event's own and makes the environment. Excludes variables of
 * the actual event, and tokens, since a rehearsal sends no requests. */
static int make_environment(const struct arc_env *env, struct arc_dryrun_event *event,
                            struct arc_error *err)
{
    static const char *const replaced[] = {
        "GITHUB_TOKEN",      "GH_TOKEN",        "INPUT_TOKEN", "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH", "GITHUB_REF",      "GITHUB_SHA",  "GITHUB_BASE_REF",
        "GITHUB_HEAD_REF",   "GITHUB_REF_NAME", NULL};

    for (const char *const *variable = env->vars; variable && *variable; variable++)
        if (!arc_environment_has(replaced, *variable))
            ARC_APPEND(&event->memory, event->vars, event->count, err, *variable);
    ARC_APPEND(&event->memory, event->vars, event->count, err, NULL);

    event->env = *env;
    event->env.vars = event->vars;

    return arc_arena_check(&event->memory, err);
}

int arc_dryrun_event_of_tag(const struct arc_env *env, const char *tag, const char *revision,
                            struct arc_dryrun_event *out, struct arc_error *err)
{
    ARC_AUTO_FREE char *ref = NULL;
    *out = (struct arc_dryrun_event){0};
    ARC_TRY(arc_text_print(&ref, err, "refs/tags/%s", tag));
    ARC_TRY(add_variable(out, "GITHUB_EVENT_NAME", "push", err));
    ARC_TRY(add_variable(out, "GITHUB_REF", ref, err));
    ARC_TRY(add_variable(out, "GITHUB_SHA", revision, err));

    return make_environment(env, out, err);
}

static const char *text_at(const json_t *object, const char *outer, const char *key)
{
    return json_string_value(json_object_get(json_object_get(object, outer), key));
}

int arc_dryrun_event_of_file(const struct arc_env *env, const char *path,
                             struct arc_dryrun_event *out, struct arc_error *err)
{
    /* The member that identifies the event (GitHub docs, "Webhook events and payloads"). */
    static const struct {
        const char *member, *name;
    } known[] = {
        {"pull_request", "pull_request"},  {"merge_group", "merge_group"},
        {"workflow_run", "workflow_run"},  {"release", "release"},
        {"deployment", "deployment"},      {"client_payload", "repository_dispatch"},
        {"schedule", "schedule"},          {"after", "push"},
        {"workflow", "workflow_dispatch"},
    };
    ARC_AUTO_JSON json_t *payload = NULL;
    ARC_AUTO_FREE char *made = NULL;
    const char *name = NULL;
    *out = (struct arc_dryrun_event){0};

    ARC_TRY(arc_event_payload(path, &payload, err));
    for (size_t i = ARC_COUNT(known); i-- > 0;)
        if (json_object_get(payload, known[i].member))
            name = known[i].name;
    if (!name)
        return arc_error_set(err, ARC_EINPUT,
                             "%s is not an event of a push, pull request, merge group, dispatch, "
                             "release, deployment, schedule or workflow run",
                             path);

    const json_t *pull = json_object_get(payload, "pull_request");
    const char *sha = json_string_value(json_object_get(payload, "after"));
    const char *ref = json_string_value(json_object_get(payload, "ref"));
    const char *branch = text_at(payload, "repository", "default_branch");
    const char *mode = text_at(payload, "inputs", "mode");
    const char *released = text_at(payload, "release", "tag_name");

    if (pull) {
        ARC_TRY(arc_text_print(&made, err, "refs/pull/%" JSON_INTEGER_FORMAT "/merge",
                               arc_json_number_of(pull, "number")));
        ref = made;
        sha = text_at(pull, "head", "sha");
    } else if (released) {
        ARC_TRY(arc_text_print(&made, err, "refs/tags/%s", released));
        ref = made;
    } else if (branch && ARC_AMONG(name, "schedule", "repository_dispatch", "workflow_run")) {
        ARC_TRY(arc_text_print(&made, err, "refs/heads/%s", branch));
        ref = made;
    }

    const char *pushed = strcmp(name, "push") == 0 ? arc_text_after(ref, "refs/heads/") : NULL;
    out->publishes = strcmp(name, "schedule") == 0 || strcmp(arc_or(mode, ""), "release") == 0 ||
                     (pushed && arc_text_same(pushed, branch));
    ARC_TRY(add_variable(out, "GITHUB_EVENT_PATH", path, err));
    ARC_TRY(add_variable(out, "GITHUB_EVENT_NAME", name, err));
    ARC_TRY(add_variable(out, "GITHUB_REF", arc_text_or(ref, NULL), err));
    ARC_TRY(add_variable(out, "GITHUB_SHA", sha, err));
    ARC_TRY(
        add_variable(out, "GITHUB_REPOSITORY", text_at(payload, "repository", "full_name"), err));

    return make_environment(env, out, err);
}
