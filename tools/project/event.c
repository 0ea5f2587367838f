#include "arcci/event.h"
#include "base/auto.h"
#include "base/text.h"
#include "os/file.h"
#include <string.h>

bool arc_event_is_sha(const char *text)
{
    return text && arc_text_is_hex(text, 40);
}

bool arc_event_is_null_sha(const char *text)
{
    return text && strlen(text) == 40 && strspn(text, "0") == 40;
}

bool arc_event_is_pull_request(const struct arc_event *event)
{
    return ARC_AMONG(event->name, "pull_request", "pull_request_target", "pull_request_review",
                     "pull_request_review_comment");
}

/* Where a string of the event goes. */
struct field {
    const char *path[4]; /* keys from the root, NULL-terminated */
    char **out;
    bool sha; /* it must be a commit */
};

static int wrong(const struct field *field, const char *why, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {0};
    for (const char *const *key = field->path; *key; key++)
        arc_buf_printf(&name, "%s%s", key == field->path ? "" : ".", *key);
    return arc_error_set(err, ARC_EINPUT, "the event file: %s is %s", arc_buf_text(&name), why);
}

/* A missing or null value leaves *out alone. */
static int read_field(const json_t *root, const struct field *field, struct arc_error *err)
{
    const json_t *value = root;
    for (const char *const *key = field->path; *key && value; key++)
        value = json_object_get(value, *key);
    if (!value || json_is_null(value))
        return ARC_OK;
    const char *text = json_string_value(value);
    if (!text)
        return wrong(field, "not a string", err);
    if (strlen(text) != json_string_length(value))
        return wrong(field, "a string with a NUL in it", err);
    if (field->sha && !arc_event_is_sha(text))
        return wrong(field, "not a commit (40 hexadecimal digits)", err);
    free(*field->out);

    return arc_text_copy(text, field->out, err);
}

static int read_fields(const json_t *root, const struct field *fields, struct arc_error *err)
{
    for (; fields->out; fields++)
        ARC_TRY(read_field(root, fields, err));
    return ARC_OK;
}

static int read_push(struct arc_event *event, const json_t *root, struct arc_error *err)
{
    const struct field fields[] = {
        {{"before"}, &event->before, true}, {{"after"}, &event->sha, true}, {.out = NULL}};
    event->deleted = json_is_true(json_object_get(root, "deleted"));
    event->forward = json_is_false(json_object_get(root, "forced"));
    return read_fields(root, fields, err);
}

int arc_event_read_pull(struct arc_event *event, const json_t *root, struct arc_error *err)
{
    const struct field fields[] = {
        {{"pull_request", "base", "sha"}, &event->base_sha, true},
        {{"pull_request", "base", "ref"}, &event->base_ref, false},
        {{"pull_request", "head", "sha"}, &event->head_sha, true},
        {{"before"}, &event->before, true},
        {.out = NULL},
    };
    const json_t *pull = json_object_get(root, "pull_request");
    const json_t *files = json_object_get(pull, "changed_files");

    event->number = json_integer_value(json_object_get(pull, "number"));
    event->changed_files = json_is_integer(files) ? json_integer_value(files) : -1;

    return read_fields(root, fields, err);
}

static int read_merge_group(struct arc_event *event, const json_t *root, struct arc_error *err)
{
    const struct field fields[] = {
        {{"merge_group", "base_sha"}, &event->base_sha, true},
        {{"merge_group", "base_ref"}, &event->base_ref, false},
        {{"merge_group", "head_sha"}, &event->head_sha, true},
        {.out = NULL},
    };
    return read_fields(root, fields, err);
}

/* A branch of a fork is none of this repository's, whatever it is called. */
static int read_workflow_run(struct arc_event *event, const json_t *root, struct arc_error *err)
{
    const json_t *run = json_object_get(root, "workflow_run");
    const char *head =
        json_string_value(json_object_get(json_object_get(run, "head_repository"), "full_name"));
    bool is_fork = head && event->repository && strcasecmp(head, event->repository) != 0;
    const struct field fields[] = {
        {{"workflow_run", "head_sha"}, &event->head_sha, true},
        {{"workflow_run", "head_branch"}, &event->head_branch, false},
        {.out = NULL},
    };

    ARC_TRY(read_fields(root, fields, err));

    if (is_fork) {
        free(event->head_branch);
        event->head_branch = NULL;
    }

    return ARC_OK;
}

static void read_comment(struct arc_event *event, const json_t *root)
{
    const json_t *issue = json_object_get(root, "issue");
    event->on_pull = json_is_object(json_object_get(issue, "pull_request"));
    event->number = json_integer_value(json_object_get(issue, "number"));
}

static int read_payload(struct arc_event *event, const json_t *root, struct arc_error *err)
{
    const struct field fields[] = {
        {{"repository", "default_branch"}, &event->default_branch, false},
        {{"repository", "full_name"}, &event->repository, false},
        {.out = NULL},
    };
    ARC_TRY(read_fields(root, fields, err));
    event->is_public =
        json_is_false(json_object_get(json_object_get(root, "repository"), "private"));
    if (strcmp(event->name, "push") == 0)
        return read_push(event, root, err);
    if (arc_event_is_pull_request(event))
        return arc_event_read_pull(event, root, err);
    if (strcmp(event->name, "merge_group") == 0)
        return read_merge_group(event, root, err);
    if (strcmp(event->name, "workflow_run") == 0)
        return read_workflow_run(event, root, err);
    if (strcmp(event->name, "issue_comment") == 0)
        read_comment(event, root);

    return ARC_OK;
}

static int load_file(struct arc_event *event, const char *path, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_EVENT_MAX};
    json_error_t problem;
    int rc = arc_file_read(path, NULL, ARC_EVENT_MAX, &text, err);

    if (rc)
        return arc_error_prefix(err, "GITHUB_EVENT_PATH");
    ARC_AUTO_JSON json_t *root = json_loadb(arc_buf_text(&text), text.len, 0, &problem);
    if (!root)
        return arc_error_at(err, ARC_EINPUT, path, (unsigned)problem.line, (unsigned)problem.column,
                            "the event is not JSON: %s", problem.text);

    if (!json_is_object(root))
        return arc_error_at(err, ARC_EINPUT, path, 1, 1, "the event is not a JSON object");

    return read_payload(event, root, err);
}

int arc_event_load(const struct arc_env *env, struct arc_event *out, struct arc_error *err)
{
    ARC_AUTO(arc_event) struct arc_event event = {.changed_files = -1};
    const char *path = arc_env_nonempty(env, "GITHUB_EVENT_PATH");
    const char *name = arc_env_nonempty(env, "GITHUB_EVENT_NAME");

    *out = (struct arc_event){.changed_files = -1};
    ARC_TRY(arc_text_copy(name ? name : "local", &event.name, err));
    ARC_TRY(arc_text_copy(arc_env_nonempty(env, "GITHUB_REF"), &event.ref, err));
    ARC_TRY(arc_text_copy(arc_env_nonempty(env, "GITHUB_SHA"), &event.sha, err));
    ARC_TRY(arc_text_copy(arc_env_nonempty(env, "GITHUB_REPOSITORY"), &event.repository, err));
    if (event.sha && !arc_event_is_sha(event.sha))
        return arc_error_set(err, ARC_EINPUT, "GITHUB_SHA: '%.80s' is not a commit", event.sha);
    if (path && strcmp(event.name, "local") != 0)
        ARC_TRY(load_file(&event, path, err));
    *out = event;
    event = (struct arc_event){0};

    return ARC_OK;
}

void arc_event_free(struct arc_event *event)
{
    free(event->name);
    free(event->ref);
    free(event->sha);
    free(event->before);
    free(event->base_sha);
    free(event->base_ref);
    free(event->head_sha);
    free(event->head_branch);
    free(event->default_branch);
    free(event->repository);
    *event = (struct arc_event){0};
}
