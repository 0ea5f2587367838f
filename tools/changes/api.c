#include "arcci/transport.h"
#include "base/json.h"
#include "changes/base.h"
#include "github/github.h"
#include "github/options.h"

/* There is another way, so this one must be quick. */
#define MERGE_BASE_SECONDS 10

static enum arc_status status_of(const char *name)
{
    static const struct {
        const char *name;
        enum arc_status status;
    } known[] = {
        {"added", ARC_STATUS_ADDED},   {"removed", ARC_STATUS_DELETED},
        {"copied", ARC_STATUS_COPIED}, {"changed", ARC_STATUS_TYPE_CHANGED},
        {"renamed", ARC_STATUS_ADDED},
    };
    arc_each_in (row, known)
        if (strcmp(name, row->name) == 0)
            return row->status;

    return ARC_STATUS_MODIFIED;
}

/* Opens GitHub for the event's repository, whose name becomes part of a URL. `seconds`: the longest
 * wait; 0: the usual one. */
static int open_github(const struct arc_env *env, const struct arc_event *event, unsigned seconds,
                       struct arc_transport **out, struct arc_error *err)
{
    const struct arc_github_options options = {
        .env = env, .idle_timeout = seconds, .max_wait = seconds};

    if (arc_repository_name_valid(arc_or(event->repository, "")))
        return arc_transport_github(&options, out, err);
    return arc_error_set(err, ARC_EINPUT,
                         "the event names no repository, so the API cannot be asked");
}

int arc_changes_api(const struct arc_env *env, const struct arc_event *event,
                    int (*each)(void *context, const struct arc_changed_file *file), void *context,
                    struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    ARC_AUTO_JSON json_t *files = NULL;

    ARC_TRY(open_github(env, event, 0, &transport, err));
    ARC_TRY(arc_github_pull_files(transport, event->repository, event->number, event->head_sha,
                                  event->changed_files, &files, err));

    arc_json_each (file, files) {
        const json_t *path = json_object_get(file, "path");
        const json_t *previous = json_object_get(file, "previous");
        const char *status = arc_json_text_of(file, "status");
        const char *old = strcmp(status, "renamed") == 0 ? json_string_value(previous) : NULL;
        const struct arc_changed_file now = {json_string_value(path), json_string_length(path),
                                             status_of(status), old};
        const struct arc_changed_file gone = {old, json_string_length(previous), ARC_STATUS_DELETED,
                                              NULL};
        ARC_TRY(each(context, &now));
        if (old)
            ARC_TRY(each(context, &gone));
    }

    return ARC_OK;
}

int arc_changes_api_comment(const struct arc_env *env, struct arc_event *event,
                            struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};

    ARC_TRY(open_github(env, event, 0, &transport, err));
    ARC_TRY(arc_transport_send(transport, ARC_GET("read the pull request of the comment"), &reply,
                               err, "/repos/%s/pulls/%lld", event->repository,
                               (long long)event->number));
    ARC_AUTO_JSON json_t *root = json_pack("{s:O?}", "pull_request", reply.body);
    return root ? arc_event_read_pull(event, root, err) : arc_error_nomem(err);
}

int arc_changes_api_merge_base(const struct arc_env *env, const struct arc_event *event,
                               const struct arc_oid *a, const struct arc_oid *b,
                               struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};

    ARC_TRY(open_github(env, event, MERGE_BASE_SECONDS, &transport, err));
    ARC_TRY(arc_transport_send(transport, ARC_GET("find the merge base"), &reply, err,
                               "/repos/%s/compare/%s...%s?per_page=1", event->repository, a->hex,
                               b->hex));

    const json_t *commit = json_object_get(reply.body, "merge_base_commit");
    const char *sha = json_string_value(json_object_get(commit, "sha"));
    if (!arc_event_is_sha(sha))
        return arc_error_set(err, ARC_EWORLD, "the API named no merge base");
    *out = arc_oid_of(sha);

    return ARC_OK;
}
