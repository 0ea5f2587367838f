#include "arcci/event.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "project/documents.h"

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

bool arc_event_is_of_run(const struct arc_event *event)
{
    return event->head_sha && ARC_AMONG(event->name, "workflow_run", "check_suite", "check_run");
}

bool arc_event_is_guest(const struct arc_event *event, const char **base)
{
    bool pulls = arc_event_is_pull_request(event) || strcmp(event->name, "merge_group") == 0;
    *base = pulls ? event->base_sha : event->sha;
    return pulls || event->on_pull ||
           ARC_AMONG(event->name, "workflow_run", "check_suite", "check_run");
}

#define AT(member) offsetof(struct arc_event, member)

/* Where to find an event's strings. */
static const struct field {
    const char *event;   /* name of the event; "": all events */
    const char *path[4]; /* keys from the root, NULL-terminated */
    size_t offset;       /* in the struct */
    bool sha;            /* must be a commit */
} fields[] = {
    {"", {"repository", "default_branch"}, AT(default_branch), false},
    {"", {"repository", "full_name"}, AT(repository), false},
    {"push", {"before"}, AT(before), true},
    {"push", {"after"}, AT(sha), true},
    {"pull_request", {"pull_request", "base", "sha"}, AT(base_sha), true},
    {"pull_request", {"pull_request", "base", "ref"}, AT(base_ref), false},
    {"pull_request", {"pull_request", "head", "sha"}, AT(head_sha), true},
    {"pull_request", {"before"}, AT(before), true},
    {"merge_group", {"merge_group", "base_sha"}, AT(base_sha), true},
    {"merge_group", {"merge_group", "base_ref"}, AT(base_ref), false},
    {"merge_group", {"merge_group", "head_sha"}, AT(head_sha), true},
    {"release", {"release", "tag_name"}, AT(marked_tag), false},
    {"workflow_run", {"workflow_run", "head_sha"}, AT(head_sha), true},
    {"workflow_run", {"workflow_run", "head_branch"}, AT(head_branch), false},
    {"check_suite", {"check_suite", "head_sha"}, AT(head_sha), true},
    {"check_suite", {"check_suite", "head_branch"}, AT(head_branch), false},
    {"check_run", {"check_run", "head_sha"}, AT(head_sha), true},
};

/* Reads the fields of an event of this name. A missing or null value leaves the member
 * unchanged. */
static int read_fields(struct arc_event *event, const char *name, const json_t *root,
                       struct arc_error *err)
{
    arc_each_in (field, fields) {
        const json_t *value = strcmp(field->event, name) == 0 ? root : NULL;
        const char **out = (void *)((char *)event + field->offset);
        const char *why = NULL;
        ARC_AUTO(arc_buf) struct arc_buf path = {0};

        for (const char *const *key = field->path; *key; key++) {
            value = json_object_get(value, *key);
            arc_buf_printf(&path, "%s%s", key == field->path ? "" : ".", *key);
        }

        if (!value || json_is_null(value))
            continue;
        const char *text = json_string_value(value);
        if (!text)
            why = "not a string";
        else if (strlen(text) != json_string_length(value))
            why = "a string with a NUL in it";
        else if (field->sha && !arc_event_is_sha(text))
            why = "not a commit (40 hexadecimal digits)";
        if (why)
            return arc_error_set(err, ARC_EINPUT, "the event file: %s is %s", arc_buf_text(&path),
                                 why);

        *out = arc_arena_text(&event->memory, text);
    }

    return arc_arena_check(&event->memory, err);
}

int arc_event_read_pull(struct arc_event *event, const json_t *root, struct arc_error *err)
{
    const json_t *pull = json_object_get(root, "pull_request");
    const json_t *files = json_object_get(pull, "changed_files");

    event->number = json_integer_value(json_object_get(pull, "number"));
    event->changed_files = json_is_integer(files) ? json_integer_value(files) : -1;
    event->retargeted = json_object_get(json_object_get(root, "changes"), "base");

    return read_fields(event, "pull_request", root, err);
}

static int read_run(struct arc_event *event, const json_t *run, struct arc_error *err)
{
    const char *of = json_string_value(json_object_get(run, "event"));
    const json_t *from = json_object_get(run, "head_repository");
    const char *head = json_string_value(json_object_get(from, "full_name"));
    const json_t *pulls = json_object_get(run, "pull_requests");
    const json_t *base = json_object_get(json_array_get(pulls, 0), "base");

    /* A fork's branch is not one of this repository's, whatever its name; a deleted fork is null. */
    if (json_is_null(from) ||
        (head && event->repository && strcasecmp(head, event->repository) != 0))
        event->head_branch = NULL;

    /* Runs of a push list pull requests too: those open for its branch. */
    if (of && ARC_AMONG(of, "pull_request", "pull_request_target") && json_array_size(pulls) == 1)
        event->base_ref =
            arc_arena_text(&event->memory, json_string_value(json_object_get(base, "ref")));

    return arc_arena_check(&event->memory, err);
}

static int read_payload(struct arc_event *event, const json_t *root, struct arc_error *err)
{
    const json_t *issue = json_object_get(root, "issue");

    ARC_TRY(read_fields(event, "", root, err));
    event->is_public =
        json_is_false(json_object_get(json_object_get(root, "repository"), "private"));
    if (arc_event_is_pull_request(event))
        return arc_event_read_pull(event, root, err);
    ARC_TRY(read_fields(event, event->name, root, err));

    if (strcmp(event->name, "push") == 0) {
        event->deleted = json_is_true(json_object_get(root, "deleted"));
        event->forward = json_is_false(json_object_get(root, "forced"));
    } else if (strcmp(event->name, "issue_comment") == 0) {
        event->on_pull = json_is_object(json_object_get(issue, "pull_request"));
        event->number = json_integer_value(json_object_get(issue, "number"));
    } else if (strcmp(event->name, "release") == 0) {
        event->unreleased = ARC_AMONG(arc_json_text_of(root, "action"), "deleted", "unpublished");
        if (!json_is_true(json_object_get(json_object_get(root, "release"), "prerelease")))
            event->marked_tag = NULL;
    } else if (strcmp(event->name, "workflow_run") == 0) {
        return read_run(event, json_object_get(root, "workflow_run"), err);
    }

    return ARC_OK;
}

const char *arc_event_branch(const struct arc_event *event, const char *revision)
{
    const char *branch = arc_text_after(event->ref, "refs/heads/");

    if (strcmp(event->name, "push") == 0)
        return branch;
    if (strcmp(event->name, "workflow_run") == 0)
        return event->head_sha && strcmp(event->head_sha, revision) == 0 ? event->head_branch
                                                                         : NULL;

    bool by_hand = ARC_AMONG(event->name, "schedule", "workflow_dispatch", "repository_dispatch");
    return by_hand && (!event->sha || strcmp(event->sha, revision) == 0) ? branch : NULL;
}

int arc_event_payload(const char *path, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_EVENT_MAX};
    json_error_t at;

    ARC_TRY(arc_file_read(path, NULL, ARC_EVENT_MAX, &text, err));
    /* A commit's message may hold a NUL. */
    *out = arc_json_load(arc_buf_text(&text), text.len, JSON_ALLOW_NUL, &at);
    ARC_TRY_ALLOC(*out || *at.text, err);
    if (!*out)
        return arc_error_at(err, ARC_EINPUT, path, (unsigned)at.line, (unsigned)at.column,
                            "the event is not JSON: %s", at.text);
    if (!json_is_object(*out))
        return arc_error_at(err, ARC_EINPUT, path, 1, 1, "the event is not a JSON object");

    return ARC_OK;
}

int arc_event_load(const struct arc_env *env, struct arc_event *out, struct arc_error *err)
{
    ARC_AUTO(arc_event) struct arc_event event = {.changed_files = -1};
    const char *path = arc_env_nonempty(env, "GITHUB_EVENT_PATH");
    const char *name = arc_env_nonempty(env, "GITHUB_EVENT_NAME");

    *out = (struct arc_event){.changed_files = -1};
    event.name = arc_arena_text(&event.memory, arc_or(name, "local"));
    event.ref = arc_arena_text(&event.memory, arc_env_nonempty(env, "GITHUB_REF"));
    event.sha = arc_arena_text(&event.memory, arc_env_nonempty(env, "GITHUB_SHA"));
    event.repository = arc_arena_text(&event.memory, arc_env_nonempty(env, "GITHUB_REPOSITORY"));
    ARC_TRY(arc_arena_check(&event.memory, err));
    if (event.sha && !arc_event_is_sha(event.sha))
        return arc_error_set(err, ARC_EINPUT, "GITHUB_SHA: '%.80s' is not a commit", event.sha);

    if (path && strcmp(event.name, "local") != 0) {
        ARC_AUTO_JSON json_t *root = NULL;
        ARC_TRY_PREFIX(arc_event_payload(path, &root, err), err, "GITHUB_EVENT_PATH");
        const char *sha = event.sha;
        ARC_TRY(read_payload(&event, root, err));
        if (sha && event.ref && ARC_STARTS(event.ref, "refs/tags/"))
            event.sha = sha; /* `after` is the annotated tag's object, which a checkout lacks */
    }

    /* The payload of a schedule, which runs on the default branch only, lacks the repository. */
    if (strcmp(event.name, "schedule") == 0 && !event.default_branch)
        event.default_branch = arc_text_after(event.ref, "refs/heads/");

    *out = arc_steal(&event);

    return ARC_OK;
}

void arc_event_free(struct arc_event *event)
{
    arc_arena_free(&event->memory);
    *event = (struct arc_event){0};
}
