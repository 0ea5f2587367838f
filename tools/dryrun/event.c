#include "dryrun/event.h"
#include "base/json.h"
#include "base/text.h"
#include "os/environment.h"
#include "project/documents.h"

/* Makes the environment: the event's own variables, of which NULL is none, then the others. Excludes
 * variables of the actual event, and tokens, since a rehearsal sends no requests. */
static int make_environment(const struct arc_env *env, const char *const own[][2], size_t count,
                            struct arc_dryrun_event *event, struct arc_error *err)
{
    static const char *const replaced[] = {
        "GITHUB_TOKEN",      "GH_TOKEN",        "INPUT_TOKEN", "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH", "GITHUB_REF",      "GITHUB_SHA",  "GITHUB_BASE_REF",
        "GITHUB_HEAD_REF",   "GITHUB_REF_NAME", NULL};

    size_t most = count + arc_texts_count(env->vars), filled = 0;
    const char **vars = arc_arena_array(&event->memory, most + 1, sizeof *vars);

    ARC_TRY_ALLOC(vars, err);
    for (size_t i = 0; i < count; i++)
        if (own[i][1])
            vars[filled++] = arc_arena_printf(&event->memory, "%s=%s", own[i][0], own[i][1]);
    for (const char *const *variable = env->vars; variable && *variable; variable++)
        if (!arc_environment_has(replaced, *variable))
            vars[filled++] = *variable;

    event->env = *env;
    event->env.vars = vars;

    return arc_arena_check(&event->memory, err);
}

int arc_dryrun_event_of_tag(const struct arc_env *env, const char *tag, const char *revision,
                            struct arc_dryrun_event *out, struct arc_error *err)
{
    *out = (struct arc_dryrun_event){0};
    const char *const own[][2] = {
        {"GITHUB_EVENT_NAME", "push"},
        {"GITHUB_REF", arc_arena_printf(&out->memory, "refs/tags/%s", tag)},
        {"GITHUB_SHA", revision}};
    return make_environment(env, own, ARC_COUNT(own), out, err);
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
        ref = arc_arena_printf(&out->memory, "refs/pull/%" JSON_INTEGER_FORMAT "/merge",
                               arc_json_number_of(pull, "number"));
        sha = text_at(pull, "head", "sha");
    } else if (released) {
        ref = arc_arena_printf(&out->memory, "refs/tags/%s", released);
    } else if (branch && ARC_AMONG(name, "schedule", "repository_dispatch", "workflow_run")) {
        ref = arc_arena_printf(&out->memory, "refs/heads/%s", branch);
    }

    const char *pushed = strcmp(name, "push") == 0 ? arc_text_after(ref, "refs/heads/") : NULL;
    out->publishes = strcmp(name, "schedule") == 0 || strcmp(arc_or(mode, ""), "release") == 0 ||
                     (pushed && arc_text_same(pushed, branch));
    const char *const own[][2] = {
        {"GITHUB_EVENT_PATH", path},
        {"GITHUB_EVENT_NAME", name},
        {"GITHUB_REF", arc_text_or(ref, NULL)},
        {"GITHUB_SHA", sha},
        {"GITHUB_REPOSITORY", text_at(payload, "repository", "full_name")}};
    return make_environment(env, own, ARC_COUNT(own), out, err);
}
