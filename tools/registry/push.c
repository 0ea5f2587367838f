#define _GNU_SOURCE /* strcasestr */
/* Whether a login may push, found out before anything is built (distribution spec 1.1, "Pushing
 * blobs"). */
#include "base/auto.h"
#include "registry/call.h"
#include <string.h>

/* What an answer means to who wants to push. */
static const char *find_advice(int status, const char *reason)
{
    bool full = strcasestr(reason, "quota") || strcasestr(reason, "storage limit");
    if (full || status == 413 || status == 507)
        return "there is no room: remove images ('arc-ci prune') or raise the quota";

    switch (status) {
    case 401:
        return "docker has no login here that may push: 'docker login' as somebody who may";
    case 403:
        return "this login may not push: it needs write access (on ghcr.io: packages: write in the "
               "workflow, and the role Write for the repository in the package's settings)";
    case 404:
        return "there is no such repository, and this login may not make one by pushing: make it "
               "first, or correct the name";
    case 405:
        return "it takes no uploads: it is read-only, or a cache of another registry";
    default:
        return NULL;
    }
}

static struct registry_call open_call(const char *image)
{
    return (struct registry_call){
        .method = "POST", .image = image, .kind = "blobs/uploads", .reference = ""};
}

/* The call that drops an opened upload; false where there is nothing to drop. `url` is owned. */
static bool drop_call(const struct arc_registry *registry, const struct registry_call *opened,
                      const struct arc_http_response *answer, char **url, struct registry_call *out)
{
    *url = answer->status == 202
               ? registry_follow(registry, opened, answer, arc_http_header(answer, "location"))
               : NULL;
    *out = *opened;
    out->method = "DELETE";
    out->url = *url;
    return *url != NULL;
}

static void judge_answer(struct arc_registry_push *item, const struct arc_http_response *answer)
{
    ARC_AUTO(arc_buf) struct arc_buf reason = {.max = 4096};
    if (answer->status >= 200 && answer->status <= 299)
        return;
    registry_reason(answer, &reason);
    if (!strstr(arc_buf_text(&answer->body), "\"BLOB_UNKNOWN\"")) /* that answers nothing here */
        item->advice = find_advice(answer->status, arc_buf_text(&reason));
    arc_error_set(&item->problem, ARC_EWORLD, "%s: the registry answers %d%s%s", item->image,
                  answer->status, reason.len ? ": " : "", arc_buf_text(&reason));
}

/* Asks once more about one that was not let through, with tries and a reason. */
static void ask_alone(struct arc_registry *registry, struct arc_registry_push *item)
{
    ARC_AUTO(arc_http_response) struct arc_http_response answer = {0}, dropped = {0};
    ARC_AUTO_FREE char *url = NULL;
    struct registry_call call = open_call(item->image), drop;

    if (registry_send(registry, &call, &answer, &item->problem)) {
        item->advice = answer.status == 401 ? find_advice(401, "") : NULL;
        arc_error_prefix(&item->problem, "%s", item->image);
        return;
    }

    judge_answer(item, &answer);
    if (drop_call(registry, &call, &answer, &url, &drop))
        registry_send(registry, &drop, &dropped, NULL);
}

/* Drops what was opened; a session that cannot be dropped ends by itself. */
static int drop_all(struct arc_registry *registry, const struct registry_call *opened,
                    const struct arc_http_response *answers, size_t count, struct arc_error *err)
{
    struct registry_call *calls = calloc(count + 1, sizeof *calls);
    struct arc_http_response *dropped = calloc(count + 1, sizeof *dropped);
    char **urls = calloc(count + 1, sizeof *urls);
    size_t sent = 0;
    int rc = calls && dropped && urls ? ARC_OK : arc_error_nomem(err);

    for (size_t i = 0; !rc && i < count; i++)
        sent += drop_call(registry, &opened[i], &answers[i], &urls[sent], &calls[sent]);
    if (!rc)
        rc = registry_send_all(registry, calls, dropped, sent, err);

    for (size_t i = 0; i < sent; i++) {
        arc_http_response_free(&dropped[i]);
        free(urls[i]);
    }

    free(calls);
    free(dropped);
    free(urls);

    return rc;
}

int arc_registry_may_push(struct arc_registry *registry, struct arc_registry_push *items,
                          size_t count, struct arc_error *err)
{
    struct registry_call *calls = calloc(count + 1, sizeof *calls);
    struct arc_http_response *answers = calloc(count + 1, sizeof *answers);
    int rc = calls && answers ? ARC_OK : arc_error_nomem(err);

    for (size_t i = 0; !rc && i < count; i++)
        calls[i] = open_call(items[i].image);
    if (!rc)
        rc = registry_send_all(registry, calls, answers, count, err);
    if (!rc)
        rc = drop_all(registry, calls, answers, count, err);
    for (size_t i = 0; !rc && i < count; i++)
        if (answers[i].status < 200 || answers[i].status > 299)
            ask_alone(registry, &items[i]);

    for (size_t i = 0; answers && i < count; i++)
        arc_http_response_free(&answers[i]);
    free(calls);
    free(answers);

    return rc;
}
