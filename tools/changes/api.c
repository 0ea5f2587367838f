#include "changes/api.h"
#include "arcci/transport.h"
#include "base/auto.h"
#include "github/github.h"
#include <string.h>

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

bool arc_changes_api_possible(const struct arc_env *env)
{
    return arc_github_token(env, NULL) != NULL;
}

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
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].status;
    return ARC_STATUS_MODIFIED;
}

static int match_one(struct arc_match *match, const json_t *file)
{
    const json_t *path = json_object_get(file, "path");
    const json_t *previous = json_object_get(file, "previous");
    const char *status = json_string_value(json_object_get(file, "status"));
    if (match->watched && strcmp(json_string_value(path), match->watched) == 0)
        match->watched_seen = true;
    int rc = arc_match_path(match, json_string_value(path), json_string_length(path),
                            status_of(status ? status : ""));
    if (!rc && json_is_string(previous) && strcmp(status, "renamed") == 0)
        rc = arc_match_path(match, json_string_value(previous), json_string_length(previous),
                            ARC_STATUS_DELETED);
    return rc;
}

/* "owner/name": it becomes part of an address. */
static bool is_repository(const char *name)
{
    size_t owner = strspn(name, WORD), rest;
    if (!owner || name[owner] != '/')
        return false;
    rest = strspn(name + owner + 1, WORD);
    return rest && !name[owner + 1 + rest] && strcmp(name + owner + 1, "..") != 0;
}

int arc_changes_api(const struct arc_env *env, const struct arc_event *event,
                    struct arc_match *match, struct arc_error *err)
{
    const struct arc_github_options options = {.env = env};
    struct arc_transport *transport = NULL;
    ARC_AUTO_JSON json_t *files = NULL;
    size_t i;
    json_t *file;
    if (!event->repository || !is_repository(event->repository))
        return arc_error_set(err, ARC_EINPUT,
                             "the event names no repository, so the API cannot be asked");
    int rc = arc_transport_github(&options, &transport, err);
    if (!rc)
        rc = arc_github_pull_files(transport, event->repository, event->number,
                                   event->changed_files, &files, err);
    json_array_foreach (files, i, file)
        if (!rc && match_one(match, file))
            rc = arc_error_nomem(err);
    arc_transport_free(transport);
    return rc;
}

int arc_changes_api_comment(const struct arc_env *env, struct arc_event *event,
                            struct arc_error *err)
{
    const struct arc_github_options options = {.env = env};
    struct arc_transport *transport = NULL;
    struct arc_reply reply = {0};
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 4096};
    if (!event->repository || !is_repository(event->repository))
        return arc_error_set(err, ARC_EINPUT,
                             "the event names no repository, so the API cannot be asked");
    arc_buf_printf(&path, "/repos/%s/pulls/%lld", event->repository, (long long)event->number);
    ARC_TRY(arc_buf_check(&path, "the address", err));
    ARC_TRY(arc_transport_github(&options, &transport, err));
    const struct arc_request request = {
        .method = "GET", .path = path.data, .why = "read the pull request of the comment"};
    int rc = transport->send(transport, &request, &reply, err);
    ARC_AUTO_JSON json_t *root = rc ? NULL : json_pack("{s:O?}", "pull_request", reply.body);
    if (!rc)
        rc = root ? arc_event_read_pull(event, root, err) : arc_error_nomem(err);
    arc_reply_free(&reply);
    arc_transport_free(transport);
    return rc;
}
